"""The toolchain of a build for Windows, with which tests compile DLLs for Wine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from test_toolchain import newest

from setup_local.catalog.targets import load_targets
from setup_local.catalog.windows import load_windows

MSVC_HEADER = Path(__file__).parent / "projects" / "windows_extension" / "msvc.h"
FLAGS = {
    "gnu": [],
    "msvc": ["-fms-extensions", "-fms-compatibility-version=19.40", "-include", str(MSVC_HEADER)],
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

    def module(self, source: Path, kind: str, install: Path, output: Path) -> None:
        """Compile an extension module for one of the ABIs and link it against a distribution."""
        self._compile(source, kind, output, f"-I{install / 'Include'}")
        if kind == "msvc":  # CPython's header tells the linker which library it needs
            self._link(output, "/noentry", f"/libpath:{install / 'libs'}")
        else:
            self._link(output, *self._start(), *install.glob("libs/python3[0-9]*.lib"), *self._runtime())

    def library(self, source: Path, output: Path) -> None:
        """Compile a DLL that needs only the C runtime."""
        self._compile(source, "gnu", output)
        self._link(output, *self._start(), *self._runtime())

    def _compile(self, source: Path, kind: str, output: Path, *words: str) -> None:
        output.parent.mkdir(exist_ok=True)
        headers = [f"--target={self._targets[kind]}", "-nostdlibinc", "-resource-dir", self._resources]
        if kind == "msvc":  # mingw-w64's <intrin.h> is not for this ABI
            headers += ["-isystem", self._resources / "include"]
        headers += ["-isystem", self._sysroot / "include", "-D_UCRT", *words]
        self._run("clang", *FLAGS[kind], *headers, "-O2", "-c", source, "-o", output.with_suffix(".o"))

    def _link(self, output: Path, *words: str | Path) -> None:
        self._run(
            "lld-link", "/nologo", "/dll", *self._port.ldflags, f"/out:{output}", output.with_suffix(".o"), *words
        )

    def _start(self) -> list[str | Path]:
        return ["/lldmingw", f"/entry:{self._port.dll_entry}", self._sysroot / "lib" / "dllcrt2.o"]

    def _runtime(self) -> list[Path]:
        libraries = self._sysroot / "lib"
        own = [libraries / f"lib{name}.a" for name in ("mingw", "clang_rt.builtins", "kernel32")]
        return [*own, *libraries.glob("libapi-ms-win-crt-*.a")]

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run([self._program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
