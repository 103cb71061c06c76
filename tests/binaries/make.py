"""Build the tiny ELF files in `elf/` from the sources in `src/`: good ones, and one for each fault that audits reject.

    python tests/binaries/make.py path/to/ziglang/zig

The program in the `ziglang` wheel contains Clang, LLD and ar. The files are committed, so that tests need no compiler.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES, RESULTS = HERE / "src", HERE / "elf"
LOADER = "/lib64/ld-linux-x86-64.so.2"
MUSL_LOADER = "/lib/ld-musl-x86_64.so.1"
LIBPYTHON = "libpython3.13.so.1.0"
PRIVATE = ("-soname", "libx-setup_local-1.so")
HARDENED = ("-z", "relro", "-z", "now", "-z", "noexecstack")


@dataclass(frozen=True, kw_only=True)
class Module:
    """A shared module, built from one source; by default without faults."""

    name: str
    source: str = "module.c"
    defines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    hardening: tuple[str, ...] = HARDENED
    libraries: tuple[str, ...] = ("c",)
    debug: bool = False
    map: str = ""


MODULES = (
    Module(name="good.so", debug=True),
    Module(name="no-debug.so"),
    Module(name="no-build-id.so", flags=("--build-id=none",)),
    Module(name="origin.so", flags=("-rpath", "$ORIGIN/../lib")),
    Module(name="local-error.so", defines=("LOCAL_ERROR",)),
    Module(name="needs-crypt.so", libraries=("c", "crypt"), flags=("--no-as-needed",)),
    Module(name="needs-nsl.so", libraries=("c", "nsl"), flags=("--no-as-needed",)),
    Module(name="needs-other.so", libraries=("c", "other"), flags=("--no-as-needed",)),
    Module(name="own-libs.so", libraries=("c", "other"), flags=("--no-as-needed", "-rpath", "$ORIGIN/../own.libs")),
    Module(name="needs-libpython.so", libraries=("c", "python"), flags=("--no-as-needed",)),
    Module(name="libx-setup_local-1.so", defines=("EXPORTS",), flags=PRIVATE, map="SETUP_LOCAL_1 { *; };"),
    Module(name="no-versions.so", defines=("EXPORTS",), flags=PRIVATE),
    Module(name="out-of-tree.so", flags=("-rpath", "$ORIGIN/../../../../..")),
    Module(name="newer.so", defines=("NEWER",)),
    Module(name="rpath.so", flags=("-rpath", "/opt/lib")),
    Module(name="old-rpath.so", flags=("-rpath", "/opt/lib", "--disable-new-dtags")),
    Module(name="stack.so", hardening=("-z", "relro", "-z", "now", "-z", "execstack")),
    Module(name="no-stack.so", hardening=("-z", "relro", "-z", "now", "-z", "nognustack")),
    Module(name="no-relro.so", hardening=("-z", "norelro", "-z", "now")),
    Module(name="small-pages.so", flags=("-z", "max-page-size=2048", "-z", "common-page-size=2048")),
    Module(name="lazy.so", hardening=("-z", "relro", "-z", "lazy")),
    Module(name="text-relocation.so", source="text_relocation.S", flags=("-z", "notext")),
    Module(name="writable-code.so", source="writable_code.S"),
    Module(name="exports.so", defines=("EXPORTS",)),
    Module(name="exports-tcl.so", defines=("EXPORTS_TCL",)),
    Module(name="memcpy.so", defines=("MEMCPY",)),
    Module(name="local-memcpy.so", defines=("LOCAL_MEMCPY",)),
    Module(name="machine-path.so", defines=("MACHINE_PATH",)),
    Module(name="no-init.so", defines=("NO_INIT",)),
    Module(name="musl.so", libraries=("musl",)),
    Module(name="musl-memcpy.so", defines=("MEMCPY",), libraries=("musl",)),
)
# Interpreters with signs of optimization: all of them; all but one; with counters; two as BOLT leaves them (the loop
# moved, and the loop left in place); and one that requires a newer processor.
OPTIMIZED = {
    "python-optimized": ("-DHOT", "-DNAMED"),
    "python-not-profiled": ("-DNAMED",),
    "python-no-lto": ("-DHOT",),
    "python-counting": ("-DHOT", "-DNAMED", "-DCOUNTING"),
    "python-laid-out": ("-DMOVED", "-DNAMED"),
    "python-not-laid-out": ("-DMOVED", "-DSTAYS", "-DNAMED"),
    "python-v3": ("-DLEVEL=4",),
}
FRAMES = ("-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer")
FRAMELESS = ("-fomit-frame-pointer", "-momit-leaf-frame-pointer")
# Other processors: 32-bit, big-endian, and other differences. Each has a module with everything that is read from one,
# and a program.
ARCHITECTURES = {
    "i386": ("i386-linux-gnu", "/lib/ld-linux.so.2"),
    "armhf": ("arm-linux-gnueabihf", "/lib/ld-linux-armhf.so.3"),
    "aarch64": ("aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1"),
    "mips": ("mips-linux-gnu", "/lib/ld.so.1"),
    "mips64el": ("mips64el-linux-gnuabi64", "/lib64/ld.so.1"),
    "ppc64le": ("powerpc64le-linux-gnu", "/lib64/ld64.so.2"),
    "riscv64": ("riscv64-linux-gnu", "/lib/ld-linux-riscv64-lp64d.so.1"),
    "s390x": ("s390x-linux-gnu", "/lib/ld64.so.1"),
}
DEBUG = ("-gdwarf-4", "-fdebug-compilation-dir=.", "-faddrsig")
OBJECTS = ("core", "demo", "config", "config_more", "config_less", "bundled", "memcpy")


def main() -> None:
    """Build all files again."""
    zig = Path(sys.argv[1])
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        maker = Maker(zig, Path(scratch))
        maker.stubs()
        for name in OBJECTS:
            maker.compile(SOURCES / f"{name}.c", RESULTS / f"{name}.o", "-DNO_FORTIFIED")
        maker.libraries()
        maker.program("python-frameless", LOADER, *FRAMELESS)
        for name in ("STACK_CHECK", "FORTIFIED"):
            maker.program(f"python-no-{name.lower().replace('_', '-')}", LOADER, f"-DNO_{name}")
        maker.program("python", LOADER)
        maker.program("python-other-loader", "/lib/ld-other.so.1")
        maker.program("python-musl", MUSL_LOADER, library="musl")
        maker.static_program("python-static")
        for name in ("SEPARATE", "JOINED"):
            maker.copying_program(f"python-{name.lower()}-environ", f"-D{name}")
        for name in ("strlen", "gettid", "__tls_get_addr"):
            maker.compile(SOURCES / "wanting.c", RESULTS / f"wanting-{name}.o", f"-DWANTED={name}")
        for name in ("core", "demo"):
            maker.compile(SOURCES / f"{name}.c", RESULTS / f"{name}-fat.o", "-flto=thin", "-ffat-lto-objects")
        maker.compile(SOURCES / "core.c", RESULTS / "core-profiled.o", "-DHOT")
        maker.run("ar", "rcsD", "libfat.a", "core-fat.o", "demo-fat.o", cwd=RESULTS)
        maker.shared()
        for name, words in OPTIMIZED.items():
            maker.program(name, LOADER, *words)
        for module in MODULES:
            maker.module(module)
        maker.other_machine()
        for name, (target, loader) in ARCHITECTURES.items():
            maker.architecture(name, target, loader)


class Maker:
    """Runs Clang, LLD and ar."""

    def __init__(self, zig: Path, scratch: Path) -> None:
        self.zig, self.scratch = zig, scratch

    def run(self, *words: str, cwd: Path) -> None:
        environment = {"ZIG_GLOBAL_CACHE_DIR": str(self.scratch / "cache"), "HOME": str(self.scratch)}
        subprocess.run([self.zig, *words], check=True, cwd=cwd, env=environment)

    def compile(
        self, source: Path, result: Path, *flags: str, target: str = "x86_64-linux-gnu", debug: bool = False
    ) -> None:
        self.run(
            "clang",
            f"--target={target}",
            *("-O1", "-fPIC", "-ffreestanding", "-fno-builtin", "-fvisibility=hidden", "-fno-ident", "-c"),
            *("-fno-asynchronous-unwind-tables", "-fno-addrsig", *FRAMES),
            *(DEBUG if debug else ()),
            *flags,
            *("-o", str(result), source.name),
            cwd=source.parent,
        )

    def link(self, result: Path, *words: str) -> None:
        common = ("-z", "max-page-size=4096", "-z", "noseparate-code", "--hash-style=sysv", "--build-id=sha1")
        self.run("ld.lld", *common, "-L", str(self.scratch), *words, "-o", str(result), cwd=self.scratch)

    def stubs(self) -> None:
        """Build stand-ins for the shared libraries; they are only linked against."""
        versions = self.scratch / "libc.map"
        versions.write_text(
            "GLIBC_2.2.5 { puts; __printf_chk; __stack_chk_fail; }; GLIBC_2.30 { gettid; };\n", encoding="ascii"
        )
        for name, soname in (
            ("c", "libc.so.6"),
            ("crypt", "libcrypt.so.1"),
            ("nsl", "libnsl.so.1"),
            ("other", "libother.so.1"),
            ("python", LIBPYTHON),
        ):
            stub = self.scratch / f"{name}.o"
            self.compile(SOURCES / "stub.c", stub, f"-DSTUB_{name.upper()}")
            script = ("--version-script", str(versions)) if name == "c" else ()
            self.link(self.scratch / f"lib{name}.so", "-shared", "-soname", soname, *script, str(stub))
        self.link(self.scratch / "libmusl.so", "-shared", "-soname", "libc.so", "c.o")

    def program(self, name: str, loader: str, *optimized: str, library: str = "c") -> None:
        sources = ("start", "core", "demo", "config", *(("optimized",) if optimized else ()))
        for item in sources:
            self.compile(SOURCES / f"{item}.c", self.scratch / f"{item}.o", *optimized, debug=True)
        objects = [f"{item}.o" for item in sources]
        self.link(
            RESULTS / name,
            *(("-z", "keep-text-section-prefix") if optimized else ()),
            *("-pie", "--dynamic-linker", loader, "--export-dynamic", "--exclude-libs", "ALL", *HARDENED),
            *(*objects, str(RESULTS / "libbundled.a"), f"-l{library}"),
        )

    def copying_program(self, name: str, variables: str) -> None:
        """Link the objects of the last `program` call with one that refers directly to a variable of the C library."""
        self.compile(SOURCES / "stub.c", self.scratch / "variables.o", "-DSTUB_C", variables)
        versions = self.scratch / "variables.map"
        versions.write_text("GLIBC_2.2.5 { *; };\n", encoding="ascii")
        words = ("-soname", "libc.so.6", "--version-script", versions.name)
        self.link(self.scratch / "libvariables.so", "-shared", *words, "variables.o")
        self.compile(SOURCES / "environ.c", self.scratch / "environ.o", "-fPIE", "-fdirect-access-external-data")
        objects = ("start.o", "core.o", "demo.o", "config.o", "environ.o", str(RESULTS / "libbundled.a"))
        self.link(
            RESULTS / name, "-pie", "--dynamic-linker", LOADER, "--export-dynamic", *HARDENED, *objects, "-lvariables"
        )

    def static_program(self, name: str) -> None:
        """Link the objects of the last `program` call statically."""
        objects = ("start.o", "core.o", "demo.o", "config.o", "c.o")
        self.link(RESULTS / name, "-static", *HARDENED, *objects, str(RESULTS / "libbundled.a"))

    def libraries(self) -> None:
        """Build static libraries from existing objects, and from one that is compiled in several ways."""
        self.run("ar", "rcsD", "libbundled.a", "bundled.o", cwd=RESULTS)
        self.run("ar", "rcsD", "libmemcpy.a", "memcpy.o", cwd=RESULTS)
        self.compile(SOURCES / "debug.c", RESULTS / "debug.o", debug=True)
        self.run("ar", "rcsD", "libdebug.a", "bundled.o", "debug.o", "demo.o", cwd=RESULTS)
        for name, flags in (
            ("frameless", FRAMELESS),
            ("many", ()),
            ("cold", ("-DCOLD",)),
            ("unprotected", ("-DMORE",)),
        ):
            self.compile(SOURCES / "many.c", RESULTS / "many.o", *flags)
            self.run("ar", "rcsD", f"lib{name}.a", "bundled.o", "many.o", cwd=RESULTS)
        (RESULTS / "many.o").unlink()

    def other_machine(self) -> None:
        """Build a library with an object for another processor, and a module with instructions beyond its baseline."""
        self.compile(SOURCES / "bundled.c", RESULTS / "other-machine.o", target="aarch64-linux-gnu")
        self.run("ar", "rcsD", "libother-machine.a", "bundled.o", "demo.o", "other-machine.o", cwd=RESULTS)
        newer = RESULTS / "newer-instructions.o"
        self.compile(SOURCES / "newer_instructions.S", newer, target="aarch64-linux-gnu")
        self.link(newer.with_suffix(".so"), "-m", "aarch64linux", "-shared", *HARDENED, str(newer))

    def shared(self) -> None:
        """Build libpython, the same under a wrong name, and programs that need it, with and without a run path."""
        parts = ("core.o", "demo.o", "config.o", str(RESULTS / "libbundled.a"), "-lc")
        for name, soname in ((LIBPYTHON, LIBPYTHON), ("libpython-misnamed.so", "libpython3.12.so.1.0")):
            self.link(RESULTS / name, "-shared", "-soname", soname, "--exclude-libs", "ALL", *HARDENED, *parts)
        self.link(RESULTS / "libpython3.so", "-shared", "-soname", "libpython3.so", *HARDENED, str(RESULTS / LIBPYTHON))
        stub = ("start.o", "-L", str(RESULTS), f"-l:{LIBPYTHON}", "-lc", "--dynamic-linker", LOADER, *HARDENED)
        self.link(RESULTS / "python-shared", *stub, "--disable-new-dtags", "-rpath", "$ORIGIN/../lib")
        self.link(RESULTS / "python-shared-lost", *stub)

    def architecture(self, name: str, target: str, loader: str) -> None:
        """Build a module and a program for another processor, and the object of the module."""
        place = RESULTS / "architectures"
        place.mkdir(exist_ok=True)
        stub, made = self.scratch / f"c-{name}.o", place / f"module-{name}.o"
        self.compile(SOURCES / "stub.c", stub, "-DSTUB_C", target=target)
        versions = ("--version-script", str(self.scratch / "libc.map"))
        self.link(self.scratch / f"libc-{name}.so", "-shared", "-soname", "libc.so.6", *versions, str(stub))
        self.compile(SOURCES / "module.c", made, "-DEXPORTS", target=target, debug=True)
        paths = ("-soname", "_shared.so", "-rpath", "$ORIGIN/../lib")
        self.link(place / f"{name}.so", "-shared", *HARDENED, *paths, str(made), f"-l:libc-{name}.so")
        program = ("-pie", "-e", "PyInit__shared", "--dynamic-linker", loader)
        program += ("--hash-style=gnu",) if not name.startswith("mips") else ()  # MIPS has its own kind of hash table
        self.link(place / f"python-{name}", *program, *HARDENED, str(made), f"-l:libc-{name}.so")

        self.copying(place / f"copying-{name}", target, loader)

    def copying(self, result: Path, target: str, loader: str) -> None:
        """Build a program at a fixed address that contains a variable of a C library without symbol versions."""
        library, program = self.scratch / f"{result.name}.so", self.scratch / f"{result.name}.o"
        self.compile(SOURCES / "stub.c", library.with_suffix(".c.o"), "-DSTUB_C", "-DJOINED", target=target)
        self.link(library, "-shared", "-soname", "libc.so", str(library.with_suffix(".c.o")))
        self.compile(SOURCES / "environ.c", program, "-fno-pic", target=target)
        self.link(result, "-e", "seen", "--dynamic-linker", loader, *HARDENED, str(program), str(library))

    def module(self, module: Module) -> None:
        compiled = self.scratch / f"{module.name}.o"
        self.compile(SOURCES / module.source, compiled, *(f"-D{name}" for name in module.defines), debug=module.debug)
        libraries = [f"-l{name}" for name in module.libraries]
        versions = self.scratch / f"{module.name}.map"
        versions.write_text(module.map, encoding="ascii")
        script = ("--version-script", str(versions)) if module.map else ()
        words = (*module.hardening, *module.flags, *script, str(compiled), *libraries)
        self.link(RESULTS / module.name, "-shared", *words)


if __name__ == "__main__":
    main()
