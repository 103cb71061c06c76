"""Rules that only Windows files can break: system requirements, hardening by the linker, traces of the build."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from setup_local.audit.check_binary import listed
from setup_local.audit.facts import Binary
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import PePolicy, matches, version
from setup_local.binfmt.coff import Coff
from setup_local.binfmt.pe import Pe

Breaches = Iterator[tuple[str, str]]
_AS_INVOKER = re.compile(r"""<requestedExecutionLevel\s[^>]*\blevel\s*=\s*["']asInvoker["']""")
_LONG_PATHS = re.compile(r"<(?:\w+:)?longPathAware\b[^>]*>\s*true\s*<")
_WIDE = 64  # bits of an address


def _linked(check: Callable[[Binary, Pe, PePolicy], Iterator[str]]) -> Callable[[Binary], Breaches]:
    """Return a rule about programs and DLLs from a check that yields their defects."""

    def rule(binary: Binary) -> Breaches:
        image, policy = binary.image, binary.policy.pe
        if isinstance(image, Pe) and image.linked and policy is not None:
            yield from ((binary.name, what) for what in check(binary, image, policy))

    return rule


@_linked
def _system(_: Binary, image: Pe, policy: PePolicy) -> Iterator[str]:
    if image.subsystem not in policy.subsystems:
        yield f"is for the subsystem {image.subsystem}, in which Python does not run"
    if image.subsystem_version > version(policy.newest_system):
        found = ".".join(map(str, image.subsystem_version))
        yield f"requires Windows {found}, newer than {policy.newest_system}"


@_linked
def _random_address(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if not image.dynamic_base:
        yield "is always loaded at the same address (no DYNAMIC_BASE)"
    elif image.bits == _WIDE and not image.high_entropy:
        yield "is loaded only below 4 GiB (no HIGH_ENTROPY_VA)"


@_linked
def _relocations(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if not image.movable:
        yield "has no base relocations, so it cannot be loaded at another address"


@_linked
def _data(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if not image.nx_compatible:
        yield "allows data to be executed (no NX_COMPAT)"


@_linked
def _guard(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if image.claims_guard and not image.guarded:
        yield "claims that its calls are checked (GUARD_CF), but has no table to check them against"


@_linked
def _common_data(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if image.shared:
        yield f"has data that every process can write: {listed(image.shared)}"


@_linked
def _callbacks(_: Binary, image: Pe, policy: PePolicy) -> Iterator[str]:
    if image.callbacks > policy.callbacks:
        yield f"has {image.callbacks} functions called for each thread (TLS); the C runtime has {policy.callbacks}"


@_linked
def _numbered(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if image.exported.unnamed:
        yield f"exports {image.exported.unnamed} functions by number only"


@_linked
def _debug(binary: Binary, image: Pe, policy: PePolicy) -> Iterator[str]:
    if matches(binary.name, policy.vendor_files):
        return
    if image.pdb:
        yield f"names a debug information file: {image.pdb}"
    if image.debug_sections:
        yield f"contains debug information: {listed(image.debug_sections)}"


@_linked
def _manifest(_: Binary, image: Pe, __: PePolicy) -> Iterator[str]:
    if not image.is_program:
        return
    if not image.manifests:
        yield "has no manifest, so Windows guesses which rights it needs"
        return
    text = image.manifests[0]
    if not _AS_INVOKER.search(text):
        yield "does not request the rights of the user who starts it (asInvoker)"
    if not _LONG_PATHS.search(text):
        yield "does not state that it handles long paths (longPathAware)"


def _times(binary: Binary) -> Breaches:
    image = binary.image
    times: frozenset[int] = frozenset()
    vendor = binary.policy.pe is not None and matches(binary.name, binary.policy.pe.vendor_files)
    if isinstance(image, Pe) and not vendor:
        times = image.times
    elif isinstance(image, Coff):
        times = frozenset({image.time}) - {0}
    if times:
        yield binary.name, f"contains a timestamp: {', '.join(map(str, sorted(times)))} seconds after 1970"


RULES: tuple[Rule[Binary], ...] = tuple(
    Rule(id=name, title=title, group=Group.BINARIES, check=check)
    for name, title, check in (
        ("windows-version", "programs run on the oldest Windows of the target", _system),
        ("address-randomization", "programs and DLLs are loaded at random addresses", _random_address),
        ("base-relocations", "programs and DLLs can be loaded at any address", _relocations),
        ("executable-data", "data is not executable", _data),
        ("control-flow-guard", "binaries that claim Control Flow Guard have its table", _guard),
        ("shared-data", "no writable data is shared by all processes", _common_data),
        ("thread-callbacks", "only the C runtime has TLS callbacks", _callbacks),
        ("exports-by-name", "nothing is exported by number only", _numbered),
        (
            "windows-debug-information",
            "programs and DLLs neither contain debug information nor name a file with it",
            _debug,
        ),
        ("program-manifest", "programs state which rights they need and that they handle long paths", _manifest),
        ("windows-times", "files for Windows contain no timestamps", _times),
    )
)
