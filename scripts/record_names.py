"""Record the names in the standard modules of a distribution's own Python: the reference for ours.

Run with only Python; it unpacks the given packages of one release of Debian into a scratch directory
and starts their interpreter with their own loader:

    scripts/record_names.py DIRECTORY_OF_DEBS > tests/data/debian-python3.13-names.json

The directory contains python3.13-minimal, libpython3.13-minimal, libpython3.13-stdlib, libc6, zlib1g, libexpat1,
libssl3t64, libffi8 and libsqlite3-0 as .deb files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("os", "socket", "select", "signal", "time", "fcntl", "resource", "mmap", "ssl", "sqlite3", "termios")
PROBE = """
import importlib, json, platform, sys
names = {name: sorted(dir(importlib.import_module(name))) for name in sys.argv[1:]}
print(json.dumps({"python": platform.python_version(), "libc": platform.libc_ver()[1], "modules": names}, indent=1))
"""


def main(directory: Path) -> int:
    """Print the names as JSON; return the status of the interpreter."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for package in sorted(directory.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(package), scratch], check=True)  # noqa: S607 -- Debian's own tool
        libraries = root / "usr" / "lib" / "x86_64-linux-gnu"
        loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)]
        interpreter = [str(next(root.glob("usr/bin/python3.*[0-9]"))), "-I", "-S", "-c", PROBE, *MODULES]
        return subprocess.run([*loader, *interpreter], check=False, env={"PYTHONHOME": str(root / "usr")}).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
