"""Optional extension modules: additions, omissions and refusals, the archive's name, and the resulting licences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from setup_local import pipeline
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.extensions import Extension, Part
from setup_local.catalog.features import Feature, FeatureCatalog, Kept, feature_problems, load_features
from setup_local.catalog.licenses import LicenseCatalog, WholeLicense, load_licenses
from setup_local.catalog.when import When
from setup_local.commands.variant_options import listed
from setup_local.errors import CatalogError, RequestError
from setup_local.plan.licenses import consequences
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.render import render_setup_local
from setup_local.values import APPLE_SDK, LinkMode, Request

CONTRADICTING: tuple[tuple[str, tuple[str, ...]], ...] = (("openssl-1.1.1", ()), ("", ("readline",)))


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return load_catalogs()


def planned(catalogs: Catalogs, python: str = "3.13.5", **choice: Any) -> Plan:
    return resolve(Request(python=python, **choice), catalogs)


def linked(plan: Plan) -> set[str]:
    return {extension.name for extension in plan.linked_extensions}


def libraries(plan: Plan) -> set[str]:
    return {item.name for item in plan.libraries}


def names(plan: Plan) -> list[str]:
    """Return the names of CPython's patches."""
    return [patch.name for patch in plan.python_patches]


def test_the_catalog_of_features_fits_the_modules(catalogs: Catalogs) -> None:
    assert not list(feature_problems(catalogs.features, catalogs.extensions))
    named = [name for feature in catalogs.features.features for name in feature.modules]
    assert len(named) == len(set(named))
    assert not {name for item in catalogs.features.kept for name in item.modules} & set(named)
    assert catalogs.features.optional == {"readline", "gdbm"}


def test_every_feature_that_a_condition_names_is_one(catalogs: Catalogs) -> None:
    conditions = [when for item in catalogs.extensions for when in _conditions(item)]
    conditions += [part.when for part in (*catalogs.cpython.configure, *catalogs.cpython.patch)]
    conditions += [item.when for item in (*catalogs.libraries, *catalogs.variants.impossible)]
    named = {name for when in conditions for name in (*when.features, *when.no_features)}
    known = catalogs.features.optional | {item.name for item in catalogs.features.code}
    assert {"readline", "gdbm", APPLE_SDK} <= named <= known | {APPLE_SDK}


def _conditions(extension: Extension) -> list[When]:
    return [extension.when, *(item.when for item in (*extension.parts, *extension.decisions))]


def test_problems_of_features_are_found() -> None:
    extensions = (Extension(name="a", parts=(Part(sources=("a.c",)),)),)
    catalog = FeatureCatalog(
        features=(Feature(name="a", title="A", modules=("a", "b")),), kept=(Kept(modules=("c",), reason="so"),)
    )
    assert list(feature_problems(catalog, extensions)) == [
        "the feature a has no module b",
        "the feature a includes more than the module of that name",
        "c is kept, but does not exist",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[feature]]\nname = "a"\ntitle = "A"\n', "feature"),
        ('[[feature]]\nname = "a_b"\ntitle = "A"\nmodules = ["a"]\n', "a_b"),
        ('[[feature]]\nname = "a"\ntitle = "A"\nmodules = ["a"]\ncolour = "red"\n', "colour"),
        ('[[feature]]\nname = "a"\ntitle = "A"\nmodules = ["a"]\ntest = true\n', "valid"),
    ],
)
def test_a_bad_catalog_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "features.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=message):
        load_features(path)


def test_gnu_readline_takes_the_place_of_libedit(catalogs: Catalogs) -> None:
    plan, plain = planned(catalogs, with_features=("readline",)), planned(catalogs)
    assert libraries(plan) - libraries(plain) == {"readline"}
    assert libraries(plain) - libraries(plan) == {"libedit"}
    assert linked(plan) == linked(plain)
    assert plan.configure.args[-1] == "--with-readline=readline"
    assert plan.configure.variables["LIBREADLINE_LIBS"] == "-lreadline -lncursesw"
    assert plan.archive_stem.endswith("-noopt+with_readline")


