"""Variants: which TLS library is used, which requests are refused, and the archive's name."""

from __future__ import annotations

import dataclasses

import pytest
from packaging.version import Version

from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.load import schema
from setup_local.catalog.targets import load_targets
from setup_local.catalog.variants import Impossible, TlsChoice, VariantCatalog, load_variants
from setup_local.catalog.when import Facts, When
from setup_local.errors import RequestError
from setup_local.plan.resolve import choose_target, resolve
from setup_local.plan.variants import choose_tls, refuse_impossible, variant_words
from setup_local.plan.windows import windows_names
from setup_local.values import BuildOption, Libc, Linkage, LinkMode, OperatingSystem, Request

FACTS = Facts(
    python=Version("3.13.5"),
    triple="x86_64-unknown-linux-gnu",
    os=OperatingSystem.LINUX,
    arch="x86_64",
    libc=Libc.GLIBC,
    tls="alpha-2.0",
)
CATALOG = VariantCatalog(
    tls=(
        TlsChoice(name="alpha-2.0", title="Alpha 2.0"),
        TlsChoice(name="alpha-1.0", title="Alpha 1.0", when=When(python="<3.10")),
        TlsChoice(name="beta-4.2", title="Beta 4.2"),
        TlsChoice(name="beta-4.1", title="Beta 4.1"),
    ),
    impossible=(Impossible(when=When(options=(BuildOption.PGO,)), reason="it is so", hint="something else"),),
)


def test_conditions_read_the_same_in_every_catalog() -> None:
    whens = [schema(name)["$defs"]["when"] for name in ("variants", "cpython", "extensions", "libraries", "windows")]
    assert all(item == whens[0] for item in whens)
    values = whens[0]["properties"]
    assert values["options"]["items"]["enum"] == [item.value for item in BuildOption]
    for name in ("libpython", "dependencies", "extensions"):
        assert values[name]["enum"] == [item.value for item in Linkage]


def test_a_shared_libpython_is_another_configure_and_other_patches() -> None:
    catalogs = load_catalogs()
    request = Request(python="cpython-3.13.5", target_triple=FACTS.triple, glibc=None, options="pgo+lto")
    static = resolve(request, catalogs)
    shared = resolve(dataclasses.replace(request, libpython=Linkage.SHARED), catalogs)
    assert shared.archive_stem.endswith("pgo+lto+shared")
    assert set(shared.configure.args) - set(static.configure.args) == {"--enable-shared"}
    assert dict(shared.configure.links)["python"][-1] == "-Wl,-rpath,$ORIGIN/../lib"
    assert [item.name for item in shared.python_patches if item not in static.python_patches] == [
        "cpython-venv-libpython.toml"
    ]
    assert shared.profiling == static.profiling, "the profile is made of the static form"
    assert static.configure.relayout
    assert shared.configure.relayout is None, "there is no code in the program that could be laid out"


def test_modules_for_windows_are_separate_files_on_request() -> None:
    catalogs = load_catalogs()
    request = Request(python="cpython-3.13.5", target_triple="x86_64-pc-windows-msvc")
    static = resolve(request, catalogs)
    shared = resolve(dataclasses.replace(request, extensions=Linkage.SHARED), catalogs)
    assert shared.archive_stem.endswith("noopt+shared_extensions")
    links = {item.name: item.link for item in shared.extensions}
    assert links["_ssl"] is LinkMode.SHARED
    assert links["zlib"] is LinkMode.STATIC, "it is in CPython's own table"
    assert {item.name for item in static.extensions if item.link is LinkMode.STATIC and item.sources} == {
        module.name for module in catalogs.windows.modules if not module.is_shared
    }
    assert {name for name, link in links.items() if link is LinkMode.SHARED} == {
        module.name for module in catalogs.windows.modules
    }
    assert shared.recipes.windows.modules != static.recipes.windows.modules, "the build follows the plan"
    assert shared.libraries == static.libraries


