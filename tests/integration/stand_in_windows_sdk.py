"""A stand-in for Microsoft's SDK, so that `build-windows.py --sdk` can be executed.

`python tests/integration/stand_in_windows_sdk.py WINE DIR` fills DIR with the layout of xwin. The headers are those of Wine
(Debian's package libwine-dev, below the directory WINE of `scripts/install-wine`), which are written independently for
Microsoft's compiler, with corrections; mingw-w64's only where Wine has none. Libraries of DLLs are those of ordinary builds under
Microsoft's names, the static ones are compiled from `windows_sdk/`. It has Microsoft's ABI, but nothing of Microsoft's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from stand_in import build_toolkit

from setup_local.catalog.catalogs import load_catalogs

HERE = Path(__file__).resolve().parent / "windows_sdk"
TRIPLE = "x86_64-pc-windows-msvc"
VERSION = ("14", "40", "33807")
_WINE_HEADERS = "root/usr/include/wine/wine"
_UCRT = "api-ms-win-crt-*"
_COMPILER_SUPPORT = "api-ms-win-crt-private-l1-1-0"  # memcpy, exceptions, setjmp: static in Microsoft's SDK
_OTHER_NAMES = {"pathcch": "api-ms-win-core-path-l1-1-0"}
_IDENTIFIERS = ("uuid", "wbemuuid")


def make(wine: Path, root: Path) -> Path:
    """Create the stand-in in a new directory and return it. Ends the program if Wine's headers are missing."""
    if not (wine / _WINE_HEADERS).is_dir():
        sys.exit(f"{wine} has no headers: remove it and run scripts/install-wine {wine}")
    catalogs = load_catalogs()
    compilers, sysroot, _ = build_toolkit(catalogs, TRIPLE, root)
    zig = compilers / "libexec" / "ziglang" / "zig"
    machine = TRIPLE.partition("-")[0]
    crt, ucrt, um = (root / place / machine for place in ("crt/lib", "sdk/lib/ucrt", "sdk/lib/um"))
    _place_headers(wine / _WINE_HEADERS, sysroot / "include", root)
    for directory in (crt, ucrt, um):
        directory.mkdir(parents=True)
    libraries = {path.stem.removeprefix("lib"): path for path in (sysroot / "lib").glob("lib*.a")}
    parts = sorted(path for name, path in libraries.items() if Path(name).match(_UCRT) and name != _COMPILER_SUPPORT)
    _merge(zig, parts, ucrt / "ucrt.lib")
    shutil.copyfile(libraries[_COMPILER_SUPPORT], crt / "libvcruntime.lib")
    _merge(zig, [], crt / "oldnames.lib")  # the import libraries have these names, too
    _compile(zig, sysroot, root, crt / "libcmt.lib")
    for name in catalogs.windows_sdk.imports.system + catalogs.windows_sdk.imports.runtime:
        source = libraries.get(_OTHER_NAMES.get(name, name))
        if source is not None:
            shutil.copyfile(source, um / f"{name}.lib")
    for name in _IDENTIFIERS:
        _extract(zig, libraries["mingw"], root / "objects", um / f"{name}.lib")
    return root


def _place_headers(wine: Path, mingw: Path, root: Path) -> None:
    """Place Wine's headers and, for those that it lacks, mingw-w64's; then correct them."""
    include = root / "sdk" / "include"
    shutil.copytree(wine / "msvcrt", include / "ucrt")
    shutil.copytree(wine / "windows", include / "um")
    (include / "shared").mkdir()
    corrections = tomllib.loads((HERE / "corrections.toml").read_text(encoding="utf-8"))
    for name in corrections.pop("from-mingw"):
        (include / "um" / name).unlink(missing_ok=True)
        shutil.copyfile(mingw / name, include / "shared" / name)
    (root / "crt" / "include").mkdir(parents=True)
    names = ("MAJOR", "MINOR", "BUILD")
    version = "".join(f"#define _VC_CRT_{name}_VERSION {number}\n" for name, number in zip(names, VERSION, strict=True))
    (root / "crt" / "include" / "crtversion.h").write_text(version, encoding="ascii")
    (root / "crt" / "include" / "vcruntime.h").write_text("#include <corecrt.h>\n", encoding="ascii")
    for name, texts in corrections.items():
        header = (include / name).read_text("latin-1") if (include / name).exists() else ""
        (include / name).write_text(_corrected(header, name, **texts), "latin-1")


def _corrected(header: str, name: str, before: str = "", after: str = "") -> str:
    """Return a header with texts around it, the latter of which counts only once, and also in C++."""
    mark = re.sub(r"\W", "_", f"CORRECTED_{name.upper()}")
    if after and "#undef" not in after:
        once = f"#ifndef {mark}\n#define {mark}\n"
        after = f'{once}#ifdef __cplusplus\nextern "C" {{\n#endif\n{after}#ifdef __cplusplus\n}}\n#endif\n#endif\n'
    return before + header + after


def _compile(zig: Path, sysroot: Path, root: Path, library: Path) -> None:
    """Compile the start functions, and what compiled code refers to."""
    place = root / "objects"
    place.mkdir()
    include = [f"-idirafter{root / 'sdk/include' / name}" for name in ("ucrt", "um", "shared")]
    flags = [
        f"--target={TRIPLE}",
        f"-fms-compatibility-version=19.{VERSION[1]}",
        "-nostdlibinc",
        *include,
        "-O2",
        "-w",
        "-D_MT",
        "-mno-incremental-linker-compatible",
    ]
    objects = []
    for source in sorted(HERE.glob("*.c")):
        objects.append(place / f"{source.stem}.obj")
        subprocess.run([zig, "clang", *flags, "-c", source, "-o", objects[-1]], check=True)
    builtins = _members(zig, sysroot / "lib" / "libclang_rt.builtins.a", place, "chkstk")
    _merge(zig, [*objects, *builtins], library)


def _members(zig: Path, archive: Path, place: Path, part: str) -> list[Path]:
    """Extract the members of an archive whose names contain a text."""
    listed = subprocess.run([zig, "ar", "t", archive], check=True, capture_output=True, text=True).stdout.split()
    names = [name for name in listed if part in name]
    subprocess.run([zig, "ar", "x", archive, *names], cwd=place, check=True)
    return [place / name for name in names]


def _extract(zig: Path, archive: Path, place: Path, library: Path) -> None:
    _merge(zig, _members(zig, archive, place, "uuid"), library)


def _merge(zig: Path, files: Iterable[Path], library: Path) -> None:
    """Make a static library of objects, and of the contents of libraries."""
    subprocess.run([zig, "ar", "qcLsD", library, *files], check=True)


if __name__ == "__main__":
    sys.stdout.write(f"{make(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())}\n")
