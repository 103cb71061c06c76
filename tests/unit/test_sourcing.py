"""A request is planned with the best available sources; a choice that is not the best is reported."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from world import World

from setup_local.catalog.sources import AptPlace, Form, NoCandidate, PypiPlace, Sources, Trust, exactly
from setup_local.errors import RequestError, SourceError
from setup_local.fetch.cache import SourceCache
from setup_local.sourcing import Supply, first_reason, voucher, with_own_sources
from setup_local.values import Request

PLAIN = Request(python="3.13.5")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def taken(supply: Supply, name: str) -> str:
    (source,) = {source for source in supply.plan.sources if source.name == name}
    assert supply.sources[source.identity].path.is_file()
    return source.version


def versions(world: World, name: str) -> tuple[str, ...]:
    return world.catalogs.sources.versions(name)


def test_everything_that_is_planned_is_there_and_nothing_else_is_said(world: World) -> None:
    supply = world.supply(PLAIN)
    assert set(supply.sources) == {source.identity for source in supply.plan.sources}
    assert (world.said, world.asked) == ([], [])


def test_of_a_library_the_next_version_is_taken_and_that_is_said(world: World) -> None:
    newest, next_one = versions(world, "sqlite")
    world.lose(f"sqlite-{newest}")
    assert taken(world.supply(PLAIN), "sqlite") == next_one
    (line,) = world.said
    assert line.startswith(f"using sqlite-{next_one}, as sqlite-{newest}.tar could not be obtained: ")
    assert world.asked == []


def test_all_that_is_missing_is_replaced_at_once(world: World) -> None:
    for name in ("sqlite", "tcl", "tk"):
        world.lose(f"{name}-{versions(world, name)[0]}")
    supply = world.supply(PLAIN)
    assert [taken(supply, name) for name in ("sqlite", "tcl", "tk")] == ["3.46.1", "8.6.16", "8.6.16"]
    assert len(world.said) == 3


def test_of_a_series_of_python_the_next_version_is_taken(world: World) -> None:
    best, next_one, *_ = world.catalogs.sources.candidates(exactly("cpython", "3.13.*"))
    world.lose(best.identity)
    assert taken(world.supply(Request(python="3.13")), "cpython") == next_one.version
    assert [
        line
        for line in world.said
        if line.startswith(f"using {next_one.identity}, as {best.identity}.tar could not be obtained: ")
    ]


def test_an_exact_python_is_not_replaced(world: World) -> None:
    world.lose("cpython-3.13.5")
    with pytest.raises(SourceError, match=r"cpython-3\.13\.5: cpython-3\.13\.5\.tar could not be obtained"):
        world.supply(PLAIN)


def test_an_unknown_python_is_a_wrong_request(world: World) -> None:
    with pytest.raises(RequestError, match="unknown Python"):
        world.supply(Request(python="3.8"))


def test_where_no_pin_can_be_had_the_signed_index_is_asked_once(world: World) -> None:
    world.lose("zlib")
    world.signed = [world.tiny("zlib", "1.3.2", trust=Trust.SIGNED)]
    assert taken(world.supply(PLAIN), "zlib") == "1.3.2"
    assert len(world.asked) == 1
    (line,) = world.said
    assert line.startswith(
        "using zlib-1.3.2 (signed, not pinned: a signed index has the hash of zlib-1.3.2.tar), "
        "as zlib-1.3.1.tar could not be obtained: "
    )


def test_the_same_version_can_come_with_other_bytes(world: World) -> None:
    (version,) = versions(world, "zlib")
    world.lose("zlib")
    world.signed = [dataclasses.replace(world.tiny("zlib", version, trust=Trust.SIGNED))]
    supply = world.supply(PLAIN)
    assert {item.source.trust for item in supply.sources.values() if item.source.name == "zlib"} == {Trust.SIGNED}


def test_what_the_index_names_may_be_missing_too(world: World) -> None:
    world.lose("zlib")
    world.signed = [world.tiny("zlib", "1.3.2", trust=Trust.SIGNED)]
    (world.mirror / "zlib-1.3.2.tar").unlink()
    with pytest.raises(SourceError, match=r"zlib-1\.3\.1\.tar could not be obtained") as caught:
        world.supply(PLAIN)
    assert "zlib-1.3.2: zlib-1.3.2.tar could not be obtained:" in str(caught.value)
    assert len(world.asked) == 1


def test_locked_names_what_there_is_and_does_not_take_it(world: World) -> None:
    world.lose("zlib")
    world.signed = [world.tiny("zlib", "1.3.2", trust=Trust.SIGNED)]
    with pytest.raises(SourceError) as caught:
        world.supply(PLAIN, locked=True)
    assert caught.value.exit_code == 11
    assert caught.value.hint == (
        "--locked allows only pinned sources; available without it: "
        "zlib-1.3.2: a signed index has the hash of zlib-1.3.2.tar"
    )


def test_locked_takes_another_pinned_version(world: World) -> None:
    newest, next_one = versions(world, "sqlite")
    world.lose(f"sqlite-{newest}")
    assert taken(world.supply(PLAIN, locked=True), "sqlite") == next_one


def test_locked_refuses_the_users_own_bytes(world: World) -> None:
    own = world.tiny("zlib", "9.0", trust=Trust.LOCAL)
    world.catalogs = dataclasses.replace(world.catalogs, sources=world.catalogs.sources.with_more([own]))
    with pytest.raises(RequestError, match=r"--locked allows only pinned sources, and zlib-9\.0 is local"):
        world.supply(PLAIN, locked=True)


def test_who_vouches_is_named() -> None:
    form = Form(file="f", sha256="0" * 64)
    place = AptPlace(package="p", version="1", file="f", suites=("trixie", "trixie-security"))
    assert voucher(dataclasses.replace(form, apt=place)) == "the signed index of trixie and trixie-security"
    pypi = PypiPlace(project="p", version="1")
    assert voucher(dataclasses.replace(form, pypi=pypi)) == "the Python package index"


def test_a_newer_version_outside_of_what_the_recipe_takes_is_not_taken(world: World) -> None:
    world.lose("libffi")
    world.signed = [world.tiny("libffi", "3.5.0", trust=Trust.SIGNED)]
    with pytest.raises(SourceError, match="libffi"):
        world.supply(PLAIN)


def test_what_the_user_gives_is_taken_whatever_its_version_is(world: World) -> None:
    own = world.tiny("zlib", "9.0", trust=Trust.LOCAL)
    world.catalogs = dataclasses.replace(world.catalogs, sources=world.catalogs.sources.with_more([own]))
    assert taken(world.supply(PLAIN), "zlib") == "9.0"
    assert world.said == []


@pytest.mark.parametrize("asked", ["", "3.13", "cpython-3.13.99"])
def test_the_users_own_python_may_be_one_that_nobody_has_seen(world: World, asked: str) -> None:
    own = world.tiny("cpython", "3.13.99", trust=Trust.LOCAL)
    world.catalogs = dataclasses.replace(world.catalogs, sources=world.catalogs.sources.with_more([own]))
    assert str(world.supply(Request(python=asked)).plan.python) == "3.13.99"


@pytest.mark.parametrize("asked", ["3.14", "3.13.5", "3.13.9", "pypy"])
def test_the_users_own_python_must_be_the_one_that_is_asked_for(world: World, asked: str) -> None:
    own = world.tiny("cpython", "3.13.99", trust=Trust.LOCAL)
    world.catalogs = dataclasses.replace(world.catalogs, sources=world.catalogs.sources.with_more([own]))
    with pytest.raises(RequestError, match=r"the given source is CPython 3\.13\.99, not"):
        world.supply(Request(python=asked))


def test_a_catalog_without_any_pin_is_an_error_of_the_catalog(world: World) -> None:
    left = tuple(source for source in world.catalogs.sources.sources if source.name != "zlib")
    world.catalogs = dataclasses.replace(world.catalogs, sources=Sources(sources=left))
    with pytest.raises(NoCandidate, match="no source matches zlib"):
        world.supply(PLAIN)


def test_a_source_that_cannot_be_had_is_told_with_the_first_place() -> None:
    listed = SourceError("a.tar could not be obtained:\n  https://one: refused\n  two: 404\n ", where="a-1")
    assert first_reason(listed) == "a.tar could not be obtained: https://one: refused"
    assert first_reason(SourceError("the cache is full")) == "the cache is full"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("zlib",), "--source: 'zlib' is not NAME=FILE or NAME=DIR"),
        (("=x",), "--source: '=x' is not NAME=FILE or NAME=DIR"),
        (("zlib=a", "zlib=b"), "--source: the source zlib is given twice"),
    ],
)
def test_what_the_user_gives_must_be_a_name_and_a_path(world: World, given: tuple[str, ...], message: str) -> None:
    request = dataclasses.replace(PLAIN, sources=given)
    with pytest.raises(RequestError, match=message):
        with_own_sources(request, world.catalogs, SourceCache(world.mirror))


def test_what_the_user_gives_must_be_of_use(world: World) -> None:
    own = world.tiny("zstd", "1.6.0", trust=Trust.LOCAL)
    world.catalogs = dataclasses.replace(world.catalogs, sources=world.catalogs.sources.with_more([own]))
    with pytest.raises(RequestError, match="this build does not use the given source zstd"):
        world.supply(PLAIN)
    assert taken(world.supply(Request(python="3.14.10")), "zstd") == "1.6.0"


def test_a_source_of_the_user_is_hashed_and_planned(world: World, tmp_path: Path) -> None:
    top = tmp_path / "zlib-1.9"
    top.mkdir()
    (top / "zlib.h").write_text("z")
    request = dataclasses.replace(PLAIN, sources=(f"zlib={top}",))
    world.catalogs = with_own_sources(request, world.catalogs, SourceCache(world.cache))
    assert taken(world.supply(request), "zlib") == "1.9"