def test_builds_for_windows_without_the_gil_have_patches_of_their_own() -> None:
    catalogs = load_catalogs()
    request = Request(python="cpython-3.13.5", target_triple="x86_64-pc-windows-msvc")
    with_it = resolve(request, catalogs)
    without = resolve(dataclasses.replace(request, options="freethreaded"), catalogs)
    assert without.archive_stem.endswith("freethreaded+noopt")
    assert [patch.name for patch in without.python_patches if patch not in with_it.python_patches] == [
        "cpython-windows-freethreaded.toml",
        "cpython-own-lock.toml",
    ]
    assert windows_names(without).dll == "python313t"
    assert windows_names(with_it).dll == "python313"


@pytest.mark.parametrize(
    ("asked", "chosen"), [("", "alpha-2.0"), ("alpha", "alpha-2.0"), ("beta", "beta-4.2"), ("beta-4.1", "beta-4.1")]
)
def test_a_tls_library_is_chosen(asked: str, chosen: str) -> None:
    assert choose_tls(asked, CATALOG, FACTS) == chosen


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ("gamma", "unknown TLS library 'gamma'", "known: alpha-2.0, alpha-1.0, beta-4.2, beta-4.1"),
        (
            "alpha-1.0",
            "CPython 3.13.5 for x86_64-unknown-linux-gnu cannot be built with Alpha 1.0; it needs Python <3.10",
            "possible: alpha-2.0, beta-4.2, beta-4.1",
        ),
    ],
)
def test_a_tls_library_that_does_not_fit_is_refused(asked: str, message: str, hint: str) -> None:
    with pytest.raises(RequestError) as caught:
        choose_tls(asked, CATALOG, FACTS)
    assert caught.value.what == message
    assert caught.value.hint == hint


def test_an_impossible_combination_is_refused_with_its_reason() -> None:
    refuse_impossible(CATALOG, FACTS)
    with pytest.raises(RequestError, match="cannot be built: it is so"):
        refuse_impossible(CATALOG, dataclasses.replace(FACTS, options=frozenset({BuildOption.PGO})))


def test_names_say_what_is_not_the_default() -> None:
    target = choose_target(FACTS.triple, load_targets())
    assert not list(variant_words(CATALOG, FACTS, target, target.default_floor))
    shared = Linkage.SHARED
    other = dataclasses.replace(FACTS, tls="beta-4.1", libpython=shared, dependencies=shared, extensions=shared)
    words = list(variant_words(CATALOG, other, target, "2.17"))
    assert words == ["beta4.1", "shared", "shared_deps", "shared_extensions", "glibc2.17"]


def test_archives_are_called_after_their_variant() -> None:
    plan = resolve(Request(python="3.13.5", glibc="2.17"), load_catalogs())
    assert plan.archive_stem == "cpython-3.13.5-x86_64-unknown-linux-gnu-noopt+glibc2.17"
    assert plan.optimizations_text == "noopt"


@pytest.mark.parametrize("item", load_variants().impossible, ids=lambda item: item.reason)
def test_every_refusal_can_happen(item: Impossible) -> None:
    """A condition that no request meets, or that an earlier one always covers, would be dead text."""
    pythons = [dataclasses.replace(FACTS, python=Version(f"3.{minor}.1")) for minor in range(12, 16)]
    facts = dataclasses.replace(
        next(facts for facts in pythons if item.when.has_python(facts)),
        os=next(iter(item.when.os), FACTS.os),
        arch=next(iter(item.when.arch), FACTS.arch),
        libc=item.when.libc or FACTS.libc,
        options=frozenset(item.when.options),
        libpython=item.when.libpython or Linkage.STATIC,
        cross=bool(item.when.cross),
        dependencies=item.when.dependencies or Linkage.STATIC,
        extensions=item.when.extensions or Linkage.STATIC,
        tls=item.when.tls or FACTS.tls,
        features=frozenset(item.when.features),
    )
    alone = VariantCatalog(tls=CATALOG.tls, impossible=(item,))
    with pytest.raises(RequestError, match="cannot be built") as caught:
        refuse_impossible(alone, facts)
    assert item.reason in caught.value.what
