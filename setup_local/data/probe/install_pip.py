"""Installs what ensurepip bundles into another installation: `install_pip.py ROOT PREFIX`.

ensurepip itself installs for the interpreter that runs it; this one is the build Python, and the installation below ROOT is for
another processor. pip is asked as ensurepip asks it.
"""  # noqa: INP001 -- a program, no module of this package

import ensurepip
import os
import sys
from pathlib import Path


def main() -> None:
    """Install all bundled wheels with the pip among them."""
    root, prefix = sys.argv[1:]
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    wheels = sorted(bundled.glob("*.whl"))
    sys.path[:0] = map(str, wheels)
    os.environ["ENSUREPIP_OPTIONS"] = "install"  # no program without a version in its name, as from `make install`
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    from pip._internal.cli.main import main as pip  # noqa: PLC0415 -- it is in a wheel that was found just now

    places = ["--root", root, "--prefix", prefix, "--find-links", str(bundled)]
    names = [wheel.name.partition("-")[0] for wheel in wheels]
    sys.exit(pip(["install", "--no-cache-dir", "--no-index", "--ignore-installed", "--no-compile", *places, *names]))


if __name__ == "__main__":
    main()
