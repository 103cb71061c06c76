"""Compare the layouts of Python's structures in our builds for Windows with those of Microsoft's compiler.

    python scripts/check_windows_abi.py path/to/ziglang path/to/Python-3.13.5 [x86_64]

The first directory contains Clang and mingw-w64's headers, the second CPython's source with the edits of
`data/patches`. `windows_abi.c` is parsed twice without compiling: for our target with the flags of our builds, and for
the target whose layout, bit fields, enumerations and plain types are those of Microsoft's compiler. Size, alignment and
every offset of all structures are compared. Differences are printed; those that `windows_abi.toml` does not list, and
listed ones that do not occur, are errors.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "setup_local" / "data" / "windows.toml"
COMMON = ("-nostdinc", "-std=gnu11", "-fms-extensions", "-w", "-fsyntax-only", "-DPy_ENABLE_SHARED")
DUMP = ("-Xclang", "-fdump-record-layouts-complete")
_RECORD = re.compile(r"^ +0 \| (?P<name>(?:struct|union|class|enum) .+)$", re.MULTILINE)
_FRONT = "*** Dumping AST Record Layout\n"


def main() -> None:
    """Compare, print and exit with 1 if anything is not as expected."""
    compiler, source = map(Path, sys.argv[1:3])
    arch = sys.argv[3] if sys.argv[3:] else "x86_64"
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copyfile(source / "PC" / "pyconfig.h.in", Path(scratch, "pyconfig.h"))
        common = (*COMMON, *_includes(compiler, source, Path(scratch)))
        ours = _parse(compiler, f"{arch}-windows-gnu", *common, *_flags(arch))
        official = _parse(
            compiler, f"{arch}-pc-windows-msvc", *common, "-DOFFICIAL", "-D_UCRT", "-D_WIN32_WINNT=0x0A00"
        )
    found = differences(records(ours), records(official))
    listed = tomllib.loads((HERE / "windows_abi.toml").read_text(encoding="utf-8"))["difference"]
    known = {item["record"] for item in listed}
    for name, (own, other) in found.items():
        sys.stdout.write(f"{name}{' (known)' if name in known else ''}\n  here:\n{own}\n  official:\n{other}\n")
    for name in known - found.keys():
        sys.stdout.write(f"{name}: listed in windows_abi.toml, but does not differ\n")
    sys.stdout.write(
        f"{len(records(ours).keys() & records(official).keys())} structures compared, {len(found)} differ\n"
    )
    raise SystemExit(known != found.keys())


def _includes(compiler: Path, source: Path, scratch: Path) -> tuple[str, ...]:
    library = compiler / "lib"
    system = (library / "include", library / "libc" / "include" / "any-windows-any")
    own = (scratch, source / "Include")
    return (*(word for path in system for word in ("-isystem", str(path))), *(f"-I{path}" for path in own))


def _flags(arch: str) -> tuple[str, ...]:
    """Return the flags of our builds for a processor."""
    document = tomllib.loads(DATA.read_text(encoding="utf-8"))
    port = document["ports"].get(arch, {}).get("cflags", ())
    return (*document["compiler"]["cflags"], *document["code"]["cflags"], *port)


def _parse(compiler: Path, target: str, *flags: str) -> str:
    """Return the layouts in Clang's output; it must parse the whole file without errors."""
    words = ("clang", f"--target={target}", *flags, *DUMP, str(HERE / "windows_abi.c"))
    return subprocess.run([compiler / "zig", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def records(dump: str) -> dict[str, str]:
    """Return the layout of each structure in Clang's output, by its name."""
    parts = (part.strip("\n") for part in dump.split(_FRONT) if part.strip())
    return {match["name"].strip(): part for part in parts if (match := _RECORD.search(part))}


def differences(ours: dict[str, str], official: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return the structures that both have, of Python or of the test, whose layouts differ."""
    both = (name for name in ours if name in official)
    return {name: (ours[name], official[name]) for name in both if ours[name] != official[name]}


if __name__ == "__main__":
    main()
