"""Rules about machine code: features that an archive's name does not exclude must be visible in its files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from setup_local.audit.facts import Binary, Distribution, FileFacts
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import matches
from setup_local.values import BinaryFormat, Libc

Breaches = Iterator[tuple[str, str]]
_WITHOUT_FRAMES = "without_frame_pointers"
_WITHOUT_HARDENING = "without_hardening"
_STACK_CHECK = "__stack_chk_fail"  # called by a function that finds the guard value in its frame overwritten
_CHECKED = "__*_chk"  # glibc's functions that know the size of their buffer
_FRAME_FLAG = "-fno-omit-frame-pointer"
# If every function except assembly sets up a frame, nineteen of twenty do. If none has to, hardly any does on x86-64,
# but two thirds do on AArch64, where compilers omit frames only in functions that call nothing.
_LEAST = 0.8
_FEW = 20  # functions, most of which may be assembly
_MANY = 100  # functions, some of which have an array on the stack
# A post-link layout moves the cold parts of functions away and names each (llvm-bolt: `f.cold.0`). They use the frame of
# the function that they belong to.
_COLD_PART = re.compile(r"\.cold(\.\d+)?$")
_LIBRARIES = "build/lib/*.a"


def _promises(dist: Distribution, word: str) -> bool:
    """Return whether a distribution has the feature that this word in its build options would exclude."""
    return word not in dist.description.build_options.split("+")


def _judged(dist: Distribution) -> Iterator[FileFacts]:
    """Yield the file that contains the interpreter, and the static libraries that are compiled like it."""
    if dist.carrier:
        yield dist.carrier
    for name, facts in dist.files.items():
        if fnmatchcase(name, _LIBRARIES) and not matches(name, dist.policy.other_code):
            yield facts


def _frames(binaries: Iterable[Binary]) -> tuple[int, int]:
    """Return how many functions files have, and how many frames they set up, without files where that is unknown."""
    images = (item.image for item in binaries)
    seen = [(_whole(image.symbols.functions), image.frames) for image in images if image.frames is not None]
    return sum(functions for functions, _ in seen), sum(frames for _, frames in seen)


def _whole(functions: Iterable[str]) -> int:
    return sum(not _COLD_PART.search(name) for name in functions)


def _frame_pointers(dist: Distribution) -> Breaches:
    if not _promises(dist, _WITHOUT_FRAMES):
        return
    for facts in _judged(dist):
        functions, frames = _frames(facts.binaries)
        if (functions > _FEW or facts is dist.carrier) and frames < _LEAST * functions:
            yield (
                facts.name,
                f"sets up {frames} frames in {functions} functions, but the build options do not name {_WITHOUT_FRAMES}",
            )


def _mentioned(facts: FileFacts) -> frozenset[str]:
    """Return every name that the code of a file refers to."""
    images = [item.image for item in facts.binaries]
    return frozenset().union(*(item.imports | item.symbols.undefined | item.symbols.functions for item in images))


def _stack_protector(dist: Distribution) -> Breaches:
    """Skip Windows, whose C runtime uses another function for this, and whose programs have no function names."""
    if not _promises(dist, _WITHOUT_HARDENING) or dist.policy.format is BinaryFormat.PE:
        return
    for facts in _judged(dist):
        functions = sum(len(item.image.symbols.functions) for item in facts.binaries)
        if (functions > _MANY or facts is dist.carrier) and _STACK_CHECK not in _mentioned(facts):
            yield (
                facts.name,
                f"never calls {_STACK_CHECK}, but the build options do not name {_WITHOUT_HARDENING}",
            )


def _fortified(dist: Distribution) -> Breaches:
    if dist.carrier is None or dist.policy.libc is not Libc.GLIBC or not _promises(dist, _WITHOUT_HARDENING):
        return
    if not any(fnmatchcase(name, _CHECKED) for name in _mentioned(dist.carrier)):
        yield dist.carrier.name, f"calls no {_CHECKED} of glibc, but the build options do not name {_WITHOUT_HARDENING}"


def _frame_flags(dist: Distribution) -> Breaches:
    """Skip processors and systems whose frames are not counted: nothing is promised for them."""
    if not dist.carrier or all(item.image.frames is None for item in dist.carrier.binaries):
        return
    told = _FRAME_FLAG in dist.description.python_config_vars.get("CFLAGS", "").split()
    if told != _promises(dist, _WITHOUT_FRAMES):
        found = "contains" if told else "does not contain"
        yield "$.python_config_vars.CFLAGS", f"{found} {_FRAME_FLAG}, which contradicts the build options"


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("frame-pointers", "all code has frame pointers, unless the build options exclude them", _frame_pointers),
        (
            "frame-pointer-flags",
            "flags for building extensions enable frame pointers exactly if the interpreter has them",
            _frame_flags,
        ),
        ("stack-protector", "all code has the stack protector, unless the build options exclude it", _stack_protector),
        (
            "fortified",
            "the interpreter calls glibc's checked functions, unless the build options exclude them",
            _fortified,
        ),
    )
)
