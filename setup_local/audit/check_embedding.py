"""Rules about embedding: an archive contains what it tells build systems to link."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from setup_local.audit.facts import FileFacts, Packed
from setup_local.audit.model import Group, Rule
from setup_local.binfmt.detect import FileKind
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_SETTINGS = re.compile(r"(?P<library>.*lib/)pkgconfig/python-(?P<version>[^/]+?)-embed(?P<static>-static)?\.pc")
_SHARED = {BinaryFormat.ELF: ".so", BinaryFormat.MACHO: ".dylib", BinaryFormat.PE: ".dll"}
_BESIDE = "build/lib/"
_START = "Py_Main"


def _libraries(dist: Packed) -> Breaches:
    for name in sorted(dist.files):  # a link is another name for one of them
        if match := _SETTINGS.fullmatch(name):
            stem = f"{match['library']}libpython{match['version']}"
            yield from (
                _static(dist, name, f"{stem}.a")
                if match["static"]
                else _shared(dist, name, f"{stem}{_SHARED[dist.policy.format]}")
            )


def _shared(dist: Packed, settings: str, path: str) -> Breaches:
    facts = dist.followed(path)
    if facts is None or facts.image is None:
        yield settings, f"names {path}, which is missing"
        return
    if _START not in facts.image.exports:
        yield facts.name, f"does not export {_START}, so programs cannot use it to embed Python"
    if posixpath.basename(facts.image.identity or "") != posixpath.basename(facts.name):
        yield facts.name, f"identifies itself as {facts.image.identity}, so a program linked to it would not find it"


def _static(dist: Packed, settings: str, path: str) -> Breaches:
    facts = dist.followed(path)
    if facts is None or not _is_library(facts):
        yield settings, f"names {path}, which is missing"
    if not any(name.startswith(_BESIDE) for name in dist.names):
        yield settings, f"names static libraries in {_BESIDE}, which are missing"


def _is_library(facts: FileFacts) -> bool:
    """Return whether a file is a static library, or a universal file of static libraries."""
    return facts.kind is FileKind.AR or (facts.kind is FileKind.MACHO and facts.image is None and bool(facts.binaries))


RULES: tuple[Rule[Packed], ...] = (
    Rule(
        id="embedding-libraries",
        title="libraries that the pkg-config files for embedding name exist",
        group=Group.ARCHIVE,
        check=_libraries,
    ),
)
