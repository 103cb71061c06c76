"""Rules that only ELF files can break: symbol versions, hardening by the linker, contradictory section tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from setup_local.audit.check_binary import listed
from setup_local.audit.facts import Binary
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import Policy, version
from setup_local.binfmt.elf import Elf
from setup_local.catalog.toolchains import load_sysroot
from setup_local.values import Libc

Breaches = Iterator[tuple[str, str]]
_GLIBC = re.compile(r"GLIBC_(\d+(?:\.\d+)*)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfBinary:
    """A `Binary` that is an ELF file."""

    name: str
    elf: Elf
    policy: Policy
    floor: tuple[int, ...]


def _agree(binary: ElfBinary) -> Breaches:
    for what in binary.elf.disagreements:
        yield binary.name, what


def _symbol_versions(binary: ElfBinary) -> Breaches:
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


def _stack(binary: ElfBinary) -> Breaches:
    match binary.elf.linked, binary.elf.executable_stack:
        case True, None:
            yield binary.name, "has no PT_GNU_STACK header, so the loader makes the stack executable"
        case True, True:
            yield binary.name, "requires an executable stack"


def _relro(binary: ElfBinary) -> Breaches:
    if binary.elf.has_dynamic and not binary.elf.relro:
        yield binary.name, "has no PT_GNU_RELRO segment"


def _bind_now(binary: ElfBinary) -> Breaches:
    if binary.elf.has_dynamic and not binary.elf.bind_now:
        yield binary.name, "binds symbols lazily (no BIND_NOW), so its relocation table stays writable"


def _text_relocations(binary: ElfBinary) -> Breaches:
    if binary.elf.text_relocations:
        yield binary.name, "has relocations in its code"


@cache
def _other_names() -> dict[str, str]:
    """Return the name by which the C library itself uses a variable, by each of the variable's other names."""
    return {name: own for own, *others in load_sysroot().one_variable for name in others}


def _copied_variables(binary: ElfBinary) -> Breaches:
    for name in sorted(binary.elf.copied):
        own = _other_names().get(name, name)
        if own not in binary.elf.dynamic.defined:
            yield binary.name, f"contains the C library's {name} without its name {own}, which the library itself uses"


def _page_size(binary: ElfBinary) -> Breaches:
    """Check every mapped part as loaders do on kernels with the largest pages."""
    wanted = binary.policy.page_size
    for segment in binary.elf.segments:
        if segment.alignment % wanted or (segment.address - segment.offset) % wanted:
            place = f"its segment at {segment.address:#x}"
            yield (
                binary.name,
                f"{place} is aligned to {segment.alignment} bytes, but kernels may have pages of {wanted}",
            )
            return


def _instructions(binary: ElfBinary) -> Breaches:
    for extension, place in sorted(binary.elf.newer):
        if not any(item.covers(binary.name, place) for item in binary.policy.allowed_instructions):
            yield (
                binary.name,
                f"{place} uses {extension} instructions, which the oldest processors of the target lack",
            )


def _private_symbols(binary: ElfBinary) -> Breaches:
    if not binary.policy.is_private(binary.elf.soname or ""):
        return
    common = binary.elf.exported - binary.elf.versioned
    if common:
        yield binary.name, f"exports symbols without its own symbol version: {listed(common)}"


def _of_elf(check: Callable[[ElfBinary], Breaches]) -> Callable[[Binary], Breaches]:
    """Return a check that skips files of other formats."""

    def checked(binary: Binary) -> Breaches:
        if isinstance(binary.image, Elf):
            yield from check(ElfBinary(name=binary.name, elf=binary.image, policy=binary.policy, floor=binary.floor))

    return checked


RULES: tuple[Rule[Binary], ...] = tuple(
    Rule(id=name, title=title, group=Group.BINARIES, check=_of_elf(check))
    for name, title, check in (
        ("sections-agree", "section tables agree with what a loader reads", _agree),
        ("symbol-versions", "no symbol version is newer than the C library's floor", _symbol_versions),
        ("stack", "the stack is not executable", _stack),
        ("relro", "relocated data becomes read-only (RELRO)", _relro),
        ("bind-now", "symbols are bound at start (BIND_NOW)", _bind_now),
        ("page-size", "segments are aligned to the largest page size of the target's kernels", _page_size),
        (
            "instructions",
            "only functions selected at run time use instructions that the oldest processor lacks",
            _instructions,
        ),
        ("text-relocations", "code contains no relocations", _text_relocations),
        ("copied-variables", "the C library and the program use the same variables", _copied_variables),
        ("private-symbols", "symbols of shared dependencies cannot be confused with the host's", _private_symbols),
    )
)
