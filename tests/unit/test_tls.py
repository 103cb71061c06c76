"""TLS libraries by choice: which version is linked, under which licence, and how CPython is patched for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.version import Version

from setup_local.archive_name import parse_name
from setup_local.catalog.catalogs import PYTHON, load_catalogs
from setup_local.catalog.patches import load_patch
from setup_local.catalog.when import ALWAYS
from setup_local.errors import RequestError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Request

CATALOGS = load_catalogs()
VERSIONS = CATALOGS.sources.versions(PYTHON)
CHOICES = [choice.name for choice in CATALOGS.variants.tls]
OPENSSL = [name for name in CHOICES if name.startswith("openssl-")]
LIBRESSL = [name for name in CHOICES if name.startswith("libressl-")]
MUSL = "x86_64-unknown-linux-musl"


def has_libressl(python: str) -> bool:
    return Version(python) >= Version("3.10")


def planned(python: str, tls: str = "") -> Plan:
    return resolve(Request(python=python, tls=tls), CATALOGS)


def linked(plan: Plan) -> list[tuple[str, str]]:
    return [(item.name, item.source.version) for item in plan.libraries if "lib/libssl.a" in item.library.produces]


@pytest.mark.parametrize("python", VERSIONS)
@pytest.mark.parametrize("tls", CHOICES)
def test_every_python_links_one_tls_library_of_the_chosen_series(python: str, tls: str) -> None:
    if tls in LIBRESSL and not has_libressl(python):
        with pytest.raises(
            RequestError, match=r"cannot be built with LibreSSL [\d.]+; it needs Python >=3\.10"
        ) as caught:
            planned(python, tls)
        assert caught.value.hint == f"possible: {', '.join(OPENSSL)}"
        return
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
    ("tls", "words"),
    [
        ("openssl-3.0", "noopt+openssl3.0"),
        ("openssl-1.1.1", "noopt+openssl1.1.1"),
        ("libressl", "noopt+libressl4.3"),
        ("libressl-4.3", "noopt+libressl4.3"),
        ("libressl-4.2", "noopt+libressl4.2"),
    ],
)
def test_another_series_is_recorded(tls: str, words: str) -> None:
    plan = planned("3.13.5", tls)
    assert plan.options_text == words
    name = parse_name(f"{plan.archive_stem}-full.tar.zst")
    assert name
    assert name.build_options == words


@pytest.mark.parametrize(
    ("tls", "licences"),
    [
        ("openssl-3.5", ("Apache-2.0",)),
        ("openssl-3.0", ("Apache-2.0",)),
        ("openssl-1.1.1", ("OpenSSL",)),
        ("libressl-4.3", ("OpenSSL", "ISC")),
        ("libressl-4.2", ("OpenSSL", "ISC")),
    ],
)
def test_each_series_has_its_own_licence(tls: str, licences: tuple[str, ...]) -> None:
    libraries = {item.name: item.library for item in planned("3.13.5", tls).libraries}
    assert libraries[tls.partition("-")[0]].licenses == licences


@pytest.mark.parametrize("options", ["noopt", "noopt+static"])
def test_musl_takes_libressl_as_well(options: str) -> None:
    plan = resolve(Request(python="3.13.5", target_triple=MUSL, options=options, tls="libressl"), CATALOGS)
    assert linked(plan) == [("libressl", "4.3.2")]
    assert plan.options_text == f"{options}+libressl4.3"


def test_modules_link_libressl_and_not_its_third_library() -> None:
    plan = planned("3.13.5", "libressl")
    linked_by = {item.name: (item.libraries, item.archives) for item in plan.extensions}
    assert linked_by["_ssl"] == (("libressl", "certifi"), ("libssl.a", "libcrypto.a"))
    assert linked_by["_hashlib"] == (("libressl",), ("libcrypto.a",))
    assert "openssl" not in {item.name for item in plan.libraries}


def test_both_series_of_libressl_are_built_alike() -> None:
    recipes = [item for item in CATALOGS.libraries if item.name == "libressl"]
    assert len(recipes) == len(LIBRESSL) == 2
    alike = [replace(item, versions="", when=ALWAYS) for item in recipes]
    assert alike[0] == alike[1]


def test_configure_takes_libressl_for_good_enough() -> None:
    cached = {tls: dict(planned("3.13.5", tls).configure.cache) for tls in CHOICES}
    assert {tls for tls, cache in cached.items() if "ac_cv_working_openssl_hashlib" in cache} == set(LIBRESSL)


@pytest.mark.parametrize("asked", ["openssl-1.0.2", "openssl-4", "gnutls"])
def test_an_unknown_library_is_refused_with_those_that_are_known(asked: str) -> None:
    with pytest.raises(RequestError, match=f"unknown TLS library '{asked}'") as caught:
        planned("3.13.5", asked)
    assert caught.value.hint == f"known: {', '.join(CHOICES)}"


@pytest.mark.parametrize("feature", ["readline", "gdbm"])
def test_libraries_under_the_gpl_do_not_go_with_the_old_licence(feature: str) -> None:
    def request(tls: str) -> Request:
        return Request(python="3.13.5", tls=tls, with_features=(feature,))

    assert resolve(request("openssl-3.0"), CATALOGS)
    for tls in ("openssl-1.1.1", *LIBRESSL):
        with pytest.raises(RequestError, match="cannot be built: nobody may pass on"):
            resolve(request(tls), CATALOGS)


def test_the_same_certificates_and_settings_of_the_host_count_with_every_series_of_openssl() -> None:
    for tls in OPENSSL:
        (library,) = (item.library for item in planned("3.13.5", tls).libraries if item.name == "openssl")
        files = {edit.file for name in library.patches for edit in load_patch(name).edits}
        assert {"crypto/x509/x509_def.c", "crypto/conf/conf_mod.c", "util/mkbuildinf.pl"} <= files


def patch_names(python: str, tls: str) -> list[str]:
    return [item.name for item in planned(python, tls).python_patches]


def libressl_patches(python: str, tls: str = "libressl") -> list[str]:
    names = [name for name in patch_names(python, tls) if "libressl" in name]
    return [name.removeprefix("cpython-libressl-").removesuffix(".toml") for name in names]


@pytest.mark.parametrize(
    ("python", "patches"),
    [
        ("3.10.22", ["3.10", "certificates", "store"]),
        ("3.11.2", ["3.10", "certificates"]),
        ("3.11.17", ["3.10", "certificates", "store"]),
        ("3.12.15", ["3.12", "certificates", "store"]),
        ("3.13.5", ["3.12", "certificates"]),
        ("3.14.7", ["3.12", "certificates", "handshake"]),
        ("3.15.2", ["3.15", "certificates", "handshake"]),
    ],
)
def test_cpython_is_changed_for_libressl_only(python: str, patches: list[str]) -> None:
    for tls in LIBRESSL:
        assert libressl_patches(python, tls) == patches
    assert not [name for tls in OPENSSL for name in libressl_patches(python, tls)]


@pytest.mark.parametrize("python", [version for version in VERSIONS if has_libressl(version)])
def test_every_python_that_can_have_libressl_finds_the_hosts_certificates_and_knows_what_is_missing(
    python: str,
) -> None:
    edits = [edit for name in libressl_patches(python) for edit in load_patch(f"cpython-libressl-{name}.toml").edits]
    assert {edit.file for edit in edits} == {"Modules/_hashopenssl.c", "Modules/_ssl.c"}
    text = "".join(edit.replace for edit in edits)
    assert all(word in text for word in ("OPENSSL_NO_SCRYPT", "PY_OPENSSL_HAS_SHAKE", "setup_local_default_cert_file"))
    (library,) = (item.library for item in planned(python, "libressl").libraries if item.name == "libressl")
    assert "include/default_store.h" in library.produces


def test_the_python_that_was_written_for_the_old_series_is_changed_for_the_new_ones() -> None:
    patch = "cpython-openssl-3.toml"
    assert all(patch in patch_names("3.9.2", tls) for tls in ("openssl-3.5", "openssl-3.0"))
    assert patch not in patch_names("3.9.2", "openssl-1.1.1")
    assert patch not in patch_names("3.11.2", "openssl-3.5")
