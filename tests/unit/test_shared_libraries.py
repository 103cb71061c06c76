"""Shared libraries are made from static ones: which symbols are visible, their dependencies, and their links."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_distribution import ELF

from setup_local.binfmt.ar import members
from setup_local.binfmt.elf import read_elf
from setup_local.build.shared_libraries import (
    Offer,
    build_shared,
    link_order,
    needed_archives,
    offer_of,
    with_default_visibility,
)
from setup_local.catalog.catalogs import load_catalogs
from setup_local.errors import CatalogError, StepError
from setup_local.plan.model import Plan, PlannedExtension, SharedObject
from setup_local.plan.resolve import resolve
from setup_local.plan.shared import link_shared, shared_objects
from setup_local.render import module_line
from setup_local.values import Linkage, LinkMode, Request


def _archive(name: str) -> bytes:
    return (ELF / name).read_bytes()


def _plan(python: str) -> Plan:
    request = Request(python=f"cpython-{python}", target_triple="x86_64-unknown-linux-gnu", glibc=None)
    return resolve(dataclasses.replace(request, dependencies=Linkage.SHARED), load_catalogs())


def test_hidden_symbols_become_visible_and_nothing_else_changes() -> None:
    before = _archive("libbundled.a")
    after = with_default_visibility(before, where="x")
    (old,), (new,) = ([read_elf(item.data).symbols for item in members(data)] for data in (before, after))
    assert old.hidden
    assert new.globals == old.globals | old.hidden
    assert (new.hidden, new.locals, new.undefined) == (frozenset(), old.locals, old.undefined)
    changed = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(changed) == len(old.hidden)
    assert with_default_visibility(after, where="x") == after


def test_what_is_no_static_library_is_refused() -> None:
    with pytest.raises(StepError, match="is not a static library"):
        with_default_visibility(b"text", where="x")


def test_a_static_library_offers_what_is_hidden_and_wants_what_it_has_not() -> None:
    offer = offer_of(_archive("libdebug.a"))
    (bundled,) = (read_elf(item.data).symbols.hidden for item in members(_archive("libbundled.a")))
    assert offer.defined > bundled
    assert not offer.wanted & offer.defined


def _offer(defined: str, wanted: str = "") -> Offer:
    return Offer(defined=frozenset(defined.split()), wanted=frozenset(wanted.split()))


def test_each_library_is_linked_after_those_it_needs() -> None:
    offers = {"ssl": _offer("s", "c malloc"), "crypto": _offer("c"), "app": _offer("a", "s c"), "z": _offer("z")}
    needs = needed_archives(offers)
    assert needs == {"ssl": {"crypto"}, "crypto": set(), "app": {"ssl", "crypto"}, "z": set()}
    order = link_order(needs)
    assert order.index("crypto") < order.index("ssl") < order.index("app")
    assert sorted(order) == sorted(offers)


def test_libraries_that_need_each_other_are_refused() -> None:
    with pytest.raises(StepError, match="cycle"):
        link_order({"a": ["b"], "b": ["a"]})


def test_each_is_linked_whole_under_its_own_name_with_its_own_versions(tmp_path: Path) -> None:
    linked: list[list[str]] = []

    def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del cwd, env
        linked.append(list(map(str, argv)))

    for name in ("libraries", "work", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "libraries" / "libbundled.a").write_bytes(_archive("libbundled.a"))
    build_shared(
        [SharedObject(archive="libbundled.a", library="bundled", version="1.2")],
        tmp_path / "libraries",
        ["-Wl,-z,defs", "-lm"],
        work=tmp_path / "work",
        out=tmp_path / "out",
        run=run,
        env={"CC": "clang"},
    )
    (words,) = linked
    assert words[:4] == ["clang", "-shared", "-o", str(tmp_path / "out/lib/libbundled-setup_local-1.2.so")]
    assert "-Wl,-soname,libbundled-setup_local-1.2.so" in words
    assert (tmp_path / "work/libbundled.a.map").read_text() == "SETUP_LOCAL_1.2 { global: *; };\n"
    shown = tmp_path / "work" / "libbundled.a"
    assert words[words.index("-Wl,--whole-archive") + 1] == str(shown)
    assert shown.read_bytes() == with_default_visibility(_archive("libbundled.a"), where="x")
    assert words.index("-lm") > words.index("-Wl,--no-whole-archive"), "what only it needs comes after it"


@pytest.mark.parametrize("python", ["3.9.2", "3.11.2", "3.13.5"])
def test_modules_with_libraries_are_shared_ones_and_the_interpreter_has_none(python: str) -> None:
    plan = _plan(python)
    linked = [item for item in plan.linked_extensions if item.archives]
    assert linked
    assert all(item.link is LinkMode.SHARED for item in linked)
    assert not any(item.in_core for item in linked)
    known = {item.file for item in plan.shared_objects}
    assert {name for item in linked for name in item.shared_objects} == known
    assert plan.archive_stem.endswith("noopt+shared_deps")
    assert "$ORIGIN/../.." in dict(plan.configure.links)["Modules/%.so"][-1]


def test_a_module_names_the_shared_libraries() -> None:
    extension = PlannedExtension(name="zlib", link=LinkMode.STATIC, sources=("zlibmodule.c",), archives=("libz.a",))
    objects = (SharedObject(archive="libz.a", library="zlib", version="1.3"),)
    (linked,) = link_shared([extension], objects)
    assert module_line(linked) == "zlib zlibmodule.c $(DEPS)/lib/libz-setup_local-1.3.so"


def test_a_static_library_that_nobody_produces_is_refused() -> None:
    extension = PlannedExtension(name="zlib", link=LinkMode.STATIC, archives=("libz.a",))
    with pytest.raises(CatalogError, match=r"libz\.a"):
        shared_objects([], [extension])