def test_3_9_is_told_about_libedit_only_where_it_is_used(catalogs: Catalogs) -> None:
    patch = "cpython-editline-header.toml"
    assert patch in names(planned(catalogs, "3.9.2"))
    assert patch not in names(planned(catalogs, "3.9.2", with_features=("readline",)))


def test_gdbm_is_there_when_it_is_asked_for(catalogs: Catalogs) -> None:
    assert linked(planned(catalogs, with_features=("gdbm",))) - linked(planned(catalogs)) == {"_gdbm"}


def test_libraries_that_nothing_needs_any_longer_are_not_built(catalogs: Catalogs) -> None:
    plan, plain = planned(catalogs, without_features=("tkinter",)), planned(catalogs)
    gone = libraries(plain) - libraries(plan)
    assert {"tk", "tcl", "libx11", "fontconfig", "freetype", "libpng", "xorgproto"} <= gone
    assert not gone & {"zlib", "expat"}
    assert plan.left_out == ("_tkinter",)
    assert plan.left_out_programs == ("idle*",)
    (unwanted,) = (item for item in plan.extensions if item.name == "_tkinter")
    assert (unwanted.link, unwanted.reason) == (LinkMode.DISABLED, "not wanted (--without tkinter)")


def test_single_modules_can_be_left_out(catalogs: Catalogs) -> None:
    plan = planned(catalogs, without_modules=("_ssl", "_sqlite3"))
    assert linked(planned(catalogs)) - linked(plan) == {"_sqlite3", "_ssl"}
    assert libraries(planned(catalogs)) - libraries(plan) == {"sqlite", "certifi"}  # _hashlib needs OpenSSL
    assert plan.archive_stem.endswith("-noopt+without__sqlite3+without__ssl")


def test_what_needs_a_module_goes_with_it(catalogs: Catalogs) -> None:
    plan = planned(catalogs, without_modules=("_multibytecodec", "_curses"))
    reasons = {item.name: item.reason for item in plan.extensions if item.name in plan.left_out}
    assert reasons["_codecs_jp"] == "needs _multibytecodec, which is left out"
    assert reasons["_curses_panel"] == "needs _curses, which is left out"
    assert plan.variant == ("without__multibytecodec", "without__curses")


def test_test_modules_are_a_feature(catalogs: Catalogs) -> None:
    plan = planned(catalogs, without_features=("test-modules",))
    assert not any(item.test for item in plan.linked_extensions)
    assert plan.variant == ("without_test_modules",)
    core = [item.name for item in planned(catalogs, "3.9.2", without_features=("test-modules",)).linked_extensions]
    assert "xxsubtype" in core


@pytest.mark.parametrize(
    "choice",
    [
        {"with_features": ("tkinter",)},
        {"without_features": ("gdbm",)},
        {"without_modules": ("_gdbm", "_scproxy")},
    ],
)
def test_what_changes_nothing_has_no_name(catalogs: Catalogs, choice: dict[str, tuple[str, ...]]) -> None:
    assert planned(catalogs, **choice) == planned(catalogs)


def test_a_long_choice_gets_a_short_name(catalogs: Catalogs) -> None:
    names = ("tkinter", "ssl", "sqlite", "curses", "bz2")
    one, other = (planned(catalogs, without_features=order) for order in (names, names[::-1]))
    assert one.variant == other.variant
    (word,) = one.variant
    assert word.startswith("custom.")


