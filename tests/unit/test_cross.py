"""Builds for another processor than the build machine's: the plan, its steps, and how programs run here."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_steps import steps_of

from setup_local.build.build_python import PREFIX, compile_build_python
from setup_local.build.emulation import EMULATOR, ROOT, collect_emulation
from setup_local.build.launcher import Launcher, find_launcher
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.cpython import BuildPython
from setup_local.catalog.sources import Form, Source
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained
from setup_local.pipeline import plan_text, profile_request
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Request

GLIBC = "aarch64-unknown-linux-gnu"
MUSL = "aarch64-unknown-linux-musl"
X86_64 = "x86_64-unknown-linux-gnu"


def _plan(triple: str, options: str = "noopt") -> Plan:
    return resolve(Request(python="3.13.15", target_triple=triple, options=options), load_catalogs())


def test_a_build_for_the_hosts_own_processor_needs_no_help() -> None:
    plan = _plan(X86_64)
    assert not plan.is_cross
    assert plan.build_python is None
    assert plan.emulation == ()
    assert f"--build={X86_64}" in plan.configure.args
    assert not any(word.startswith("--with-build-python") for word in plan.configure.args)


def test_a_build_for_another_processor_has_a_build_python_and_an_emulator() -> None:
    plan = _plan(GLIBC)
    assert plan.is_cross
    assert plan.build_python is not None
    assert [item.name for item in plan.build_python.libraries] == ["zlib"]
    assert [source.name for source in plan.emulation] == ["qemu-user", *plan.target.glibc.runtime]
    assert {f"--build={X86_64}", f"--host={GLIBC}"} <= set(plan.configure.args)
    assert [source.name for source in _plan(MUSL).emulation] == ["qemu-user"]


def test_the_build_python_finds_the_library_of_what_is_built() -> None:
    def configured(options: str) -> tuple[str, ...]:
        build_python = _plan(GLIBC, options).build_python
        assert build_python is not None
        return build_python.recipe.args

    assert configured("freethreaded") == (*configured("noopt"), "--disable-gil")
    assert configured("debug") == configured("noopt"), "its library is where that of a plain build is"


def test_a_debug_build_for_power_is_optimized_in_the_way_that_its_compiler_can_do() -> None:
    power, other = "ppc64le-unknown-linux-gnu", "s390x-unknown-linux-gnu"
    optimized = {
        (name, kind): "-O1" in _plan(name, kind).configure.cflags
        for name in (power, other)
        for kind in ("debug", "noopt")
    }
    assert [key for key, found in optimized.items() if found] == [(power, "debug")]
    assert dict(_plan(power, "debug").configure.environment)["OPT"] == "-Og -Wall"


def test_what_only_a_program_of_the_target_can_find_out_is_answered() -> None:
    answers = dict(_plan(GLIBC).configure.cache)
    assert answers["ac_cv_wchar_t_signed"] == "no"
    assert answers["ac_cv_working_tzset"] == "yes"
    assert "ac_cv_working_tzset" not in dict(_plan(X86_64).configure.cache)


@pytest.mark.parametrize(("triple", "native"), [(GLIBC, X86_64), (MUSL, "x86_64-unknown-linux-musl")])
def test_what_does_not_run_here_takes_the_profile_of_what_does(triple: str, native: str) -> None:
    request = Request(python="3.13", target_triple=triple, options="pgo+lto")
    plan = resolve(request, load_catalogs())
    first = profile_request(plan, request)
    assert first is not None
    assert (first.python, first.target_triple, first.options) == (f"cpython-{plan.python}", native, "pgo+lto")
    assert f"profile: from the same build for {native}, which is built first" in plan_text(plan)
    assert plan.configure.relayout is None, "nothing can be counted"
    assert "without_layout" not in plan.archive_stem


def test_a_profile_that_is_there_needs_no_other_build(tmp_path: Path) -> None:
    given = Request(python="3.13.15", target_triple=GLIBC, options="pgo", profile=tmp_path / "cpython.profdata")
    for request in (given, Request(python="3.13.15", options="pgo"), Request(python="3.13.15", target_triple=GLIBC)):
        plan = resolve(request, load_catalogs())
        assert profile_request(plan, request) is None
        assert "profile:" not in plan_text(plan)


def test_a_profile_of_another_floor_is_not_asked_for() -> None:
    request = Request(python="3.13.15", target_triple=GLIBC, options="pgo", glibc="2.34")
    first = profile_request(resolve(request, load_catalogs()), request)
    assert first is not None
    assert first.glibc is None


def test_each_processor_has_a_toolkit_and_libraries_of_its_own() -> None:
    names = [step.name for step in steps_of(_plan(GLIBC))]
    assert {"toolchain:zig-aarch64", "toolchain:zig-x86_64", "sysroot:aarch64-glibc-2.17"} <= set(names)
    assert {"library:zlib", "native-library:zlib", "build-python", "emulation:aarch64-glibc"} <= set(names)
    own = [step.name for step in steps_of(_plan(X86_64))]
    assert not [name for name in own if name.startswith(("native-", "emulation", "build-python"))]


def test_native_steps_are_those_of_any_build_on_the_host() -> None:
    """Builds for several processors share the tools of the host."""
    cross = {step.name: step for step in steps_of(_plan(GLIBC))}
    own = {step.name: step for step in steps_of(_plan(X86_64))}
    assert cross["toolchain:zig-x86_64"].ingredients == own["toolchain:zig-x86_64"].ingredients


def test_what_one_recipe_takes_of_an_architecture_decides_about_no_other() -> None:
    plan = _plan(GLIBC)
    other = dataclasses.replace(
        plan.target.arch, recipes={**plan.target.arch.recipes, "openssl": ("linux-other",)}, configure={}
    )
    changed = dataclasses.replace(plan, target=dataclasses.replace(plan.target, arch=other))
    before, after = ({step.name: step.ingredients for step in steps_of(item)} for item in (plan, changed))
    moved = {name for name in before if before[name] != after[name]}
    assert moved & {name for name in before if name.startswith(("library", "toolchain", "sysroot"))} == {
        "library:openssl"
    }


def test_programs_of_the_target_are_started_by_the_emulator(tmp_path: Path) -> None:
    python = Path("/x/bin/python3")
    assert find_launcher(_plan(X86_64), tmp_path).command(python) == [python]
    words = find_launcher(_plan(GLIBC), tmp_path, tmp_path / "qemu").command(python, ["-V"])
    assert words == [tmp_path / "qemu" / EMULATOR, "-L", tmp_path / "qemu" / ROOT, python, "-V"]
    musl = find_launcher(_plan(MUSL), tmp_path, tmp_path / "qemu")
    assert musl.command(python) == [tmp_path / "qemu" / EMULATOR, "-L", tmp_path, python]
    assert find_launcher(_plan(MUSL, "noopt+static"), tmp_path, tmp_path / "qemu").words[-1] == tmp_path / "qemu" / ROOT
    assert Launcher().command(python, ["-c", "0"]) == [python, "-c", "0"]


def _package(top: Path, name: str, root: str, files: Mapping[str, str]) -> Obtained:
    path = top / f"{name}.tar"
    with tarfile.open(path, "w") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{root}/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    form = Form(file=path.name, sha256="0" * 64, size=path.stat().st_size, root=root)
    return Obtained(source=Source(name=name, version="1", forms=(form,)), form=form, path=path)


def test_an_emulator_and_a_c_library_are_collected(tmp_path: Path) -> None:
    taken = {
        "qemu-user": _package(tmp_path, "qemu-user", "usr/bin", {"qemu-arm": "a", "qemu-aarch64": "b"}),
        "libc": _package(tmp_path, "libc", "usr", {"lib/ld.so": "c", "lib64/ld64.so": "d", "share/doc": "e"}),
    }
    out = tmp_path / "out"
    out.mkdir()
    collect_emulation(taken, "qemu-aarch64", tmp_path / "work", out)
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there == {EMULATOR, f"{ROOT}/lib/ld.so", f"{ROOT}/lib64/ld64.so"}
    assert (out / EMULATOR).read_text() == "b"


def test_a_package_without_the_emulator_is_refused(tmp_path: Path) -> None:
    taken = {"qemu-user": _package(tmp_path, "qemu-user", "usr/bin", {"qemu-arm": "a"})}
    with pytest.raises(ToolchainError, match="does not contain the emulator qemu-aarch64"):
        collect_emulation(taken, "qemu-aarch64", tmp_path / "work", tmp_path)


def test_the_build_python_is_configured_as_the_catalog_says(tmp_path: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    (tree / "root" / PREFIX / "bin").mkdir(parents=True)
    out.mkdir()
    commands: list[tuple[list[str], dict[str, str]]] = []

    def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        assert cwd == tree
        commands.append(([str(word) for word in argv], dict(env or {})))

    recipe = BuildPython(libraries=(), args=("--without-ensurepip",), environment={"CPATH": "{deps}/include"})
    compile_build_python(tree, "../deps", recipe, out, run, {"CC": "clang"})
    (configure, env), *others = commands
    assert configure == ["./configure", f"--prefix=/{PREFIX}", "--without-ensurepip"]
    assert env == {"CC": "clang", "CPATH": "../deps/include"}
    assert [words[0] for words, _ in others] == ["make", "make"]
    assert (out / PREFIX / "bin").is_dir()
