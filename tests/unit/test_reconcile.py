from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from packaging.version import Version
from sample_target import HOST, RECIPES, TARGET

from setup_local.catalog.patches import PIP_LAUNCHERS, Edit, Patch, load_patch
from setup_local.catalog.sources import Form, Source
from setup_local.catalog.sysconfig import load_settings
from setup_local.errors import ReconcileError
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.plan.reconcile import Disagreement, Kind, reconcile, refuse, unmatched_edits
from setup_local.plan.upstream import Origin, Upstream, UpstreamModule
from setup_local.values import LinkMode

FORM = Form(file="Python-3.13.5.tar.xz", sha256="0" * 64, size=1)
PLAN = Plan(
    python=Version("3.13.5"),
    python_source=Source(name="cpython", version="3.13.5", forms=(FORM,)),
    target=TARGET,
    host=HOST,
    recipes=RECIPES,
    floor="2.12",
    toolchain="zig",
    sysconfig=load_settings(),
    pip_patch=load_patch(PIP_LAUNCHERS),
    build_options=(),
    libraries=(),
    extensions=(
        PlannedExtension(name="gc", link=LinkMode.STATIC, in_core=True),
        PlannedExtension(name="array", link=LinkMode.STATIC, sources=("arraymodule.c",)),
        PlannedExtension(
            name="_sqlite3",
            link=LinkMode.STATIC,
            sources=("_sqlite/blob.c", "_sqlite/row.c"),
            includes=("Modules/_sqlite", "deps:include"),
        ),
        PlannedExtension(name="xxlimited", link=LinkMode.SHARED, sources=("xxlimited.c",), test=True),
    ),
)
UPSTREAM = Upstream(
    version="3.13.5",
    modules={
        "gc": UpstreamModule(name="gc", origin=Origin.INITTAB, init="PyInit_gc"),
        "array": UpstreamModule(name="array", origin=Origin.STDLIB, sources=("arraymodule.c",)),
        "_sqlite3": UpstreamModule(name="_sqlite3", origin=Origin.STDLIB, sources=("_sqlite/row.c", "_sqlite/blob.c")),
        "xxlimited": UpstreamModule(
            name="xxlimited", origin=Origin.STDLIB, sources=("xxlimited.c",), must_be_shared=True
        ),
    },
    files=frozenset({"arraymodule.c", "_sqlite/blob.c", "_sqlite/row.c", "xxlimited.c"}),
    directories=frozenset({"Modules", "Modules/_sqlite"}),
)


def upstream_with(name: str, **changes: Any) -> Upstream:
    module = dataclasses.replace(UPSTREAM.modules[name], **changes)
    return dataclasses.replace(UPSTREAM, modules={**UPSTREAM.modules, name: module})


def plan_with(name: str, **changes: Any) -> Plan:
    extensions = tuple(dataclasses.replace(item, **changes) if item.name == name else item for item in PLAN.extensions)
    return dataclasses.replace(PLAN, extensions=extensions)


def test_agreement_is_silence() -> None:
    assert reconcile(PLAN, UPSTREAM) == []


def without(name: str) -> Upstream:
    return dataclasses.replace(UPSTREAM, modules={k: v for k, v in UPSTREAM.modules.items() if k != name})


NEW = UpstreamModule(name="_zstd", origin=Origin.STDLIB, sources=("_zstd/_zstdmodule.c",))


