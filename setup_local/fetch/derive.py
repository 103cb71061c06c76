"""Sources that an index lists and the catalog does not pin, described like the nearest pin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
from setup_local.catalog.versions import admits, order
from setup_local.fetch.apt_sources import parse_stanzas
from setup_local.fetch.debian_versions import debian_order, upstream_part, upstream_version

_ORIGINAL = re.compile(r"\.orig\.tar\.\w+$")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A file in an index; `version` is that of the package, `size` in bytes, `signature` the file next to it."""

    package: str
    version: str
    file: str
    sha256: str
    size: int
    signature: Listed | None = None


@dataclass(frozen=True, kw_only=True)
class Template:
    """A pin that serves as a template for sources in an index, and the suites to search."""

    version: str
    form: Form
    place: AptPlace
    suites: tuple[str, ...]


def fitting_pins(requirement: Requirement, known: Sources) -> tuple[Source, ...]:
    """Return the pins that meet a requirement, or all with its name if none does; newest first."""
    named = sorted(
        (source for source in known.sources if source.name == requirement.name and source.trust is Trust.PINNED),
        key=lambda source: order(source.version),
        reverse=True,
    )
    return tuple(source for source in named if admits(requirement.versions, source.version)) or tuple(named)


def templates(pins: Iterable[Source]) -> tuple[Template, ...]:
    """Return one template for each package that pins name, from the first pin that does."""
    found: dict[tuple[ArchiveKind, str, str], Template] = {}
    for pin in pins:
        for form in pin.forms:
            if form.apt is None:
                continue
            key = (form.kind, form.apt.package, form.apt.architecture)
            first = found.get(key) or Template(version=pin.version, form=form, place=form.apt, suites=())
            found[key] = replace(first, suites=tuple(dict.fromkeys([*first.suites, *form.apt.suites])))
    return tuple(found.values())


def listed(kind: ArchiveKind, text: str) -> Iterator[Listed]:
    """Yield files of a kind in control stanzas (deb822(5)): binary packages, or source packages' original tarballs."""
    for stanza in parse_stanzas(text):
        if kind is ArchiveKind.DEB:
            yield from _binary(stanza)
        else:
            yield from _originals(stanza)


def _binary(stanza: dict[str, str]) -> Iterator[Listed]:
    if {"Package", "Version", "Filename", "SHA256", "Size"} <= stanza.keys():
        yield Listed(
            package=stanza["Package"],
            version=stanza["Version"],
            file=stanza["Filename"].rpartition("/")[2],
            sha256=stanza["SHA256"],
            size=int(stanza["Size"]),
        )


def _originals(stanza: dict[str, str]) -> Iterator[Listed]:
    package, version = stanza.get("Package", ""), stanza.get("Version", "")
    stem = f"{package}_{upstream_part(version)}"
    rows = (line.split() for line in stanza.get("Checksums-Sha256", "").splitlines() if line.strip())
    files = {
        file: Listed(package=package, version=version, file=file, sha256=sha256, size=int(size))
        for sha256, size, file in rows
    }
    for file, item in files.items():
        if file.startswith(stem) and _ORIGINAL.fullmatch(file.removeprefix(stem)):
            yield replace(item, signature=files.get(f"{file}.asc"))


def derived(template: Template, item: Listed, suite: str) -> tuple[str, Form] | None:
    """Return the version and the form of a listed file; None for a file that does not match the template."""
    place, old = template.place, template.version
    version = upstream_version(item.version, known=old, known_package_version=place.version)
    if version is None or item.package != place.package or not _same_processor(item.file, place.file):
        return None
    same_bytes = _is_upstreams(template, item, version)
    form = replace(
        template.form,
        file=with_version(template.form.file, old, version) if same_bytes else item.file,
        sha256=item.sha256,
        size=item.size,
        root=_root(template.form, old, version),
        urls=tuple(with_version(url, old, version) for url in template.form.urls) if same_bytes else (),
        apt=replace(place, version=item.version, file=item.file, suites=(suite,)),
        pypi=None,
        extent=None,
        verified=True,
        signature=_signature(template, version, item, suite) if same_bytes else None,
        sigstore=_bundle(template, version) if same_bytes else None,
        unsigned="" if template.form.unsigned == NEVER_HERE else template.form.unsigned,
    )
    return version, form


