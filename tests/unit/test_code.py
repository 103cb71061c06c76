"""Properties of the machine code: their flags, the commands that get them, names in archives, and refused requests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from sample_steps import steps_of

from setup_local.build.cpython import check_configuration
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.features import CodeFeature, CodeFlags, Feature, FeatureCatalog, feature_problems
from setup_local.catalog.sysconfig import load_settings
from setup_local.catalog.when import When
from setup_local.errors import RequestError, StepError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Request

FRAME = "-fno-omit-frame-pointer"
LEAF = "-mno-omit-leaf-frame-pointer"
MUSL = "x86_64-unknown-linux-musl"


WIDE = "-D_FILE_OFFSET_BITS=64"


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return load_catalogs()


def planned(catalogs: Catalogs, python: str = "3.13.5", **choice: Any) -> Plan:
    return resolve(Request(python=python, **choice), catalogs)


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "x86_64_v3-unknown-linux-gnu", MUSL])
def test_everything_has_frame_pointers(catalogs: Catalogs, triple: str) -> None:
    plan = planned(catalogs, target_triple=triple)
    for flags in (plan.code.cflags, plan.code.extension_cflags, plan.configure.cflags):
        assert {FRAME, LEAF} <= set(flags)
    assert plan.variant == ()


def test_the_build_that_counts_has_the_same_code(catalogs: Catalogs) -> None:
    plan = planned(catalogs, options="pgo+lto")
    assert plan.profiling is not None
    assert set(plan.code.cflags) <= set(plan.profiling.configure.cflags)


def test_frame_pointers_can_be_left_out(catalogs: Catalogs) -> None:
    plan = planned(catalogs, without_features=("frame-pointers", "tkinter"))
    for flags in (plan.code.cflags, plan.code.extension_cflags, plan.configure.cflags):
        assert not {FRAME, LEAF} & set(flags)
    assert plan.archive_stem.endswith("-noopt+without_frame_pointers+without_tkinter")


def test_configure_is_told_where_it_would_take_frame_pointers_by_itself(catalogs: Catalogs) -> None:
    word = "--without-frame-pointers"
    assert word not in planned(catalogs, "3.15").configure.args
    assert word in planned(catalogs, "3.15", without_features=("frame-pointers",)).configure.args
    assert word not in planned(catalogs, "3.13.5", without_features=("frame-pointers",)).configure.args


def test_builders_of_extensions_are_told_after_what_is_common() -> None:
    settings = load_settings()
    common = settings.set["BASECFLAGS"]
    assert settings.of((), None, (FRAME, LEAF)).set["BASECFLAGS"] == f"{common} {FRAME} {LEAF}"
    assert settings.of(()).set == settings.set


def test_flags_decide_about_the_key_of_a_library(catalogs: Catalogs) -> None:
    one, other = planned(catalogs), planned(catalogs, without_features=("frame-pointers",))
    keys = [next(step for step in steps_of(plan) if step.name == "library:zlib").ingredients for plan in (one, other)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("triple", "wide"),
    [
        ("armv7-unknown-linux-gnueabihf", True),
        ("i686-unknown-linux-gnu", True),
        ("i686-unknown-linux-musl", False),
        ("ppc64le-unknown-linux-gnu", False),
        ("x86_64-unknown-linux-gnu", False),
    ],
)
def test_libraries_read_any_directory_on_32_bits(catalogs: Catalogs, triple: str, *, wide: bool) -> None:
    """Fontconfig found no fonts under an emulator that numbers directory entries with 64 bits."""
    plan = planned(catalogs, target_triple=triple)
    zlib = next(step for step in steps_of(plan) if step.name == "library:zlib")
    assert (WIDE in zlib.ingredients[-1]) is wide
    assert WIDE not in plan.configure.cflags, "pyconfig.h would not tell extension modules"


ELSEWHERE = CodeFeature(
    name="walls", title="walls", flags=(CodeFlags(cflags=("-fwalls",), when=When(targets=("sparc*",))),)
)


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        ({"without_features": ("walls",)}, "--without walls has no effect on x86_64-unknown-linux-gnu"),
        ({"with_features": ("walls",)}, "--with walls has no effect on x86_64-unknown-linux-gnu"),
        (
            {"with_features": ("frame-pointers",), "without_features": ("frame-pointers",)},
            "frame-pointers is both requested and left out",
        ),
        ({"without_features": ("frame-pointer",)}, "--without: unknown feature 'frame-pointer'"),
    ],
)
def test_what_makes_no_sense_is_refused(catalogs: Catalogs, choice: dict[str, Any], what: str) -> None:
    features = dataclasses.replace(catalogs.features, code=(*catalogs.features.code, ELSEWHERE))
    with pytest.raises(RequestError, match=what):
        planned(dataclasses.replace(catalogs, features=features), **choice)


def test_what_is_there_anyway_may_be_asked_for(catalogs: Catalogs) -> None:
    assert planned(catalogs, with_features=("frame-pointers",)) == planned(catalogs)


def test_what_has_to_be_asked_for_is_named(catalogs: Catalogs) -> None:
    walls = dataclasses.replace(ELSEWHERE, adds="walls", flags=(CodeFlags(cflags=("-fwalls",)),))
    more = dataclasses.replace(catalogs, features=dataclasses.replace(catalogs.features, code=(walls,)))
    assert "-fwalls" not in planned(more).configure.cflags
    plan = planned(more, with_features=("walls",))
    assert "-fwalls" in plan.configure.cflags
    assert plan.variant == ("with_walls",)


def test_a_name_means_one_thing() -> None:
    catalog = FeatureCatalog(features=(Feature(name="walls", title="w", test=True),), code=(ELSEWHERE,))
    assert list(feature_problems(catalog, ())) == ["walls is both a group of modules and a property of the code"]


@pytest.mark.parametrize(("triple", "fortified"), [("x86_64-unknown-linux-gnu", True), (MUSL, False)])
def test_everything_is_hardened(catalogs: Catalogs, triple: str, *, fortified: bool) -> None:
    plan = planned(catalogs, target_triple=triple)
    assert "-fstack-protector-strong" in plan.code.cflags
    assert ("-D_FORTIFY_SOURCE=3" in plan.code.cflags) == fortified
    assert set(plan.code.cflags) <= set(plan.configure.cflags)
    assert set(plan.code.extension_cflags) == {FRAME, LEAF}


def test_hardening_can_be_left_out(catalogs: Catalogs) -> None:
    plan = planned(catalogs, without_features=("hardening",))
    assert set(plan.code.cflags) == {FRAME, LEAF}
    assert plan.archive_stem.endswith("-noopt+without_hardening")


def test_tail_calls_are_for_3_14_and_newer(catalogs: Catalogs) -> None:
    feature = ("tail-call-interpreter",)
    assert "--with-tail-call-interp" not in planned(catalogs, "3.14").configure.args
    plan = planned(catalogs, "3.14", with_features=feature)
    assert "--with-tail-call-interp" in plan.configure.args
    assert plan.configure.confirmations == (("Py_TAIL_CALL_INTERP", "_Py_TAIL_CALL_INTERP"),)
    assert plan.archive_stem.endswith("-noopt+with_tail_call_interpreter")
    for python, options, reason in (("3.13.5", "noopt", "before 3.14"), ("3.14", "pgo+lto", "it has no loop")):
        with pytest.raises(RequestError, match=reason):
            planned(catalogs, python, options=options, with_features=feature)


@pytest.mark.parametrize(
    ("python", "reason"),
    [("3.11.2", "no JIT before 3.13"), ("3.13.5", "LLVM 18"), ("3.14", "LLVM 19"), ("3.15", "LLVM 21")],
)
def test_the_jit_is_refused_with_a_reason(catalogs: Catalogs, python: str, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        planned(catalogs, python, options="jit")


def test_an_option_without_effect_is_noticed(tmp_path: Path) -> None:
    header = tmp_path / "pyconfig.h"
    header.write_text("#define _Py_WALLS 1\n#define Py_DOORS 0\n/* #undef Py_WINDOWS */\n", encoding="utf-8")
    check_configuration(tmp_path, [("Py_WALLS", "_Py_WALLS")])
    for name in ("Py_DOORS", "Py_WINDOWS"):
        with pytest.raises(StepError, match=f"did not define {name}"):
            check_configuration(tmp_path, [(name,)])
