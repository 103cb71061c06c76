"""Build the tiny files for Windows in `pe/` from the sources in `src/`: good ones, and one for each rejected fault.

    python tests/binaries/make_pe.py path/to/ziglang/zig

The program in the `ziglang` wheel contains Clang and LLD. The files are committed, so that tests need no compiler.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES, RESULTS = HERE / "src", HERE / "pe"
TRIPLE = "x86_64-w64-windows-gnu"
# DLLs that are only linked against, with their exports.
STUBS = {
    "kernel32": ("KERNEL32.dll", "ExitProcess", "GetModuleHandleW"),
    "crt": ("api-ms-win-crt-stdio-l1-1-0.dll", "puts"),
    "other": ("other.dll", "stub_function", "delayed"),
    "user32": ("USER32.dll", "stub_function"),
    "ole32": ("ole32.dll", "delayed"),
}
FORWARDED = (
    "Py_Main",
    "PyOS_CheckStack",
)  # by python3.dll; the second has no target, as in all builds except some for 32 bits
HARDENED = ("/dynamicbase", "/nxcompat", "/subsystem:console,10.0", "/timestamp:0", "/nodefaultlib", "/build-id")
FREE = ("-O1", "-ffreestanding", "-fno-builtin", "-fno-ident", "-fno-asynchronous-unwind-tables", "-fno-addrsig", "-c")
DEBUG = ("-gdwarf-4", "-fdebug-compilation-dir=.")
# Other processors: the target, the linker's name for it, and further options.
MACHINES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "aarch64": ("aarch64-w64-windows-gnu", "arm64", ()),
    "i686": ("i686-w64-windows-gnu", "x86", ("/lldmingw", "/safeseh:no")),
}


@dataclass(frozen=True, kw_only=True)
class Module:
    """A shared module, built from one source; by default without faults."""

    name: str
    defines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("crt",)
    compile: tuple[str, ...] = ()


MODULES = (
    Module(name="good.pyd"),
    Module(name="debug.pyd", flags=("/debug:dwarf,symtab", "/lldmingw"), compile=DEBUG),
    Module(name="symbols.pyd", flags=("/debug:symtab",)),
    Module(name="pdb.pyd", flags=("/debug", r"/pdbaltpath:C:\build\_shared.pdb")),
    Module(name="needs-other.pyd", defines=("OTHER",), libraries=("crt", "other")),
    Module(name="needs-user32.pyd", defines=("OTHER",), libraries=("crt", "user32")),
    Module(name="delays-other.pyd", defines=("OTHER",), libraries=("crt", "other"), flags=("/delayload:other.dll",)),
    Module(name="fixed-address.pyd", flags=("/dynamicbase:no",)),
    Module(name="executable-data.pyd", flags=("/nxcompat:no",)),
    Module(name="low-entropy.pyd", flags=("/highentropyva:no",)),
    Module(name="no-relocations.pyd", flags=("/dynamicbase:no", "/fixed")),
    Module(name="newer.pyd", flags=("/subsystem:console,11.0",)),
    Module(name="native.pyd", flags=("/subsystem:native,10.0",)),
    Module(name="timestamp.pyd", flags=("/timestamp:1700000000",)),
    Module(name="hashed.pyd", flags=("/Brepro", "/build-id:no")),
    Module(name="writable-code.pyd", flags=("/section:.text,RWE",)),
    Module(name="shared-data.pyd", flags=("/section:.data,RWS",)),
    Module(name="exports.pyd", defines=("EXPORTS",)),
    Module(name="callback.pyd", defines=("CALLBACK",)),
    Module(name="callbacks.pyd", defines=("CALLBACK", "MORE_CALLBACKS")),
    Module(name="machine-path.pyd", defines=("MACHINE_PATH",)),
    Module(name="no-build-id.pyd", flags=("/build-id:no",)),
)


def main() -> None:
    """Build all files again."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        maker = Maker(Path(sys.argv[1]), Path(scratch))
        for name, (library, *symbols) in STUBS.items():
            maker.stub(name, library, *symbols)
        for name in ("core", "demo", "config", "bundled"):
            maker.compile(_source(name), RESULTS / f"{name}.obj")
        maker.run("lib", "/out:bundled.lib", "bundled.obj", cwd=RESULTS)
        maker.compile(_source("core"), RESULTS / "core-bitcode.obj", "-flto=thin")
        maker.compile(_source("core"), RESULTS / "core-fat.obj", "-flto=thin", "-ffat-lto-objects")
        maker.compile(_source("core"), RESULTS / "core-profiled.obj", "-DPROFILED", "-ffunction-sections")
        maker.compile(_source("objects"), RESULTS / "objects.obj", "-ffunction-sections", *DEBUG)
        maker.interpreter()
        for module in MODULES:
            maker.module(module)
        for name, (triple, machine, flags) in MACHINES.items():
            maker.other(name, triple, machine, flags)
    for path in RESULTS.rglob("*"):
        if path.suffix == ".pdb" or (path.suffix == ".lib" and path.stem not in ("bundled", "python313")):
            path.unlink()