def _signature(template: Template, version: str, item: Listed, suite: str) -> Signature | None:
    """Return where to get the signature of another version: the one that the index lists next to the file.

    If it lists none, any signature made with a key of the source is accepted.
    """
    old, signature, there = template.version, template.form.signature, item.signature
    if signature is None:
        return None
    place = replace(template.place, version=item.version, file=there.file, suites=(suite,)) if there else None
    urls = tuple(with_version(url, old, version) for url in signature.urls)
    return replace(
        signature,
        file=with_version(signature.file, old, version),
        sha256=there.sha256 if there else "",
        size=there.size if there else 0,
        urls=urls,
        apt=place,
    )


def _bundle(template: Template, version: str) -> Sigstore | None:
    """Return where to get the sigstore bundle of another version."""
    old, bundle = template.version, template.form.sigstore
    if bundle is None:
        return None
    urls = tuple(with_version(url, old, version) for url in bundle.urls)
    return replace(bundle, file=with_version(bundle.file, old, version), sha256="", size=0, urls=urls)


def _is_upstreams(template: Template, item: Listed, version: str) -> bool:
    """Return whether the distribution has upstream's tarball, in the pin and now: its version is exactly upstream's."""
    return (
        template.form.kind is ArchiveKind.TAR
        and upstream_part(template.place.version) == template.version
        and upstream_part(item.version) == version
        and _ending(template.form.file) == _ending(item.file)
    )


def with_version(text: str, old: str, new: str) -> str:
    """Return a pin's text for another version; both spellings of versions are replaced (`2.8.3`, `2_8_3`)."""
    return text.replace(old, new).replace(old.replace(".", "_"), new.replace(".", "_"))


def _root(form: Form, old: str, new: str) -> str:
    """Return the path of the source tree; the name of a tarball's only directory is unknown before the download."""
    if form.kind is not ArchiveKind.TAR or not form.root:
        return with_version(form.root, old, new)
    return "/".join(["*", *with_version(form.root, old, new).split("/")[1:]])


def _same_processor(file: str, other: str) -> bool:
    return _ORIGINAL.search(file) is not None or file.rpartition("_")[2] == other.rpartition("_")[2]


def _ending(file: str) -> str:
    return file.replace(".tgz", ".tar.gz").rpartition(".tar.")[2]


def assembled(
    requirement: Requirement, pins: tuple[Source, ...], found: Iterable[tuple[str, Form]]
) -> tuple[Source, ...]:
    """Return the sources that forms make up: first versions that are also pinned, then newest first.

    Pinned forms are left out, as they have been tried already, and so are older packages of a pinned version.
    Of one version the newest package comes first; the same bytes from several suites are one form.
    """
    pinned = {form.sha256 for pin in pins for form in pin.forms}
    oldest = {
        (pin.version, form.apt.package): debian_order(form.apt.version)
        for pin in pins
        for form in pin.forms
        if form.apt
    }
    by_version: dict[str, dict[str, Form]] = {}
    for version, form in found:
        key = (version, form.apt.package if form.apt else "")
        if form.apt and key in oldest and debian_order(form.apt.version) < oldest[key]:
            continue
        if form.sha256 not in pinned and admits(requirement.versions, version):
            forms = by_version.setdefault(version, {})
            forms[form.sha256] = _merged(forms.get(form.sha256), form)
    known = {pin.version for pin in pins}
    return tuple(
        Source(
            name=requirement.name,
            version=version,
            forms=tuple(sorted(by_version[version].values(), key=_newest_package, reverse=True)),
            trust=Trust.SIGNED,
        )
        for version in sorted(by_version, key=lambda version: (version in known, order(version)), reverse=True)
    )


def _merged(first: Form | None, form: Form) -> Form:
    if first is None or first.apt is None or form.apt is None:
        return form
    suites = tuple(dict.fromkeys([*first.apt.suites, *form.apt.suites]))
    return replace(first, apt=replace(first.apt, suites=suites))


def _newest_package(form: Form) -> tuple[bool, object]:
    return (True, debian_order(form.apt.version)) if form.apt else (False, 0)
