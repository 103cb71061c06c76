"""An extension module that Clang compiles for both ABIs, against `Include` and `libs` of a distribution for Windows.

It is imported in Wine. Microsoft's headers are not available: for the target with its ABI, mingw-w64's headers are
adapted (`projects/windows_extension/msvc.h`).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_toolchain import newest
from windows_tree import Tree, windows_path

from setup_local.catalog.targets import load_targets
from setup_local.catalog.windows import load_windows

PROJECT = Path(__file__).parent / "projects" / "windows_extension"
FLAGS = {
    "gnu": [],
    "msvc": ["-fms-extensions", "-fms-compatibility-version=19.40", "-include", str(PROJECT / "msvc.h")],
}


class Maker:
    """The compiler and the libraries that it links, from the store."""

    def __init__(self, triple: str) -> None:
        (arch,) = {target.arch.name for target in load_targets() if target.triple == triple}
        self._port = load_windows().ports[arch]
        self._targets = {"gnu": self._port.target, "msvc": triple}
        compilers, self._sysroot = newest("toolchain-zig-x86_64"), newest(f"sysroot-{arch}-windows")
        self._program = compilers / "libexec" / "ziglang" / "zig"
        (self._resources,) = compilers.glob("lib/clang/*")

    def module(self, kind: str, install: Path, place: Path) -> None:
        """Compile and link the module into a directory."""
        place.mkdir()
        words: list[str | Path] = [
            f"--target={self._targets[kind]}",
            "-nostdlibinc",
            "-resource-dir",
            self._resources,
            "-isystem",
            self._sysroot / "include",
            "-D_UCRT",
        ]
        words += [f"-I{install / 'Include'}", "-O2", "-c", PROJECT / "hello.c", "-o", place / "hello.o"]
        self._run("clang", *FLAGS[kind], *words)
        self._run(
            "lld-link",
            "/nologo",
            "/dll",
            *self._port.ldflags,
            f"/out:{place / 'hello.pyd'}",
            *self._link(kind, install, place),
        )

    def _link(self, kind: str, install: Path, place: Path) -> list[str | Path]:
        if kind == "msvc":  # CPython's header tells the linker which library it needs
            return ["/noentry", place / "hello.o", f"/libpath:{install / 'libs'}"]
        libraries = self._sysroot / "lib"
        own: list[str | Path] = [
            libraries / "libmingw.a",
            libraries / "libclang_rt.builtins.a",
            *libraries.glob("libapi-ms-win-crt-*.a"),
        ]
        start: list[str | Path] = ["/lldmingw", f"/entry:{self._port.dll_entry}", libraries / "dllcrt2.o"]
        return [*start, place / "hello.o", *install.glob("libs/python3?*.lib"), *own, libraries / "libkernel32.a"]

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run([self._program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", sorted(FLAGS))
def test_an_extension_is_compiled_and_imported(kind: str, tree: Tree, workshop: Path) -> None:
    place = workshop / f"extension-{kind}"
    Maker(tree.description["target_triple"]).module(kind, tree.root / "install", place)
    code = f"import sys; sys.path.insert(0, {windows_path(place)!r}); import hello; print(hello.add(2**40, 3))"
    assert tree.run(["-c", code]).strip() == str(2**40 + 3)
