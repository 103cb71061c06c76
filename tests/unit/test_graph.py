"""The steps of a real plan: their order, their dependencies, and the rebuilt steps after a change."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from sample_profile import PROFILE, PROFILES

from setup_local import paths, pipeline
from setup_local.build import llvm_tools
from setup_local.build.code_digests import CodeDigests
from setup_local.build.llvm import HostLlvm
from setup_local.build.steps import Job, Step, step_keys
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.keys import SignatureRecord, SignatureStatus
from setup_local.catalog.patches import load_patch
from setup_local.catalog.sources import Trust
from setup_local.errors import OptimizationError, ToolchainError
from setup_local.fetch import Obtained
from setup_local.plan.model import Consequence, ObtainedSource, Plan
from setup_local.plan.resolve import resolve
from setup_local.values import (
    ArchiveFormat,
    BuildOption,
    Counters,
    LayoutChoice,
    LlvmToolsChoice,
    Request,
    ToolchainChoice,
)

CODE = CodeDigests()
OBTAINED = ObtainedSource(
    identity="cpython-3.13.5",
    file="a.tar",
    sha256="0" * 64,
    size=1,
    trust=Trust.LOCAL,
    published_by=(),
    signature=SignatureRecord(status=SignatureStatus.UNSIGNED, reason="own"),
)
FINISHING = ("stage", "describe", "documents", "pack", "audit")


@pytest.fixture(scope="module")
def plan() -> Plan:
    request = Request(
        python="cpython-3.13.5",
        target_triple="x86_64-unknown-linux-gnu",
        glibc=None,
        toolchain=ToolchainChoice.AUTO,
    )
    return resolve(request, load_catalogs())


def _steps(plan: Plan, host: HostLlvm | None = None) -> list[Step]:
    sources = {
        source.identity: Obtained(source=source, form=source.forms[0], path=Path("/nowhere")) for source in plan.sources
    }
    return pipeline.distribution_steps(plan, sources, jobs=2, host_llvm=host)


def _keys(steps: list[Step]) -> dict[str, str]:
    return step_keys(steps, code=CODE, environment={})


def _changed(before: Plan, after: Plan) -> set[str]:
    old, new = _keys(_steps(before)), _keys(_steps(after))
    assert old.keys() == new.keys()
    return {name for name in old if old[name] != new[name]}


def _with_flag(plan: Plan, name: str) -> Plan:
    changed = [
        dataclasses.replace(item, library=dataclasses.replace(item.library, cflags=("-DCHANGED",)))
        if item.name == name
        else item
        for item in plan.libraries
    ]
    return dataclasses.replace(plan, libraries=tuple(changed))


def test_every_step_comes_after_what_it_needs(plan: Plan) -> None:
    seen: set[str] = set()
    for step in _steps(plan):
        assert set(step.needs) <= seen
        seen.add(step.name)
    assert seen >= {"toolchain:zig-x86_64", "sysroot:x86_64-glibc-2.12", "library:openssl", "cpython", *FINISHING}


def test_a_changed_recipe_rebuilds_the_library_and_its_dependents_only(plan: Plan) -> None:
    finish = {"cpython", *FINISHING}
    assert _changed(plan, _with_flag(plan, "openssl")) == {"library:openssl"} | finish
    assert _changed(plan, _with_flag(plan, "ncurses")) == {"library:ncurses", "library:libedit"} | finish


def _touched(plan: Plan, file: Path) -> set[str]:
    """Return the steps that a change of a data file reruns, including all steps that depend on them."""
    touched: set[str] = set()
    for step in _steps(plan):
        read = any(file == item or item in file.parents for item in step.data)
        touched |= {step.name} if read or touched.intersection(step.needs) else set()
    return touched


def test_what_describes_a_distribution_restages_nothing_when_it_changes(plan: Plan) -> None:
    assert _touched(plan, paths.DATA / "probe" / "facts.py") == {"describe", "pack", "audit"}
    assert _touched(plan, paths.SCHEMA / "python-json-8.schema.json") == {"describe", "pack", "audit"}
    assert _touched(plan, paths.DATA / "limits.toml") == {"audit"}
    assert _touched(plan, paths.DATA / "probe" / "compile_tree.py") == {*FINISHING}


def test_what_only_the_description_says_restages_nothing(plan: Plan) -> None:
    consequence = Consequence(license="GPL-3.0-or-later", libraries=("openssl",))
    assert _changed(plan, dataclasses.replace(plan, obtained=(OBTAINED,))) == {"describe", "documents", "pack", "audit"}
    changed = dataclasses.replace(plan, left_out=("_uuid",), consequences=(consequence,), llvm_version="1")
    assert _changed(plan, changed) == {"describe", "documents", "pack", "audit"}
    assert _changed(plan, dataclasses.replace(plan, archive_format=ArchiveFormat.GZ)) == {"pack", "audit"}


def test_the_place_of_a_given_profile_restages_nothing(plan: Plan, tmp_path: Path) -> None:
    planned = _optimized(plan)
    assert planned.profiling is not None
    keys = []
    for name in ("one", "two"):
        shutil.copy(PROFILE, tmp_path / name)
        profiling = dataclasses.replace(planned.profiling, given=tmp_path / name)
        keys.append(_keys(_steps(dataclasses.replace(planned, profiling=profiling))))
    assert keys[0] == keys[1]


def test_the_reconciliation_waits_for_nothing_and_cpython_for_it(plan: Plan) -> None:
    steps = {step.name: step for step in _steps(plan)}
    assert steps["reconcile"].needs == ()
    assert "reconcile" in steps["cpython"].needs
    assert [name for name, step in steps.items() if "reconcile" in step.needs] == ["cpython", "stage"]


def test_a_patch_of_cpython_is_tried_before_anything_else_is_built(plan: Plan) -> None:
    patched = dataclasses.replace(plan, python_patches=(load_patch("libedit-history-header.toml"),))
    assert _changed(plan, patched) == {"reconcile", "cpython", *FINISHING}


def _optimized(
    plan: Plan, toolchain: ToolchainChoice = ToolchainChoice.AUTO, layout: LayoutChoice = LayoutChoice.AUTO
) -> Plan:
    request = Request(
        python=f"cpython-{plan.python}",
        target_triple=plan.target.triple,
        glibc=None,
        toolchain=toolchain,
        options="pgo+lto",
        layout=layout,
    )
    return resolve(request, load_catalogs())


def test_an_optimized_build_makes_a_profile_first_and_shares_all_libraries(plan: Plan) -> None:
    plain, steps = _keys(_steps(plan)), _steps(_optimized(plan))
    optimized = _keys(steps)
    assert set(optimized) - set(plain) == {"llvm-tools", "profile"}
    assert {name for name in plain if plain[name] != optimized[name]} == {"cpython", "reconcile", *FINISHING}
    needs = {step.name: step.needs for step in steps}
    assert "llvm-tools" in needs["profile"]
    assert {"profile", "llvm-tools"} <= set(needs["cpython"])


def test_tools_that_are_compiled_wait_for_nothing_and_are_the_same_for_every_target(plan: Plan) -> None:
    def tools(triple: str) -> tuple[Step, str]:
        steps = _steps(
            resolve(
                Request(python="3.13.5", target_triple=triple, options="pgo+lto", llvm_tools=LlvmToolsChoice.SOURCE),
                load_catalogs(),
            )
        )
        return next(step for step in steps if step.name == "llvm-tools"), _keys(steps)["llvm-tools"]

    step, key = tools(plan.target.triple)
    assert step.needs == ()
    assert tools("x86_64-unknown-linux-musl")[1] == key


@pytest.mark.parametrize("triple", ["aarch64-unknown-linux-gnu", "aarch64-apple-darwin"])
def test_tools_of_packages_are_made_for_this_machine_whatever_the_target_is(triple: str, plan: Plan) -> None:
    catalogs = load_catalogs()

    def tools(triple: str) -> tuple[Step, str]:
        request = Request(python="3.13.5", target_triple=triple, options="pgo", profile=PROFILE)
        steps = _steps(resolve(request, catalogs))
        return next(step for step in steps if step.name == "llvm-tools"), _keys(steps)["llvm-tools"]

    step, key = tools(triple)
    assert key == tools(plan.target.triple)[1]
    assert not [name for name in step.needs if "aarch64" in name]


@pytest.mark.parametrize(
    ("layout", "hint"), [(LayoutChoice.AUTO, "do without it: --options pgo+lto --no-layout"), (LayoutChoice.NONE, None)]
)
def test_where_the_tools_cannot_be_made_the_way_out_is_named(
    plan: Plan, layout: LayoutChoice, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ToolchainError("does not run")

    monkeypatch.setattr(llvm_tools, "unpack_package", lambda *_: tmp_path)
    monkeypatch.setattr(llvm_tools, "build_llvm_tools", fail)
    request = Request(python=str(plan.python), options="pgo+lto", llvm_tools=LlvmToolsChoice.SOURCE, layout=layout)
    step = next(step for step in _steps(resolve(request, load_catalogs())) if step.name == "llvm-tools")
    with pytest.raises(ToolchainError) as caught:
        step.action(Job(out=tmp_path, work=tmp_path, inputs={}, run=fail, env={}))
    assert caught.value.hint == hint


def test_a_given_profile_spares_the_training_and_counts_by_its_content(plan: Plan, tmp_path: Path) -> None:
    def keys(name: str, end: bytes) -> dict[str, str]:
        given = tmp_path / name
        given.write_bytes(PROFILE.read_bytes() + end)
        planned = _optimized(plan)
        assert planned.profiling is not None
        profiling = dataclasses.replace(planned.profiling, given=given)
        steps = _steps(dataclasses.replace(planned, profiling=profiling))
        assert next(step for step in steps if step.name == "profile").needs == ("llvm-tools",)
        return _keys(steps)

    one, same, other = keys("one", b"1"), keys("same", b"1"), keys("other", b"2")
    assert one["cpython"] == same["cpython"] != other["cpython"]


def test_the_hosts_llvm_brings_its_own_tools(plan: Plan) -> None:
    steps = {step.name: step for step in _steps(_optimized(plan, ToolchainChoice.LLVM, LayoutChoice.NONE))}
    assert "profile" in steps
    assert "llvm-tools" not in steps
    assert "llvm-tools" not in steps["cpython"].needs


def test_the_bootstrapped_toolchain_has_the_layouts_tools(plan: Plan) -> None:
    steps = {step.name: step for step in _steps(_optimized(plan, ToolchainChoice.BOOTSTRAP))}
    assert "llvm-tools" not in steps
    assert "toolchain:bootstrap-x86_64" in steps["profile"].needs
    needs = steps["cpython"].needs
    assert "toolchain:bootstrap-x86_64" in needs
    assert len(needs) == len(set(needs))


def test_counts_of_jumps_beside_a_given_profile_are_taken(plan: Plan, tmp_path: Path) -> None:
    planned = _optimized(plan)
    assert planned.profiling is not None
    shutil.copy(PROFILE, tmp_path / "cpython.profdata")

    def key() -> str:
        profiling = dataclasses.replace(planned.profiling, given=tmp_path / "cpython.profdata")
        return _keys(_steps(dataclasses.replace(planned, profiling=profiling)))["cpython"]

    alone = key()
    (tmp_path / "cpython.fdata").write_text("counts")
    assert key() != alone


def test_a_given_profile_of_the_other_kind_is_refused_before_anything_is_built(plan: Plan) -> None:
    planned = _optimized(plan)
    assert planned.profiling is not None
    profiling = dataclasses.replace(planned.profiling, given=PROFILES[Counters.SOURCE])
    with pytest.raises(OptimizationError, match=r"does not come from counters in the .* intermediate code"):
        _steps(dataclasses.replace(planned, profiling=profiling))


def test_the_release_of_the_wheels_clang_is_planned_and_that_of_the_hosts_is_not_known_yet(plan: Plan) -> None:
    assert plan.llvm_version == load_catalogs().toolchain.sources["compiler-rt"]
    assert _optimized(plan, ToolchainChoice.LLVM, LayoutChoice.NONE).llvm_version == ""


def test_only_the_instrumented_build_counts_and_only_the_final_one_uses_the_profile(plan: Plan) -> None:
    planned = _optimized(plan)
    assert planned.profiling is not None
    instrumented = planned.profiling.configure
    assert "-fprofile-generate" in instrumented.cflags
    assert instrumented.promises == ()
    assert "-flto=thin" not in {*instrumented.cflags, *instrumented.ldflags}
    assert planned.configure.promises == planned.build_options == (BuildOption.PGO, BuildOption.LTO)
    assert "-flto=thin" in planned.configure.cflags
    assert "-flto=thin" in planned.configure.ldflags
    assert "-fprofile-use=../profile/cpython.profdata" in planned.configure.cflags
    assert "-fprofile-generate" not in planned.configure.cflags
    assert planned.archive_stem == "cpython-3.13.5-x86_64-unknown-linux-gnu-pgo+lto"


def test_another_floor_rebuilds_everything_but_the_toolchain(plan: Plan) -> None:
    old, new = _keys(_steps(plan)), _keys(_steps(dataclasses.replace(plan, floor="2.17")))
    assert set(old) & set(new) == set(old) - {"sysroot:x86_64-glibc-2.12"}
    assert [name for name in old if old[name] == new.get(name)] == ["toolchain:zig-x86_64", "reconcile", "patches"]


def test_the_hosts_compiler_is_an_ingredient_of_everything(plan: Plan) -> None:
    clang = HostLlvm(version="19.1.7", programs={"clang": Path("/usr/bin/clang-19")})
    other = dataclasses.replace(clang, version="19.1.8")
    keys = [_keys(_steps(plan, host)) for host in (None, clang, other)]
    for name in set(keys[0]) - {"reconcile", "patches"}:
        assert len({item[name] for item in keys}) == 3
