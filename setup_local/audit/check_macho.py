"""Rules that only Mach-O files can break: oldest system, names that the loader binds, signatures, universal files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from setup_local.audit.check_binary import listed
from setup_local.audit.facts import Binary, FileFacts
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import MachoPolicy, Policy, matches, version
from setup_local.binfmt.macho import Macho, MachoKind
from setup_local.binfmt.macho_linking import SELF, Bound
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_PLATFORM = "macos"
_HASH = "sha256"
_MOVABLE = ("@rpath/", "@loader_path/", "@executable_path/")


@dataclass(frozen=True, kw_only=True, slots=True)
class MachoBinary:
    """A `Binary` that is a Mach-O file, with the policy for Mach-O files."""

    name: str
    macho: Macho
    policy: Policy
    limits: MachoPolicy
    floor: tuple[int, ...]

    @property
    def oldest(self) -> str:
        """Return the oldest system for a sentence."""
        return ".".join(map(str, self.floor))


def _minimum(binary: MachoBinary) -> Breaches:
    found = binary.macho.minimums
    if not found:
        yield binary.name, "does not state which macOS it is for"
    for item in found:
        said = ".".join(map(str, item.version))
        if item.platform != _PLATFORM:
            yield binary.name, f"is for {item.platform} {said}, not for macOS"
        elif item.version > binary.floor:
            yield binary.name, f"is for macOS {said} or newer; the oldest system is {binary.oldest}"


def _looked_up(binary: MachoBinary) -> Iterator[Bound]:
    """Yield the names that are bound to no particular library: the first loaded one that has the name wins."""
    yield from (item for item in binary.macho.bound if item.library < SELF)


def _two_level(binary: MachoBinary) -> Breaches:
    if not binary.macho.linked:
        return
    if not binary.macho.two_level:
        yield binary.name, "does not record which library each name comes from (flat namespace)"
        return
    stray = {item.name for item in _looked_up(binary) if not matches(item.name, binary.limits.looked_up)}
    if stray:
        yield binary.name, f"binds names to any library that has them: {listed(stray)}"


def _of_system(binary: MachoBinary) -> Iterator[tuple[Bound, str]]:
    """Yield each name that is bound to a system library, and that library."""
    for item in binary.macho.bound:
        library = binary.macho.library(item)
        if library and not binary.policy.brings(library):
            yield item, library


def _exists(binary: MachoBinary) -> Breaches:
    unknown: dict[str, set[str]] = {}
    for item, library in _of_system(binary):
        if not binary.policy.offers(library, item.name):
            unknown.setdefault(library, set()).add(item.name)
    for library, names in sorted(unknown.items()):
        yield binary.name, f"needs names that {library} is not known to have: {listed(names)}"


def _newer(binary: MachoBinary) -> Breaches:
    """Check only libSystem, for which it is known when each name was added."""
    functions = binary.policy.functions
    newer = {
        f"{item.name} ({'.'.join(map(str, functions[item.name]))})"
        for item, library in _of_system(binary)
        if library == binary.limits.system_library and not item.optional and functions.get(item.name, ()) > binary.floor
    }
    if newer:
        yield binary.name, f"requires names that are newer than macOS {binary.oldest}: {listed(newer)}"


def _signature(binary: MachoBinary) -> Breaches:
    signature = binary.macho.signature
    if not binary.macho.linked:
        return
    if signature is None:
        if binary.macho.machine in binary.limits.signed:
            yield binary.name, "has no code signature, so macOS does not run it"
        return
    for problem in signature.problems:
        yield binary.name, problem
    if signature.hash != _HASH:
        yield binary.name, f"is signed with {signature.hash} hashes, not {_HASH}"


def _hardening(binary: MachoBinary) -> Breaches:
    if binary.macho.linked and not binary.macho.position_independent:
        yield binary.name, "is a program that cannot be loaded at any address (PIE)"
    if binary.macho.executable_stack:
        yield binary.name, "requires an executable stack"


def _identity(binary: MachoBinary) -> Breaches:
    identity = binary.macho.identity
    if identity is None:
        if binary.macho.kind is MachoKind.DYLIB:
            yield binary.name, "is a library without an install name"
        return
    if not identity.startswith(_MOVABLE):
        yield binary.name, f"has the install name {identity}, which is not relative to what loads it"
    if not binary.policy.brings(identity):
        yield binary.name, f"has the install name {identity}, which a distribution may not provide"


def _slices(facts: FileFacts) -> Breaches:
    """Check universal targets: every binary has code for each of the processors."""
    images = [item.image for item in facts.binaries]
    if facts.target is not BinaryFormat.MACHO or not images:
        return
    wanted = facts.binaries[0].policy.machines
    if len(wanted) > 1 and (missing := set(wanted).difference(image.machine for image in images)):
        yield facts.name, f"has no code for {', '.join(sorted(missing))}"


def _slices_agree(facts: FileFacts) -> Breaches:
    images = [item.image for item in facts.binaries if isinstance(item.image, Macho)]
    if facts.image is None or len(images) < 2:  # noqa: PLR2004 - a single one always agrees
        return
    first = images[0]
    for other in images[1:]:
        pairs = (
            ("exports", first.exports, other.exports),
            ("libraries", first.needed, other.needed),
            ("search paths", first.search_paths, other.search_paths),
            ("install names", (first.identity,), (other.identity,)),
            ("types", (first.kind,), (other.kind,)),
        )
        for what, ours, theirs in pairs:
            if ours != theirs:
                yield facts.name, f"has different {what} for {other.machine} than for {first.machine}"


def _of_macho(check: Callable[[MachoBinary], Breaches]) -> Callable[[Binary], Breaches]:
    """Return a check that skips files of other formats."""

    def checked(binary: Binary) -> Breaches:
        policy = binary.policy
        if isinstance(binary.image, Macho) and policy.mach_o is not None:
            limits = policy.mach_o
            floor = max(binary.floor, version(limits.first_systems.get(binary.image.machine, "")))
            yield from check(
                MachoBinary(name=binary.name, macho=binary.image, policy=policy, limits=limits, floor=floor)
            )

    return checked


RULES: tuple[Rule[Binary], ...] = tuple(
    Rule(id=name, title=title, group=Group.BINARIES, check=_of_macho(check))
    for name, title, check in (
        ("oldest-system", "no binary requires a newer macOS than the distribution", _minimum),
        ("two-level", "every name is bound to one library", _two_level),
        ("system-names", "names bound to system libraries exist in them", _exists),
        ("newer-names", "names newer than the oldest macOS are weak", _newer),
        ("signature", "code signatures are present and cover every byte", _signature),
        ("hardening", "programs are position-independent, and no stack is executable", _hardening),
        ("install-name", "libraries have a relocatable install name", _identity),
    )
)
FILE_RULES: tuple[Rule[FileFacts], ...] = (
    Rule(
        id="slices-complete",
        title="universal files have code for each processor of the target",
        group=Group.BINARIES,
        check=_slices,
    ),
    Rule(
        id="slices-agree",
        title="the slices of a universal file have the same exports and dependencies",
        group=Group.BINARIES,
        check=_slices_agree,
    ),
)
