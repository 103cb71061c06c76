"""Sources that an index lists, described like the nearest pin."""

from __future__ import annotations

import dataclasses

from setup_local.catalog.keys import NEVER_HERE
from setup_local.catalog.sources import (
    AptPlace,
    ArchiveKind,
    Form,
    Requirement,
    Signature,
    Sigstore,
    Source,
    Sources,
    Trust,
)
from setup_local.fetch.derive import Listed, Template, assembled, derived, fitting_pins, listed, templates

OPENSSL = Form(
    file="openssl-3.5.7.tar.gz",
    sha256="1" * 64,
    size=7,
    root="openssl-3.5.7",
    urls=("https://host/openssl-3.5.7/openssl-3_5_7.tar.gz",),
    apt=AptPlace(
        package="openssl", version="3.5.7-1~deb13u2", file="openssl_3.5.7.orig.tar.gz", suites=("trixie", "sid")
    ),
    extent=(1, 2),
    verified=False,
)
EXPAT = Form(
    file="expat_2.8.3.orig.tar.gz",
    sha256="2" * 64,
    size=7,
    root="libexpat-R_2_8_3/expat",
    apt=AptPlace(package="expat", version="2.8.3+dfsg-1", file="expat_2.8.3+dfsg.orig.tar.gz", suites=("sid",)),
)
LIBC = Form(
    file="libc6_2.41-12_amd64.deb",
    sha256="3" * 64,
    size=7,
    kind=ArchiveKind.DEB,
    root="usr/lib",
    apt=AptPlace(
        package="libc6", version="2.41-12", file="libc6_2.41-12_amd64.deb", suites=("trixie",), source="glibc"
    ),
)
PINS = Sources(
    sources=(
        Source(name="openssl", version="3.5.7", forms=(OPENSSL,)),
        Source(name="openssl", version="3.0.20", forms=(Form(file="o", sha256="4" * 64, size=1),)),
        Source(name="expat", version="2.8.3", forms=(EXPAT,)),
        Source(name="libc6", version="2.41", forms=(LIBC,)),
    )
)
SOURCE_STANZA = f"""\
Package: openssl
Version: 3.5.9-1~deb13u1
Directory: pool/main/o/openssl
Checksums-Sha256:
 {"a" * 64} 2707 openssl_3.5.9-1~deb13u1.dsc
 {"b" * 64} 53279637 openssl_3.5.9.orig.tar.gz
 {"c" * 64} 931 openssl_3.5.9.orig.tar.gz.asc
 {"d" * 64} 12 openssl_3.5.9.orig-part.tar.gz
 {"e" * 64} 54612 openssl_3.5.9-1~deb13u1.debian.tar.xz
"""
BINARY_STANZA = f"""\
Package: libc6
Version: 2.41-12+deb13u5
Filename: pool/main/g/glibc/libc6_2.41-12+deb13u5_amd64.deb
Size: 2850108
SHA256: {"f" * 64}
"""


def item(package: str, version: str, file: str, sha256: str = "a" * 64) -> Listed:
    return Listed(package=package, version=version, file=file, sha256=sha256, size=9)


def test_of_a_source_package_only_the_original_tarball_is_listed() -> None:
    (found,) = listed(ArchiveKind.TAR, SOURCE_STANZA)
    assert (found.file, found.sha256, found.size) == ("openssl_3.5.9.orig.tar.gz", "b" * 64, 53279637)


def test_a_binary_package_is_listed_with_its_file() -> None:
    (found,) = listed(ArchiveKind.DEB, BINARY_STANZA)
    assert (found.version, found.file, found.size) == ("2.41-12+deb13u5", "libc6_2.41-12+deb13u5_amd64.deb", 2850108)
    assert list(listed(ArchiveKind.DEB, SOURCE_STANZA)) == []


def test_pins_that_fit_are_looked_at_first() -> None:
    fitting = fitting_pins(Requirement(name="openssl", versions=">=3,<3.1"), PINS)
    assert [pin.version for pin in fitting] == ["3.0.20"]
    none = fitting_pins(Requirement(name="openssl", versions=">=4"), PINS)
    assert [pin.version for pin in none] == ["3.5.7", "3.0.20"]


