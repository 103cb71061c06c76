"""Rules about one binary of any format: what it needs, defines and exports.

Rules for one format are in `check_elf`, `check_macho` and so on.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from setup_local.audit.facts import Binary
from setup_local.audit.model import Group, Rule
from setup_local.audit.own_places import is_own
from setup_local.audit.policy import matches

Breaches = Iterator[tuple[str, str]]
_IMPLEMENTATION = "_"  # prefix of names that a C library shares with the helpers of compilers
_MOST = 8  # names in one sentence


def listed(names: set[str] | frozenset[str]) -> str:
    """Return sorted names for a sentence, only the first few of many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST} more" if len(ordered) > _MOST else ""
    return ", ".join(ordered[:_MOST]) + more


def _machine(binary: Binary) -> Breaches:
    policy, image = binary.policy, binary.image
    if image.machine not in policy.machines or image.bits != policy.bits:
        wanted = f"{' and '.join(policy.machines)}, {policy.bits} bit"
        yield binary.name, f"is for {image.machine}, {image.bits} bit; the target is {wanted}"


def _needed(binary: Binary) -> Breaches:
    """Leave libraries that the distribution provides to `own-libraries-found`, which sees all of it."""
    for library in binary.image.needed:
        if not binary.policy.needs(library, binary.name) and not binary.policy.brings(library):
            yield binary.name, f"needs {library}, which is not on the whitelist for this file"


def _interpreter(binary: Binary) -> Breaches:
    found, wanted = binary.image.loader, binary.policy.loader
    if found is not None and found != wanted:
        yield binary.name, f"requires the loader {found}, not {wanted}"


def _run_paths(binary: Binary) -> Breaches:
    for path in binary.image.search_paths:
        if not is_own(binary.image, path):
            place = path or "the current directory"
            yield binary.name, f"searches for libraries in {place}, which is not relative to the file ($ORIGIN)"


def _writable_code(binary: Binary) -> Breaches:
    if any(segment.writable and segment.executable for segment in binary.image.segments):
        yield binary.name, "has a segment that is both writable and executable"


def _exports(binary: Binary) -> Breaches:
    """Leave libraries that exist to export something to `private-symbols`."""
    policy, image = binary.policy, binary.image
    identity = posixpath.basename(image.identity or "")
    if not image.linked or policy.is_private(identity):
        return
    if image.is_program:
        allowed = policy.interpreter_exports
    elif identity.startswith("lib") or policy.brings(identity):
        allowed = policy.library_exports
    else:
        allowed = policy.module_exports
    stray = {
        name
        for name in image.exports
        if not matches(name, allowed) and not any(item.covers(binary.name, name) for item in policy.allowed_exports)
    }
    if stray:
        yield binary.name, f"exports symbols that it should not export: {listed(stray)}"


def _libc_functions(binary: Binary) -> Breaches:
    policy, image, symbols = binary.policy, binary.image, binary.image.symbols
    if image.standalone:
        return  # a static program contains the C library
    visible = {name for name in symbols.linkable | image.exports if not name.startswith(_IMPLEMENTATION)}
    suspects = {name for name in visible & symbols.functions if policy.functions.get(name, (10**6,)) <= binary.floor}
    if image.linked:  # a linker makes hidden functions local; only in objects are local ones certainly private
        local = symbols.locals & symbols.functions & policy.functions.keys()
        suspects |= {name for name in local if matches(name, policy.unmistakable)}
    own = {name for name in suspects if not any(item.covers(binary.name, name) for item in policy.allowed_functions)}
    if own:
        yield binary.name, f"defines functions of the C library: {listed(own)}"


RULES: tuple[Rule[Binary], ...] = tuple(
    Rule(id=name, title=title, group=Group.BINARIES, check=check)
    for name, title, check in (
        ("binary-machine", "binaries are for the target's processor", _machine),
        ("needed-libraries", "binaries need only whitelisted shared libraries", _needed),
        ("loader-path", "programs require the target's loader", _interpreter),
        ("run-paths", "run paths are relative to the file or its program", _run_paths),
        ("writable-code", "no segment is both writable and executable", _writable_code),
        ("exports", "symbols of dependencies are not exported", _exports),
        ("libc-functions", "binaries define no functions of the C library", _libc_functions),
    )
)
