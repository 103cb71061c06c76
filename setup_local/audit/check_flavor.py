"""Rules about archives that contain only an installation, and whose name states what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from setup_local.audit.archive import MemberKind
from setup_local.audit.facts import Flavoured
from setup_local.audit.layout import filled
from setup_local.audit.model import Group, Rule
from setup_local.audit.safety import ROOT
from setup_local.catalog.flavors import path_expression

Breaches = Iterator[tuple[str, str]]
_ONLY_FULL = re.compile(r"(PYTHON\.json|build/.*|install/.*)")


def _layout(dist: Flavoured) -> Breaches:
    for name in sorted(dist.names):
        if _ONLY_FULL.fullmatch(name):
            yield name, "belongs in a full archive; here python/ is the installation itself"
            return


def _program(dist: Flavoured) -> Breaches:
    facts = dist.program
    if facts is None or facts.image is None or not facts.image.linked:
        yield dist.policy.tree.program, "is not a program of the target"
        return
    if not all(member.mode & 0o111 for member in dist.members if member.name == ROOT + facts.name):
        yield facts.name, "is not executable"


def _version(dist: Flavoured) -> Breaches:
    """Check that the files implied by the version exist, for any ABI."""
    version = ".".join(dist.python.split(".")[:2])
    for pattern in dist.policy.tree.version_files:
        wanted = filled(pattern, version=version)
        found = re.compile(path_expression(filled(pattern, version=version, flags="**")).replace(".*", "[a-z]*"))
        if not any(map(found.fullmatch, dist.names)):
            yield dist.archive, f"does not contain {wanted}, which Python {dist.python} has"


def _stripped(dist: Flavoured) -> Breaches:
    if not dist.flavor.stripped:
        return
    for name, facts in dist.files.items():
        if facts.image is not None and facts.image.linked and not facts.image.stripped:
            yield name, "still has its symbol table or debug sections"


def _parts(dist: Flavoured) -> Breaches:
    files = (member.name for member in dist.members if member.kind is not MemberKind.DIRECTORY)
    for name in (file.removeprefix(ROOT) for file in files):
        part = dist.parts.part_of(name, dist.libpython)
        if part.name in dist.flavor.without:
            yield name, f"belongs to a part that {dist.flavor.name} leaves out: {part.title}"


def _licences(dist: Flavoured) -> Breaches:
    texts = {name: facts for name, facts in dist.files.items() if name.startswith("licenses/")}
    if not texts:
        yield "licenses", "contains no licence texts"
    for name, facts in texts.items():
        if facts.blank:
            yield name, "the licence text is empty"


LICENCES = Rule[Flavoured](
    id="flavour-licences", title="licence texts are included", group=Group.FLAVOUR, check=_licences
)
RULES: tuple[Rule[Flavoured], ...] = tuple(
    Rule(id=name, title=title, group=Group.FLAVOUR, check=check)
    for name, title, check in (
        ("flavour-layout", "python/ is the installation itself", _layout),
        ("flavour-program", "the interpreter is an executable program", _program),
        ("flavour-version", "the installation has the Python version in the file name", _version),
        ("flavour-stripped", "stripped flavours have no symbol tables and no debug sections", _stripped),
        ("flavour-parts", "parts that the flavour leaves out are absent", _parts),
    )
)