def test_one_template_for_each_package() -> None:
    (template,) = templates(fitting_pins(Requirement(name="openssl"), PINS))
    assert (template.version, template.suites) == ("3.5.7", ("trixie", "sid"))


def test_upstreams_tarball_keeps_upstreams_name_and_places() -> None:
    (template,) = templates(fitting_pins(Requirement(name="openssl"), PINS))
    found = derived(template, item("openssl", "3.5.9-1~deb13u1", "openssl_3.5.9.orig.tar.gz"), "trixie")
    assert found is not None
    version, form = found
    assert (version, form.file, form.root) == ("3.5.9", "openssl-3.5.9.tar.gz", "*")
    assert form.urls == ("https://host/openssl-3.5.9/openssl-3_5_9.tar.gz",)
    assert form.apt == AptPlace(
        package="openssl", version="3.5.9-1~deb13u1", file="openssl_3.5.9.orig.tar.gz", suites=("trixie",)
    )
    assert (form.size, form.extent, form.verified) == (9, None, True)


def test_other_bytes_than_upstreams_have_the_packages_name_alone() -> None:
    (template,) = templates(fitting_pins(Requirement(name="openssl"), PINS))
    for version, file in (
        ("3.5.9-1", "openssl_3.5.9.orig.tar.xz"),
        ("3.5.9+dfsg-1", "openssl_3.5.9+dfsg.orig.tar.gz"),
    ):
        found = derived(template, item("openssl", version, file), "trixie")
        assert found is not None
        assert (found[0], found[1].file, found[1].urls) == ("3.5.9", file, ())


def test_a_tree_below_the_top_directory_stays_there() -> None:
    (template,) = templates(fitting_pins(Requirement(name="expat"), PINS))
    found = derived(template, item("expat", "2.9.0-1", "expat_2.9.0.orig.tar.gz"), "sid")
    assert found is not None
    assert found[1].root == "*/expat"


def test_a_binary_package_is_of_the_same_processor() -> None:
    (template,) = templates(fitting_pins(Requirement(name="libc6"), PINS))
    found = derived(template, item("libc6", "2.41-13", "libc6_2.41-13_amd64.deb"), "trixie")
    assert found is not None
    assert (found[0], found[1].file, found[1].root) == ("2.41", "libc6_2.41-13_amd64.deb", "usr/lib")
    assert derived(template, item("libc6", "2.41-13", "libc6_2.41-13_arm64.deb"), "trixie") is None
    assert derived(template, item("libc6-dev", "2.41-13", "libc6-dev_2.41-13_amd64.deb"), "trixie") is None


def found_of(name: str, versions: str, items: list[tuple[Listed, str]]) -> tuple[Source, ...]:
    requirement = Requirement(name=name, versions=versions)
    pins = fitting_pins(requirement, PINS)
    (template,) = templates(pins)
    forms = [form for entry, suite in items if (form := derived(template, entry, suite))]
    return assembled(requirement, pins, forms)


def test_the_pinned_version_in_other_bytes_comes_before_newer_ones() -> None:
    entries = [
        (item("openssl", "3.5.9-1", "openssl_3.5.9.orig.tar.gz", "a" * 64), "trixie"),
        (item("openssl", "3.5.7+dfsg-1", "openssl_3.5.7+dfsg.orig.tar.gz", "b" * 64), "trixie"),
        (item("openssl", "3.5.11-1", "openssl_3.5.11.orig.tar.gz", "c" * 64), "sid"),
        (item("openssl", "3.6.0-1", "openssl_3.6.0.orig.tar.gz", "d" * 64), "sid"),
    ]
    found = found_of("openssl", ">=3.5,<3.6", entries)
    assert [source.version for source in found] == ["3.5.7", "3.5.11", "3.5.9"]
    assert {source.trust for source in found} == {Trust.SIGNED}
    catalog = PINS.without(["openssl-3.5.7"]).with_more(found)
    candidates = catalog.candidates(Requirement(name="openssl", versions=">=3.5,<3.6"))
    assert [source.version for source in candidates] == ["3.5.7", "3.5.11", "3.5.9"]


