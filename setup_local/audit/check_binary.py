"""Rules about one ELF file: what it needs, how it is linked, what it defines and shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from setup_local.audit.facts import Binary
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import matches, version
from setup_local.binfmt.elf import ElfKind
from setup_local.values import Libc

Breaches = Iterator[tuple[str, str]]
_GLIBC = re.compile(r"GLIBC_(\d+(?:\.\d+)*)$")
_ORIGIN = re.compile(r"\$(ORIGIN|\{ORIGIN\})(/.*)?$")
_MOST = 8  # names in one sentence


def listed(names: set[str] | frozenset[str]) -> str:
    """Return names for a sentence, sorted, the first few of many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST} more" if len(ordered) > _MOST else ""
    return ", ".join(ordered[:_MOST]) + more


def _is_program(binary: Binary) -> bool:
    return binary.elf.kind is ElfKind.EXECUTABLE or binary.elf.interpreter is not None


def _machine(binary: Binary) -> Breaches:
    policy, elf = binary.policy, binary.elf
    if (elf.machine, elf.elf_class) != (policy.machine, policy.elf_class):
        yield (
            binary.name,
            f"is for {elf.machine}, {elf.elf_class} bit; the target is {policy.machine}, {policy.elf_class} bit",
        )


def _agree(binary: Binary) -> Breaches:
    for what in binary.elf.disagreements:
        yield binary.name, what


def _needed(binary: Binary) -> Breaches:
    """Leave libraries that the distribution brings to `own-libraries-found`, which sees the whole of it."""
    for library in binary.elf.needed:
        if not binary.policy.needs(library, binary.name) and not binary.policy.brings(library):
            yield binary.name, f"needs {library}, which is not on the whitelist for this file"


def _interpreter(binary: Binary) -> Breaches:
    found, wanted = binary.elf.interpreter, binary.policy.interpreter
    if found is not None and found != wanted:
        yield binary.name, f"asks for the loader {found} instead of {wanted}"


def _symbol_versions(binary: Binary) -> Breaches:
    if binary.policy.libc is Libc.MUSL:
        for need in binary.elf.version_needs:
            yield binary.name, f"needs {need.version} of {need.library}; musl has no symbol versions"
        return
    newer: dict[str, list[tuple[int, ...]]] = {}
    for need in binary.elf.version_needs:
        match = _GLIBC.match(need.version)
        if match and version(match[1]) > binary.floor:
            newer.setdefault(need.library, []).append(version(match[1]))
        if need.version == "GLIBC_PRIVATE":
            yield binary.name, f"needs {need.version} of {need.library}, which only glibc itself may use"
    for library, versions in newer.items():
        names = ", ".join("GLIBC_" + ".".join(map(str, item)) for item in sorted(versions))
        yield binary.name, f"needs {names} of {library}; the floor is {'.'.join(map(str, binary.floor))}"


def _run_paths(binary: Binary) -> Breaches:
    for path in binary.elf.rpaths:
        if not _ORIGIN.match(path):
            yield (
                binary.name,
                f"searches libraries in {path or 'the current directory'}, which is not relative to $ORIGIN",
            )


def _stack(binary: Binary) -> Breaches:
    match binary.elf.linked, binary.elf.executable_stack:
        case True, None:
            yield binary.name, "has no PT_GNU_STACK header, so the loader makes the stack executable"
        case True, True:
            yield binary.name, "asks for an executable stack"


def _relro(binary: Binary) -> Breaches:
    if binary.elf.has_dynamic and not binary.elf.relro:
        yield binary.name, "has no PT_GNU_RELRO segment"


def _bind_now(binary: Binary) -> Breaches:
    if binary.elf.has_dynamic and not binary.elf.bind_now:
        yield binary.name, "binds symbols lazily (no BIND_NOW), so its relocation table stays writable"


def _text_relocations(binary: Binary) -> Breaches:
    if binary.elf.text_relocations:
        yield binary.name, "has relocations in its code"


def _writable_code(binary: Binary) -> Breaches:
    if binary.elf.writable_code:
        yield binary.name, "has a segment that is writable and executable"


def _exports(binary: Binary) -> Breaches:
    """Leave libraries to `private-symbols` that are there to export something."""
    policy = binary.policy
    if not binary.elf.linked or policy.is_private(binary.elf.soname or ""):
        return
    if _is_program(binary):
        allowed = policy.interpreter_exports
    elif binary.elf.soname and binary.elf.soname.startswith("lib"):
        allowed = policy.library_exports
    else:
        allowed = policy.module_exports
    stray = {
        name
        for name in binary.elf.exported
        if not matches(name, allowed) and not any(item.covers(binary.name, name) for item in policy.allowed_exports)
    }
    if stray:
        yield binary.name, f"exports symbols that are not its own to export: {listed(stray)}"


def _private_symbols(binary: Binary) -> Breaches:
    if not binary.policy.is_private(binary.elf.soname or ""):
        return
    common = binary.elf.exported - binary.elf.versioned
    if common:
        yield binary.name, f"exports symbols without a version of its own: {listed(common)}"


def _libc_functions(binary: Binary) -> Breaches:
    policy, symbols = binary.policy, binary.elf.symbols
    if binary.elf.linked and not binary.elf.has_dynamic:
        return  # a static program has the C library in it
    visible = symbols.linkable | binary.elf.exported
    suspects = {name for name in visible & symbols.functions if policy.functions.get(name, (10**6,)) <= binary.floor}
    if binary.elf.linked:  # a linker makes hidden functions local; only in objects are local ones surely private
        local = symbols.locals & symbols.functions & policy.functions.keys()
        suspects |= {name for name in local if matches(name, policy.unmistakable)}
    own = {name for name in suspects if not any(item.covers(binary.name, name) for item in policy.allowed_functions)}
    if own:
        yield binary.name, f"defines functions of the C library: {listed(own)}"


RULES: tuple[Rule[Binary], ...] = tuple(
    Rule(id=name, title=title, group=Group.BINARIES, check=check)
    for name, title, check in (
        ("binary-machine", "binaries are for the target's processor", _machine),
        ("sections-agree", "sections say the same as what a loader reads", _agree),
        ("needed-libraries", "only whitelisted shared libraries are needed", _needed),
        ("loader-path", "programs ask for the target's own loader", _interpreter),
        ("symbol-versions", "no symbol version is newer than the C library's floor", _symbol_versions),
        ("run-paths", "RPATH and RUNPATH are relative to $ORIGIN", _run_paths),
        ("stack", "the stack is not executable", _stack),
        ("relro", "relocated data becomes read-only (RELRO)", _relro),
        ("bind-now", "symbols are bound at start (BIND_NOW)", _bind_now),
        ("text-relocations", "code holds no relocations", _text_relocations),
        ("writable-code", "no segment is writable and executable", _writable_code),
        ("exports", "symbols of dependencies are not exported", _exports),
        ("private-symbols", "symbols of shared dependencies cannot be mistaken for the host's", _private_symbols),
        ("libc-functions", "no function of the C library is defined inside", _libc_functions),
    )
)
