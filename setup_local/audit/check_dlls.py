"""Rules about the DLLs of a Windows tree: forwarded names exist, and so does what programs are linked against."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from setup_local.audit.check_binary import listed
from setup_local.audit.facts import FileFacts, Packed
from setup_local.audit.model import Group, Rule
from setup_local.audit.stable_abi import FILE
from setup_local.binfmt.coff import Coff
from setup_local.binfmt.coff_symbols import POINTER
from setup_local.binfmt.pe import Pe

Breaches = Iterator[tuple[str, str]]
_INTERPRETER = re.compile(r"python3\d+([a-z]*)\.dll")


def _images(dist: Packed) -> Iterator[tuple[str, Pe]]:
    for name, facts in dist.files.items():
        if isinstance(facts.image, Pe) and facts.image.linked:
            yield name, facts.image


def _libraries(dist: Packed) -> dict[str, Pe]:
    """Return the DLLs next to the program, by lower-case name."""
    tree = dist.policy.tree
    found = (
        (posixpath.basename(name).lower(), image) for name, image in _images(dist) if tree.is_library(_short(name))
    )
    return dict(found)


def _short(name: str) -> str:
    return name.removeprefix("install/")


def _forwarders(dist: Packed) -> Breaches:
    libraries = _libraries(dist)
    for name, image in _images(dist):
        lost = set()
        for exported, target in image.forwarded.items():
            library, _, symbol = target.rpartition(".")
            found = libraries.get(f"{library.lower()}.dll")
            if (found is None or symbol not in found.exports) and not _may_be_lost(dist, name, exported):
                lost.add(f"{exported} ({target})")
        if lost:
            yield name, f"forwards exports to DLLs that do not have them: {listed(lost)}"


def _may_be_lost(dist: Packed, file: str, name: str) -> bool:
    policy = dist.policy.pe
    return policy is not None and any(item.covers(file, name) for item in policy.allowed_forwarders)


def _stable_abi(dist: Packed) -> Breaches:
    """Check only archives with the library's own tests, one of which lists the stable ABI."""
    wanted = frozenset().union(*(facts.stable_abi for facts in dist.files.values()))
    if not wanted:
        return
    libraries = _libraries(dist)
    name = _stable_name(libraries)
    image = libraries.get(name)
    if image is None:
        yield name, "is missing; extensions for several versions of Python are linked against it"
    elif missing := wanted - image.exports:
        yield name, f"lacks names of the stable ABI that {FILE} lists: {listed(missing)}"
    elif own := image.exports - image.forwarded.keys():
        yield name, f"defines names that it should forward: {listed(own)}"


def _stable_name(libraries: Iterable[str]) -> str:
    """Return the name of the stable ABI's DLL, which has the same ABI flags as the interpreter's."""
    flags = [match[1] for name in libraries if (match := _INTERPRETER.fullmatch(name))]
    return f"python3{flags[0] if flags else ''}.dll"


def _import_libraries(dist: Packed) -> Breaches:
    libraries = _libraries(dist)
    for name, facts in dist.files.items():
        if not dist.policy.tree.is_import_library(_short(name)):
            continue
        for library, symbols in _offers(facts).items():
            image = libraries.get(library.lower())
            if image is None:
                yield name, f"is for {library}, which is not next to the program"
            elif missing := symbols - image.exports:
                yield name, f"contains symbols that {library} does not export: {listed(missing)}"


def _offers(facts: FileFacts) -> dict[str, frozenset[str]]:
    """Return the symbols that a library offers, by DLL."""
    found: dict[str, frozenset[str]] = {}
    for image in (binary.image for binary in facts.binaries):
        if isinstance(image, Coff) and image.library:
            names = {name.removeprefix(POINTER) for name in image.symbols.globals}
            found[image.library] = found.get(image.library, frozenset()) | names
    return found


RULES: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("forwarded-exports", "forwarded exports exist in DLLs of the tree", _forwarders),
        ("stable-abi", "python3.dll forwards the stable ABI", _stable_abi),
        ("import-libraries", "import libraries contain only symbols that DLLs of the tree export", _import_libraries),
    )
)