def test_an_exact_request_stays_exact() -> None:
    entries = [(item("openssl", "3.5.9-1", "openssl_3.5.9.orig.tar.gz"), "trixie")]
    assert found_of("openssl", "==3.5.8", entries) == ()


def test_pinned_bytes_and_older_packages_are_left_out() -> None:
    entries = [
        (item("libc6", "2.41-12", "libc6_2.41-12_amd64.deb", "3" * 64), "trixie"),
        (item("libc6", "2.41-11", "libc6_2.41-11_amd64.deb", "5" * 64), "trixie"),
    ]
    assert found_of("libc6", "==2.41", entries) == ()


def test_of_one_version_the_newest_package_comes_first_and_suites_are_joined() -> None:
    entries = [
        (item("libc6", "2.41-12+deb13u5", "libc6_2.41-12+deb13u5_amd64.deb", "5" * 64), "trixie"),
        (item("libc6", "2.41-12+deb13u10", "libc6_2.41-12+deb13u10_amd64.deb", "6" * 64), "trixie-security"),
        (item("libc6", "2.41-12+deb13u10", "libc6_2.41-12+deb13u10_amd64.deb", "6" * 64), "trixie"),
    ]
    (found,) = found_of("libc6", "==2.41", entries)
    assert [form.sha256[0] for form in found.forms] == ["6", "5"]
    assert found.forms[0].apt is not None
    assert found.forms[0].apt.suites == ("trixie-security", "trixie")


def test_pins_are_preferred_to_what_an_index_vouches_for() -> None:
    own = Source(name="openssl", version="3.5.99", forms=(OPENSSL,), trust=Trust.SIGNED)
    first, *_ = PINS.with_more([own]).candidates(Requirement(name="openssl"))
    assert first.trust is Trust.PINNED


SIGNATURE = Signature(
    key="openssl", file="openssl-3.5.7.asc", sha256="5" * 64, size=5, urls=("https://host/3.5.7.asc",)
)


def of_listed(form: Form, text: str = SOURCE_STANZA) -> Form:
    """Return the form that is derived from a pin for the version that an index lists."""
    assert OPENSSL.apt is not None
    (found,) = listed(ArchiveKind.TAR, text)
    made = derived(Template(version="3.5.7", form=form, place=OPENSSL.apt, suites=()), found, "sid")
    assert made is not None
    return made[1]


def test_the_signature_beside_a_tarball_is_expected_and_not_that_of_the_pin() -> None:
    expected = Signature(
        key="openssl",
        file="openssl-3.5.9.asc",
        sha256="c" * 64,
        size=931,
        urls=("https://host/3.5.9.asc",),
        apt=AptPlace(
            package="openssl", version="3.5.9-1~deb13u1", file="openssl_3.5.9.orig.tar.gz.asc", suites=("sid",)
        ),
    )
    assert of_listed(dataclasses.replace(OPENSSL, signature=SIGNATURE)).signature == expected
    without = SOURCE_STANZA.replace(f" {'c' * 64} 931 openssl_3.5.9.orig.tar.gz.asc\n", "")
    unlisted = dataclasses.replace(expected, sha256="", size=0, apt=None)
    assert of_listed(dataclasses.replace(OPENSSL, signature=SIGNATURE), without).signature == unlisted


def test_no_signature_of_a_pin_is_expected_of_other_bytes() -> None:
    other = dataclasses.replace(OPENSSL, file="openssl-3.5.7.tar.xz", signature=SIGNATURE, unsigned="none")
    assert (of_listed(other).signature, of_listed(other).unsigned) == (None, "none")


def test_a_bundle_is_expected_of_another_version_and_its_bytes_are_here() -> None:
    bundle = Sigstore(identity="i", issuer="https://i", file="openssl-3.5.7.sigstore", sha256="6" * 64, size=3)
    form = of_listed(dataclasses.replace(OPENSSL, sigstore=bundle, unsigned=NEVER_HERE))
    assert form.sigstore == dataclasses.replace(bundle, file="openssl-3.5.9.sigstore", sha256="", size=0)
    assert form.unsigned == ""
