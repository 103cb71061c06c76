"""Rules about machine code: what the name of an archive does not leave out can be seen in its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from setup_local.audit.facts import Binary, Distribution, FileFacts
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import matches

Breaches = Iterator[tuple[str, str]]
_WITHOUT_FRAMES = "without_frame_pointers"
_FRAME_FLAG = "-fno-omit-frame-pointer"
# Where every function sets up a frame but those of assembly, four fifths do; where none has to, hardly any does.
_LEAST = 0.6
_FEW = 20  # functions, of which assembly may be most
_LIBRARIES = "build/lib/*.a"


def _promises(dist: Distribution, word: str) -> bool:
    """Tell whether a distribution has what that word in its build options would leave out."""
    return word not in dist.description.build_options.split("+")


def _judged(dist: Distribution) -> Iterator[FileFacts]:
    """Yield the file that holds the interpreter, and the static libraries that are compiled as it is."""
    if dist.carrier:
        yield dist.carrier
    for name, facts in dist.files.items():
        if fnmatchcase(name, _LIBRARIES) and not matches(name, dist.policy.other_code):
            yield facts


def _frames(binaries: Iterable[Binary]) -> tuple[int, int]:
    """Return how many functions files have, and how many frames they set up; nothing where that cannot be seen."""
    seen = [(len(item.elf.symbols.functions), item.elf.frames) for item in binaries if item.elf.frames is not None]
    return sum(functions for functions, _ in seen), sum(frames for _, frames in seen)


def _frame_pointers(dist: Distribution) -> Breaches:
    if not _promises(dist, _WITHOUT_FRAMES):
        return
    for facts in _judged(dist):
        functions, frames = _frames(facts.binaries)
        if (functions > _FEW or facts is dist.carrier) and frames < _LEAST * functions:
            yield (
                facts.name,
                f"sets up {frames} frames in {functions} functions, and the build options do not name {_WITHOUT_FRAMES}",
            )


def _frame_flags(dist: Distribution) -> Breaches:
    told = _FRAME_FLAG in dist.description.python_config_vars.get("CFLAGS", "").split()
    if told != _promises(dist, _WITHOUT_FRAMES):
        instead = "are not told" if not told else "are told"
        yield "$.python_config_vars.CFLAGS", f"builders of extensions {instead} {_FRAME_FLAG}, unlike the interpreter"


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        (
            "frame-pointers",
            "interpreter and libraries have frame pointers, unless the name says otherwise",
            _frame_pointers,
        ),
        (
            "frame-pointer-flags",
            "builders of extensions are told to have frame pointers if the interpreter has",
            _frame_flags,
        ),
    )
)
