"""Rules about optimizations: the files show what PYTHON.json names, and nobody else is affected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from setup_local.audit.facts import COUNTS, LOOP, Binary, Distribution, Packed
from setup_local.audit.model import Group, Rule
from setup_local.binfmt.coff import HOT as COFF_HOT
from setup_local.binfmt.detect import FileKind
from setup_local.binfmt.elf import HOT, MOVED
from setup_local.binfmt.image import Image
from setup_local.binfmt.linker_map import LinkerMap
from setup_local.binfmt.macho import Macho
from setup_local.values import WITHOUT_LAYOUT_WORD, BinaryFormat

Breaches = Iterator[tuple[str, str]]
_PGO, _LTO = "pgo", "lto"
_OBJECTS = "build/"
_PROFILE = "build/cpython.profdata"
_LEAST_JUMPS = 20_000_000  # starts alone make 7 million, a whole workload 200 million
_NEVER_LAID_OUT = {WITHOUT_LAYOUT_WORD, "shared", "static"}
# Where compilers put hot code; Mach-O files have no such place.
_HOT = {BinaryFormat.ELF: HOT, BinaryFormat.PE: COFF_HOT}
_OWN_FLAGS = ("-flto", "-ffat-lto-objects", "-fprofile-", "--ld-path", "-Wl,-object_path_lto")


def _options(dist: Distribution) -> frozenset[str]:
    return frozenset(dist.description.build_options.split("+"))


def _program(dist: Distribution) -> Breaches:
    facts = dist.carrier
    if facts is None or facts.image is None:
        return  # reported by `python-program` and `paths-exist`
    options = _options(dist)
    shown: Image | LinkerMap = facts.image
    hot = facts.image.symbols.hot
    if dist.policy.format is BinaryFormat.PE and options & {_PGO, _LTO}:
        place = f"{_OBJECTS}{PurePosixPath(facts.name).stem}.map"
        found = dist.files[place].linker_map if place in dist.files else None
        if found is None or found.lacks(facts.image.exports):
            yield place, f"is not the linker's map of {facts.name}, which shows how that was optimized"
            return
        shown, hot = found, found.hot
    if _PGO in options and dist.policy.format is not BinaryFormat.MACHO and LOOP not in hot:
        yield facts.name, f"was compiled without the profile: {LOOP} is not in {_HOT[dist.policy.format]}"
    if _LTO in options and not shown.lto_functions:
        yield (
            facts.name,
            "was linked without the link-time optimizer: no function has a name that the optimizer assigns",
        )


def _objects(dist: Distribution) -> Breaches:
    images = [facts.image for name, facts in dist.files.items() if name.startswith(_OBJECTS) and facts.image]
    if _PGO in _options(dist) and dist.policy.format is BinaryFormat.MACHO:
        slices = [
            item.image for name, facts in dist.files.items() if name.startswith(_OBJECTS) for item in facts.binaries
        ]
        if not any(isinstance(image, Macho) and image.profiled(LOOP) for image in slices):
            yield (
                _OBJECTS,
                f"no object was compiled with the profile: {LOOP} is not separate from functions that never ran",
            )
    elif _PGO in _options(dist) and not any(LOOP in image.symbols.hot for image in images):
        yield _OBJECTS, f"no object was compiled with the profile: {LOOP} is not in {_HOT[dist.policy.format]}"


def _profile(dist: Distribution) -> Breaches:
    if _PGO not in _options(dist):
        return
    facts = dist.files.get(_PROFILE)
    if facts is None:
        yield _PROFILE, "is not in the archive, so the build cannot be repeated"
    elif facts.kind is not FileKind.PROFILE:
        yield _PROFILE, "is not a merged LLVM profile"
    elif not facts.knows_loop:
        yield _PROFILE, f"does not cover {LOOP}"


def _is_laid_out(dist: Distribution) -> bool:
    return bool(dist.carrier and dist.carrier.image and MOVED in dist.carrier.image.sections)


def _layout(dist: Distribution) -> Breaches:
    facts, options = dist.carrier, _options(dist)
    if facts is None or facts.image is None:
        return  # reported by `python-program` and `paths-exist`
    found = _is_laid_out(dist)
    if WITHOUT_LAYOUT_WORD in options and found:
        yield facts.name, f"has a post-link layout, but the build options name {WITHOUT_LAYOUT_WORD}"
    elif dist.policy.laid_out and {_PGO, _LTO} <= options and options.isdisjoint(_NEVER_LAID_OUT) and not found:
        yield facts.name, f"has no post-link layout, but the build options do not name {WITHOUT_LAYOUT_WORD}"


def _counts(dist: Distribution) -> Breaches:
    if not _is_laid_out(dist):
        return
    if COUNTS not in dist.files:
        yield COUNTS, "is not in the archive, but the interpreter's layout uses it: the build cannot be repeated"
    elif dist.files[COUNTS].loop_jumps < _LEAST_JUMPS:
        jumps = dist.files[COUNTS].loop_jumps
        yield COUNTS, f"counts at most {jumps} jumps in {LOOP}, too few to lay out the interpreter"


def _flags(dist: Distribution) -> Breaches:
    for name, value in dist.description.python_config_vars.items():
        if own := [word for word in value.split() if word.startswith(_OWN_FLAGS)]:
            yield f"$.python_config_vars.{name}", f"contains {', '.join(own)}, which would apply to extensions"


def _bitcode(dist: Packed) -> Breaches:
    for name, facts in dist.files.items():
        if facts.bitcode or any(binary.image.bitcode for binary in facts.binaries):
            yield name, "contains code that only one release of one link-time optimizer can read"


def _counters(binary: Binary) -> Breaches:
    if binary.image.counters:
        yield binary.name, f"counts what it executes, in {', '.join(sorted(binary.image.counters))}"


BITCODE = Rule[Packed](
    id="bitcode", title="objects and static libraries work with any linker", group=Group.ARCHIVE, check=_bitcode
)
COUNTERS = Rule[Binary](
    id="counters",
    title="no program or object counts what it executes, as instrumented builds do",
    group=Group.BINARIES,
    check=_counters,
)
RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("optimized-program", "the interpreter or its libpython shows traces of the stated optimizations", _program),
        ("optimized-objects", "with pgo, objects were compiled with the profile", _objects),
        ("profile", "with pgo, the profile is present and covers the interpreter", _profile),
        (
            "layout",
            "with pgo and lto, the interpreter has a post-link layout, unless the build options exclude it",
            _layout,
        ),
        ("layout-counts", "the profile of the post-link layout is present and covers the interpreter", _counts),
        ("optimizer-flags", "flags for building extensions contain no options for PGO or LTO", _flags),
    )
)
