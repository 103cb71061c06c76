"""TLS libraries by choice: which version is linked, under which licence, and how CPython is patched for it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from packaging.version import Version

from setup_local.catalog.catalogs import PYTHON, load_catalogs
from setup_local.catalog.patches import load_patch
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Libc, Request

CATALOGS = load_catalogs()
VERSIONS = CATALOGS.sources.versions(PYTHON)
CHOICES = [choice.name for choice in CATALOGS.variants.tls]


def planned(python: str, tls: str = "") -> Plan:
    return resolve(Request(python=python, tls=tls), CATALOGS)


def linked(plan: Plan) -> list[tuple[str, str]]:
    return [(item.name, item.source.version) for item in plan.libraries if "lib/libssl.a" in item.library.produces]


@pytest.mark.parametrize("python", VERSIONS)
@pytest.mark.parametrize("tls", CHOICES)
def test_every_python_links_one_tls_library_of_the_chosen_series(python: str, tls: str) -> None:
    plan = planned(python, tls)
    family, series = tls.split("-")
    ((name, version),) = linked(plan)
    assert name == family
    assert version.startswith(series)
    assert plan.tls == tls


def test_nothing_asked_for_is_the_newest_series() -> None:
    assert linked(planned("3.13.5")) == linked(planned("3.13.5", "openssl-3.5"))
    assert planned("3.13.5").options_text == "noopt"


@pytest.mark.parametrize(
    ("tls", "words"), [("openssl-3.0", "noopt+openssl3.0"), ("openssl-1.1.1", "noopt+openssl1.1.1")]
)
def test_another_series_is_recorded(tls: str, words: str) -> None:
    assert planned("3.13.5", tls).options_text == words


@pytest.mark.parametrize(
    ("tls", "licence"), [("openssl-3.5", "Apache-2.0"), ("openssl-3.0", "Apache-2.0"), ("openssl-1.1.1", "OpenSSL")]
)
def test_each_series_has_its_own_licence(tls: str, licence: str) -> None:
    libraries = {item.name: item.library for item in planned("3.13.5", tls).libraries}
    assert libraries["openssl"].licenses == (licence,)


@pytest.mark.parametrize("asked", ["openssl-1.0.2", "openssl-4", "gnutls"])
def test_an_unknown_library_is_refused_with_those_that_are_known(asked: str) -> None:
    with pytest.raises(RequestError, match=f"there is no TLS library '{asked}'") as caught:
        planned("3.13.5", asked)
    assert caught.value.hint == f"known: {', '.join(CHOICES)}"


@pytest.mark.parametrize("feature", ["readline", "gdbm"])
def test_libraries_under_the_gpl_do_not_go_with_the_old_licence(feature: str) -> None:
    def request(tls: str) -> Request:
        return Request(python="3.13.5", tls=tls, with_features=(feature,))

    assert resolve(request("openssl-3.0"), CATALOGS)
    with pytest.raises(RequestError, match="cannot be built: nobody may pass on"):
        resolve(request("openssl-1.1.1"), CATALOGS)


def test_the_same_certificates_and_settings_of_the_host_count_with_every_series() -> None:
    for tls in CHOICES:
        (library,) = (item.library for item in planned("3.13.5", tls).libraries if item.name == "openssl")
        files = {edit.file for name in library.patches for edit in load_patch(name).edits}
        assert {"crypto/x509/x509_def.c", "crypto/conf/conf_mod.c", "util/mkbuildinf.pl"} <= files


def _libressl_patches(python: str) -> Iterable[str]:
    facts = Facts(python=Version(python), triple="x86_64-unknown-linux-gnu", libc=Libc.GLIBC, tls="libressl-4.3")
    chosen = [part.name for part in CATALOGS.cpython.patch if part.when.matches(facts)]
    return [name for name in chosen if name.startswith("cpython-libressl")]


@pytest.mark.parametrize(
    ("python", "patches"),
    [
        ("3.10.22", ["3.10", "store"]),
        ("3.11.2", ["3.10"]),
        ("3.11.17", ["3.10", "store"]),
        ("3.12.15", ["3.12", "store"]),
        ("3.13.5", ["3.12"]),
        ("3.14.7", ["3.12"]),
    ],
)
def test_cpython_is_changed_for_libressl_only(python: str, patches: list[str]) -> None:
    assert _libressl_patches(python) == [f"cpython-libressl-{name}.toml" for name in patches]
    for tls in CHOICES:
        assert not [name for name in planned(python, tls).python_patches if "libressl" in name]


def test_the_python_that_was_written_for_the_old_series_is_changed_for_the_new_ones() -> None:
    patch = "cpython-openssl-3.toml"
    assert all(patch in planned("3.9.2", tls).python_patches for tls in ("openssl-3.5", "openssl-3.0"))
    assert patch not in planned("3.9.2", "openssl-1.1.1").python_patches
    assert patch not in planned("3.11.2", "openssl-3.5").python_patches