@pytest.mark.parametrize(
    ("plan", "upstream", "kind", "module", "message"),
    [
        (
            PLAN,
            dataclasses.replace(UPSTREAM, version="3.13.6"),
            Kind.VERSION,
            "-",
            "the tree is 3.13.6, the plan is for 3.13.5",
        ),
        (
            PLAN,
            dataclasses.replace(UPSTREAM, modules={**UPSTREAM.modules, "_zstd": NEW}),
            Kind.NOT_IN_CATALOG,
            "_zstd",
            "Setup.stdlib declares it: _zstd/_zstdmodule.c",
        ),
        (PLAN, without("array"), Kind.NOT_UPSTREAM, "array", "no file of this tree declares it"),
        (
            PLAN,
            dataclasses.replace(UPSTREAM, files=UPSTREAM.files - {"arraymodule.c"}),
            Kind.NO_SUCH_SOURCE,
            "array",
            "Modules/arraymodule.c does not exist",
        ),
        (
            PLAN,
            dataclasses.replace(UPSTREAM, directories=frozenset({"Modules"})),
            Kind.NO_SUCH_DIRECTORY,
            "_sqlite3",
            "Modules/_sqlite is not a directory",
        ),
        (
            PLAN,
            upstream_with("array", sources=("arraymodule.c", "_math.c")),
            Kind.OTHER_SOURCES,
            "array",
            "upstream also links _math.c",
        ),
        (
            PLAN,
            upstream_with("_sqlite3", sources=("_sqlite/row.c", "_sqlite/util.c")),
            Kind.OTHER_SOURCES,
            "_sqlite3",
            "upstream also links _sqlite/util.c; upstream does not link _sqlite/blob.c",
        ),
        (
            PLAN,
            upstream_with("array", origin=Origin.BOOTSTRAP),
            Kind.CORE,
            "array",
            "Setup.bootstrap declares it, the catalog calls it for Setup.local",
        ),
        (
            PLAN,
            upstream_with("gc", init="PyGC_Init"),
            Kind.INIT,
            "gc",
            "the inittab names PyGC_Init, the catalog PyInit_gc",
        ),
        (
            plan_with("xxlimited", link=LinkMode.STATIC),
            UPSTREAM,
            Kind.MUST_BE_SHARED,
            "xxlimited",
            "CPython says that it must be a shared module, the catalog links it statically",
        ),
    ],
)
def test_each_kind_of_disagreement_is_found(
    plan: Plan, upstream: Upstream, kind: Kind, module: str, message: str
) -> None:
    assert reconcile(plan, upstream) == [Disagreement(kind=kind, module=module, message=message)]


def test_every_kind_has_a_case_above() -> None:
    marks = test_each_kind_of_disagreement_is_found.pytestmark  # type: ignore[attr-defined]
    assert {case[2] for case in marks[0].args[1]} == set(Kind) - {Kind.PATCH}


@pytest.mark.parametrize(("text", "found"), [("a = 1\n", []), ("b = 1\n", [0]), ("a = 1\na = 1\n", [2]), ("", [0])])
def test_an_edit_must_match_once(text: str, found: list[int]) -> None:
    patch = Patch(
        name="a.toml", sha256="", why="because", edits=(Edit(file="Lib/os.py", find="a = 1\n", replace="a = 2\n"),)
    )
    items = list(unmatched_edits({"ours.toml": patch}, {"Lib/os.py": text}.__getitem__))
    assert [item.message for item in items] == [
        f"ours.toml searches for 'a = 1' in Lib/os.py, which contains it {count} times" for count in found
    ]
    assert {item.kind for item in items} <= {Kind.PATCH}


def test_all_disagreements_are_reported_at_once() -> None:
    upstream = dataclasses.replace(UPSTREAM, version="3.14.0", modules={"_zstd": NEW}, files=frozenset())
    kinds = [item.kind for item in reconcile(PLAN, upstream)]
    assert kinds.count(Kind.NOT_UPSTREAM) == len(PLAN.extensions)
    assert {Kind.VERSION, Kind.NOT_IN_CATALOG, Kind.NO_SUCH_SOURCE} <= set(kinds)


def test_a_source_that_setup_py_adds_under_a_condition_may_be_linked() -> None:
    upstream = upstream_with("_sqlite3", sources=("_sqlite/row.c",), optional_sources=("_sqlite/blob.c",))
    assert reconcile(PLAN, upstream) == []


def test_disagreements_are_refused_with_a_line_for_each() -> None:
    refuse([], "3.13.5")
    found = [Disagreement(kind=Kind.CORE, module=name, message="differs") for name in ("a", "b")]
    with pytest.raises(ReconcileError, match=r"CPython 3\.13\.5 disagree:\n  a: differs\n  b: differs"):
        refuse(found, "3.13.5")