def _source(name: str) -> Path:
    """Return the source of that name; if there are two, the one for Windows."""
    own = SOURCES / "pe" / f"{name}.c"
    return own if own.exists() else SOURCES / f"{name}.c"


class Maker:
    """Runs Clang, LLD and llvm-lib."""

    def __init__(self, zig: Path, scratch: Path) -> None:
        self.zig, self.scratch = zig, scratch

    def run(self, *words: str, cwd: Path) -> None:
        environment = {"ZIG_GLOBAL_CACHE_DIR": str(self.scratch / "cache"), "HOME": str(self.scratch)}
        subprocess.run([self.zig, *words], check=True, cwd=cwd, env=environment)

    def compile(self, source: Path, result: Path, *flags: str, triple: str = TRIPLE) -> None:
        self.run("clang", f"--target={triple}", *FREE, *flags, "-o", str(result), source.name, cwd=source.parent)

    def link(self, result: Path, *words: str, machine: str = "x64") -> None:
        self.run("lld-link", *HARDENED, f"/machine:{machine}", f"/out:{result}", *words, cwd=self.scratch)

    def link_as(self, name: str, result: Path, *words: str, machine: str = "x64") -> None:
        """Link a file whose internal name differs from its file name."""
        self.link(self.scratch / name, *words, machine=machine)
        (self.scratch / name).replace(result)

    def stub(self, name: str, library: str, *symbols: str, machine: str = "x64", prefix: str = "") -> None:
        """Build an import library."""
        definition = self.scratch / f"{prefix}{name}.def"
        definition.write_text("\n".join([f"LIBRARY {library}", "EXPORTS", *symbols, ""]), encoding="ascii")
        self.run("lib", f"/def:{definition}", f"/machine:{machine}", f"/out:{prefix}{name}.lib", cwd=self.scratch)

    def interpreter(self) -> None:
        """Build python.exe, pythonw.exe, python313.dll with its import library, and python3.dll."""
        objects = [str(RESULTS / f"{name}.obj") for name in ("core", "demo", "config")]
        parts = (*objects, str(RESULTS / "bundled.lib"), "crt.lib", "kernel32.lib", "/dll", "/noentry")
        self.link(RESULTS / "python313.dll", *parts, f"/implib:{RESULTS / 'python313.lib'}")
        for name, target in (("python3.dll", "python313"), ("python3-other.dll", "python312")):
            definition = self.scratch / "python3.def"
            names = "\n".join(f"{name} = {target}.{name}" for name in FORWARDED)
            definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{names}\n", encoding="ascii")
            words = (str(RESULTS / "bundled.obj"), "/dll", "/noentry", f"/def:{definition}", "/noimplib")
            self.link_as("python3.dll", RESULTS / name, *words)
        self.compile(_source("start"), self.scratch / "start.obj")
        program = ("start.obj", str(RESULTS / "python313.lib"), "kernel32.lib", "/entry:start")
        self.link(RESULTS / "python-no-manifest.exe", *program)
        words = ("/:no-preprocess", "/fo", str(self.scratch / "program.res"), "program.rc")
        self.run("rc", *words, cwd=SOURCES / "pe")
        self.link(RESULTS / "python.exe", *program, "program.res")
        self.link(RESULTS / "pythonw.exe", *program, "program.res", "/subsystem:windows,10.0")

    def module(self, module: Module) -> None:
        compiled = self.scratch / "module.obj"
        defines = (f"-D{name}" for name in module.defines)
        self.compile(_source("module"), compiled, *defines, *module.compile)
        libraries = (*(f"{name}.lib" for name in module.libraries), str(RESULTS / "python313.lib"))
        helper = self._helper() if any(flag.startswith("/delayload") for flag in module.flags) else ()
        words = (str(compiled), *libraries, *helper, "/dll", "/noentry", "/noimplib", *module.flags)
        self.link_as("_shared.cp313-win_amd64.pyd", RESULTS / module.name, *words)

    def _helper(self) -> tuple[str, ...]:
        """Build a stand-in for the helper function of delayed loading."""
        source = self.scratch / "helper.c"
        source.write_text("void *__delayLoadHelper2(void *a, void *b) { return a ? a : b; }\n", encoding="ascii")
        self.compile(source, self.scratch / "helper.obj")
        return ("helper.obj",)

    def other(self, name: str, triple: str, machine: str, flags: tuple[str, ...]) -> None:
        """Build an object, an import library and a module for another processor."""
        place = RESULTS / "architectures"
        place.mkdir(exist_ok=True)
        self.stub("crt", *STUBS["crt"], machine=machine, prefix=f"{name}-")
        self.stub("python313", "python313.dll", "Py_Main", machine=machine, prefix=f"{name}-")
        self.compile(_source("module"), place / f"module-{name}.obj", "-DEXPORTS", *DEBUG, triple=triple)
        libraries = (f"{name}-crt.lib", f"{name}-python313.lib")
        words = (str(place / f"module-{name}.obj"), *libraries, "/dll", "/noentry", "/noimplib", "/debug:dwarf,symtab")
        self.link_as("_shared.pyd", place / f"{name}.pyd", *words, *flags, machine=machine)


if __name__ == "__main__":
    main()
