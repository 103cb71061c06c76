"""The toolchain and sysroot that the build left in the store: their output and their reproducibility."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.binfmt.ar import members
from setup_local.binfmt.elf import Elf, read_elf
from setup_local.build import polyfill, sysroot, toolchain
from setup_local.build.store import Store
from setup_local.catalog.targets import load_targets
from setup_local.catalog.toolchains import load_sysroot
from setup_local.values import DEFAULT_TRIPLE

TARGET = next(target for target in load_targets() if target.triple == DEFAULT_TRIPLE)

FLOOR = "2.12"
POLYFILL_PROGRAM = Path(__file__).parents[1] / "data" / "polyfill.c"


def newest(name: str) -> Path:
    """Return the most recently used result of a step; a build must precede these tests."""
    entries = [entry for entry in Store(paths.cache_root()).entries() if entry.name == name]
    if not entries:
        pytest.fail(f"the store holds no {name}; `make test` builds one first")
    return max(entries, key=lambda entry: entry.used).path / "result"


@pytest.fixture(scope="module")
def compilers() -> Path:
    return newest("toolchain-zig-x86_64")


@pytest.fixture(scope="module")
def libc() -> Path:
    return newest(f"sysroot-x86_64-glibc-{FLOOR}")


def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def compile_c(tools: Path, root: Path, code: str, target: Path, *flags: str) -> Elf:
    source = target.with_suffix(".c")
    source.write_text(code, encoding="utf-8")
    run(["clang", source, "-o", target, *flags], cwd=target.parent, env=toolchain.tool_environment(tools, root))
    return read_elf(target.read_bytes())


def newest_version(elf: Elf) -> tuple[int, ...]:
    versions = [need.version for need in elf.version_needs if need.version.startswith("GLIBC_2")]
    return max(tuple(int(part) for part in version.removeprefix("GLIBC_").split(".")) for version in versions)


def output(program: Path, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("mode", ["new", "old"])
def test_the_polyfill_works_on_this_kernel_and_on_one_that_lacks_the_calls(
    compilers: Path, libc: Path, tmp_path: Path, mode: str
) -> None:
    code = POLYFILL_PROGRAM.read_text(encoding="utf-8")
    elf = compile_c(compilers, libc, code, tmp_path / "program", "-O2", "-Wall", "-Wextra", "-Werror")
    assert newest_version(elf) <= (2, 12)
    assert output(tmp_path / "program", mode) == "fine\n"


def test_copies_take_what_the_processor_has(compilers: Path, libc: Path, tmp_path: Path) -> None:
    """memcpy@GLIBC_2.2.5, which compilers also call to copy structures, is slow in new C libraries; memmove is not."""
    code = """
    #include <stdio.h>
    #include <string.h>
    struct text { char letters[300]; };
    void copy(struct text *to, const struct text *from) { *to = *from; }
    void *(*volatile function)(void *, const void *, size_t) = memcpy;
    int main(int count, char **words) {
        struct text first, second, third;
        strcpy(first.letters, words[count - 1]);
        copy(&second, &first);
        function(&third, &second, sizeof third);
        puts(third.letters);
    }
    """
    elf = compile_c(compilers, libc, code, tmp_path / "program", "-O2")
    assert "memmove" in elf.dynamic.undefined
    assert "memcpy" not in elf.dynamic.undefined | elf.exported
    assert output(tmp_path / "program", "copied") == "copied\n"


@pytest.mark.parametrize("names", load_sysroot().one_variable, ids=lambda names: names[0])
def test_a_program_at_a_fixed_address_shares_variables_with_the_c_library(
    compilers: Path, libc: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """The C library sets these, under its own name; a program that is not position-independent has them in its data."""
    own, *others = names
    checks = " && ".join(f'(void *)&{name} == dlsym(RTLD_DEFAULT, "{own}")' for name in others)
    code = f"""
    #include <dlfcn.h>
    {"".join(f"extern char {name}[];" for name in others)}
    int main(void) {{ return !({checks}); }}
    """
    elf = compile_c(compilers, libc, code, tmp_path / "program", "-D_GNU_SOURCE", "-fno-pic", "-no-pie", "-ldl")
    assert elf.copied.issuperset(names)
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


def test_the_polyfill_exports_nothing(compilers: Path, libc: Path, tmp_path: Path) -> None:
    code = "#include <sys/random.h>\nint draw(void *to) { return getrandom(to, 4, 0); }\n"
    elf = compile_c(compilers, libc, code, tmp_path / "library.so", "-shared", "-fPIC")
    assert "draw" in elf.exported
    assert "getrandom" not in elf.exported | elf.dynamic.undefined


def test_the_builtins_define_no_function_of_the_c_library(compilers: Path) -> None:
    archives = list(compilers.glob("lib/clang/*/lib/linux/libclang_rt.builtins*.a"))
    names = {
        name
        for path in archives
        for item in members(path.read_bytes())
        for name in read_elf(item.data).symbols.linkable
    }
    assert names
    assert {name for name in names if not name.startswith("__")} == set()


def test_only_what_uses_it_needs_libcrypt(compilers: Path, libc: Path, tmp_path: Path) -> None:
    code = '#include <crypt.h>\n#include <stdio.h>\nint main(void) { puts(crypt("a", "bc")); }\n'
    elf = compile_c(compilers, libc, code, tmp_path / "program", "-lcrypt")
    assert "libcrypt.so.1" in elf.needed
    assert newest_version(elf) == (2, 2, 5)


def test_a_toolchain_works_wherever_it_lies(compilers: Path, libc: Path, tmp_path: Path) -> None:
    moved = tmp_path / "with a space" / "tools"
    shutil.copytree(compilers, moved, copy_function=link)
    elf = compile_c(moved, libc, '#include <stdio.h>\nint main(void) { puts("hi"); }\n', tmp_path / "program")
    assert output(tmp_path / "program") == "hi\n"
    assert set(elf.needed) == {"libc.so.6"}


def test_a_compiler_without_a_sysroot_says_so(compilers: Path, tmp_path: Path) -> None:
    argv = [compilers / "bin" / "clang", "--version"]
    done = subprocess.run(
        argv, env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "SETUP_LOCAL_SYSROOT" in done.stderr


def test_the_same_sysroot_is_made_again_byte_for_byte(compilers: Path, libc: Path, tmp_path: Path) -> None:
    sysroot.build_sysroot(load_sysroot(), compilers, TARGET, FLOOR, tmp_path, run)
    assert files(tmp_path) == files(libc)
    different = filecmp.cmpfiles(tmp_path, libc, files(libc), shallow=False)
    assert different[1:] == ([], [])


@pytest.mark.parametrize("floor", ["2.17", "2.34"])
def test_other_floors_lack_less(compilers: Path, tmp_path: Path, floor: str) -> None:
    root = tmp_path / "sysroot"
    root.mkdir()
    sysroot.build_sysroot(load_sysroot(), compilers, TARGET, floor, root, run)
    archive = (root / "usr" / "lib" / polyfill.ARCHIVE).read_bytes()
    expected = {f"{name}.o" for name, _ in load_sysroot().polyfills_for(floor, TARGET.arch)}
    assert {item.name for item in members(archive)} == expected
    code = (
        "#include <pthread.h>\n#include <math.h>\nint main(int n, char **a) { return pow(n, 2) + 0 * (a == 0) - 1; }\n"
    )
    elf = compile_c(compilers, root, code, tmp_path / "program", "-pthread", "-lm", "-ldl", "-lrt", "-lutil")
    assert newest_version(elf) <= tuple(int(part) for part in floor.split("."))
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