@pytest.mark.parametrize(
    ("choice", "what", "hint"),
    [
        ({"with_features": ("readlin",)}, "--with: unknown feature 'readlin'", "did you mean readline?"),
        ({"without_features": ("tk",)}, "--without: unknown feature 'tk'", "known: "),
        ({"without_modules": ("_sqlite",)}, "unknown extension module '_sqlite'", "did you mean _sqlite3?"),
        (
            {"without_modules": ("_zstd",)},
            "--without-modules _zstd: CPython 3.13.5 for x86_64-unknown-linux-gnu has",
            "",
        ),
        ({"without_features": ("zstd",)}, "--without zstd: CPython 3.13.5 for x86_64-unknown-linux-gnu has no", "zstd"),
        ({"without_modules": ("posix",)}, "posix cannot be left out: it is part of CPython's core", ""),
        ({"without_modules": ("zlib",)}, "zlib cannot be left out: pip", ""),
        ({"without_features": ("ssl",), "without_modules": ("_sha2",)}, "_sha2 cannot be left out: hashlib", ""),
        (
            {"with_features": ("gdbm",), "without_modules": ("_gdbm",)},
            "--with gdbm includes _gdbm, which is not wanted (--without-modules _gdbm)",
            "leave one of them out",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    catalogs: Catalogs, choice: dict[str, tuple[str, ...]], what: str, hint: str
) -> None:
    with pytest.raises(RequestError) as caught:
        planned(catalogs, **choice)
    assert what in caught.value.what
    assert hint in (caught.value.hint or "")


def test_kept_modules_exist_or_are_core(catalogs: Catalogs) -> None:
    """A module that must stay must not need a module that can be left out."""
    kept = {name for item in catalogs.features.kept if not item.unless for name in item.modules}
    core = {extension.name for extension in catalogs.extensions if extension.in_core is not None}
    assert all(set(extension.needs) <= kept | core for extension in catalogs.extensions if extension.name in kept)


def test_names_may_be_joined_by_commas() -> None:
    assert listed(("a,b", "c, d")) == ("a", "b", "c", "d")


def test_setup_local_disables_what_is_left_out(catalogs: Catalogs) -> None:
    text = render_setup_local(planned(catalogs, without_features=("sqlite",), with_features=("gdbm",)))
    disabled = text.partition("*disabled*")[2]
    assert "# Left out: not wanted (--without sqlite)\n_sqlite3\n" in disabled
    assert "_gdbm _gdbmmodule.c" in text.partition("*disabled*")[0]


def test_licences_are_known() -> None:
    from license_expression import get_spdx_licensing

    known = get_spdx_licensing().known_symbols
    named = {name for item in load_licenses().whole for name in (item.license, *item.contradicts)}
    assert named <= known.keys()


def test_consequences_of_licences_are_computed_and_told(catalogs: Catalogs) -> None:
    plan = planned(catalogs, with_features=("readline", "gdbm"))
    (consequence,) = plan.consequences
    assert (consequence.license, consequence.libraries) == ("GPL-3.0-or-later", ("readline", "gdbm"))
    assert pipeline.plan_text(plan).splitlines()[-1] == (
        "licence: because it contains readline and gdbm, the whole distribution may be conveyed only under GPL-3.0-or-later,"
        " with its source"
    )
    assert json.loads(pipeline.plan_json(plan))["consequences"][0]["license"] == "GPL-3.0-or-later"
    assert planned(catalogs).consequences == ()


def test_openssl_of_old_must_not_be_conveyed_with_readline(catalogs: Catalogs) -> None:
    old, new = (planned(catalogs, "3.9.2", tls=tls, with_features=more).libraries for tls, more in CONTRADICTING)
    assert consequences(old, catalogs.licenses) == ()
    (consequence,) = consequences((*old, *new), catalogs.licenses)
    assert consequence.conflicts == (("openssl", "OpenSSL"),)


def test_licences_that_contradict_each_other_are_told(catalogs: Catalogs) -> None:
    catalog = LicenseCatalog(whole=(WholeLicense(license="GPL-3.0-or-later", contradicts=("Apache-2.0",)),))
    (consequence,) = consequences(planned(catalogs, with_features=("gdbm",)).libraries, catalog)
    assert ("openssl", "Apache-2.0") in consequence.conflicts
    assert consequence.lines[-1].startswith("openssl is under Apache-2.0, which contradicts GPL-3.0-or-later")
