"""Gathers what could break in a tree: linked binaries, programs with a `#!` line, links, and files with paths."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from setup_local.audit.files import read_bounded
from setup_local.audit.policy import Policy, matches, places
from setup_local.binfmt.detect import HEAD, FileKind, detect
from setup_local.binfmt.elf import Elf, read_elf
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.doctor.tables import CheckTables
from setup_local.errors import RequestError
from setup_local.stage import installer

_ORIGINS = ("$ORIGIN", "${ORIGIN}")
_START = 1024  # bytes of a script that may contain its interpreter's path
_PATHS = 1 << 20  # characters that are read of a file with paths
_EXECUTABLE = 0o111


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What everything in a tree is checked against; `roots` are the absolute paths that lead to the tree.

    `demanded` is whether the floor was requested and is not just the policy's default.
    """

    roots: tuple[str, ...]
    policy: Policy
    floor: tuple[int, ...]
    demanded: bool
    tables: CheckTables

    def inside(self, path: str) -> bool:
        """Return whether an absolute path leads into the tree."""
        clean = posixpath.normpath(path)
        return any(clean == root or clean.startswith(f"{root}/") for root in self.roots)


@dataclass(frozen=True, kw_only=True)
class Library:
    """One NEEDED library: where the file's own search path leads, and a file of that name elsewhere in the tree.

    Both are relative to the tree, and empty if there is none.
    """

    name: str
    found: str = ""
    elsewhere: str = ""


@dataclass(frozen=True, kw_only=True)
class BinaryFacts:
    """A linked ELF file in a tree (`elf` is None if it is damaged); `name` is relative to the tree.

    `escaping` are search paths relative to the file that lead out of the tree.
    """

    name: str
    limits: Limits
    elf: Elf | None
    problem: str = ""
    libraries: tuple[Library, ...] = ()
    escaping: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TextFacts:
    """A script, a symbolic link, or a file with paths: what it names, and whether that exists.

    For pip (kind `installer`): whether it contains our edits.
    """

    name: str
    limits: Limits
    paths: tuple[str, ...]
    kind: str
    exists: bool = True


def tree_files(root: Path, limits: Limits) -> Iterator[BinaryFacts | TextFacts]:
    """Yield the facts about every file that could break. Raises `RequestError` for a file that cannot be read."""
    listed = sorted(_walk(root))
    by_name = {path.name: path for path in reversed(listed)}
    for path in listed:
        name = os.fsencode(path.relative_to(root)).decode("utf-8", "replace")  # a name may be any bytes
        if path.is_symlink():
            yield from _link(path, name, limits)
        elif os.path.isfile(path) and not places(name, limits.policy.foreign_files):
            yield from _file(path, name, root=root, limits=limits, by_name=by_name)


def _walk(root: Path) -> Iterator[Path]:
    for directory, folders, files in os.walk(root, onerror=_refuse):
        linked = [name for name in folders if os.path.islink(os.path.join(directory, name))]
        yield from (Path(directory, name) for name in (*files, *linked))


def _refuse(error: OSError) -> None:
    raise RequestError(f"cannot be read: {error.strerror}", where=error.filename) from error


def _link(path: Path, name: str, limits: Limits) -> Iterator[TextFacts]:
    target = os.fsencode(path.readlink()).decode("utf-8", "replace")
    if target.startswith("/"):
        yield TextFacts(name=name, limits=limits, paths=(target,), kind="link", exists=os.path.exists(path))


def _file(
    path: Path, name: str, *, root: Path, limits: Limits, by_name: dict[str, Path]
) -> Iterator[BinaryFacts | TextFacts]:
    try:
        with path.open("rb") as stream:
            head = stream.read(_START)
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", where=path) from error
    if detect(head[:HEAD]) is FileKind.ELF:
        yield from _binary(path, name, root=root, limits=limits, by_name=by_name)
    elif head.startswith(b"#!") and path.stat().st_mode & _EXECUTABLE:
        yield script_facts(name, head.decode("utf-8", "replace"), limits)
    elif name.endswith(f"site-packages/{installer.WRITES_SCRIPTS}"):
        edited = installer.is_edited(Path(str(path).removesuffix(installer.WRITES_SCRIPTS)), load_patch(PIP_LAUNCHERS))
        yield TextFacts(name=name, limits=limits, paths=(), kind="installer", exists=edited)
    elif matches(path.name, limits.tables.path_files):
        with path.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(_PATHS).splitlines()
        yield TextFacts(name=name, limits=limits, paths=tuple(line for line in lines if line[:1] == "/"), kind="paths")


def script_facts(name: str, head: str, limits: Limits) -> TextFacts:
    """Return the program that a script's start names, in its `#!` line or in the shell command that follows."""
    first, _, rest = head.partition("\n")
    program = first[2:].strip().split(" ")[0]
    second = rest.partition("\n")[0]
    if second.startswith("'''exec'"):
        quoted = second.removeprefix("'''exec'").strip()
        mark = quoted[:1] if quoted[:1] in {'"', "'"} else " "
        program = quoted.removeprefix(mark).partition(mark)[0]
    elif not limits.inside(program) and limits.inside(first[2:].strip()):
        program = first[2:].strip()  # a space in the tree's path; the kernel cuts there, but this is what was meant
    named = (program,) if program.startswith("/") else ()
    return TextFacts(name=name, limits=limits, paths=named, kind="script", exists=not named or os.path.exists(program))


def _binary(path: Path, name: str, *, root: Path, limits: Limits, by_name: dict[str, Path]) -> Iterator[BinaryFacts]:
    try:
        elf = read_elf(read_bounded(path))
    except ValueError as error:  # damaged, or too large to read
        yield BinaryFacts(name=name, limits=limits, elf=None, problem=str(error))
        return
    if not elf.linked:
        return
    searched = [item for item in (_expanded(rpath, path.parent) for rpath in elf.rpaths) if item]
    libraries = tuple(_library(item, searched, root, by_name) for item in elf.needed)
    escaping = tuple(rpath for rpath in elf.rpaths if (found := _expanded(rpath, path.parent)) and _out(found, root))
    yield BinaryFacts(name=name, limits=limits, elf=elf, libraries=libraries, escaping=escaping)


def _expanded(rpath: str, directory: Path) -> Path | None:
    """Return the directory of a search path that is relative to its file, None for any other."""
    for origin in _ORIGINS:
        if rpath == origin or rpath.startswith(f"{origin}/"):
            return Path(os.path.normpath(f"{directory}{rpath.removeprefix(origin)}"))
    return None


def _out(path: Path, root: Path) -> bool:
    return not path.is_relative_to(root)


def _library(name: str, searched: list[Path], root: Path, by_name: dict[str, Path]) -> Library:
    inside = (item / name for item in searched if (item / name).is_file())
    found = next((item for item in inside if Path(os.path.realpath(item)).is_relative_to(root)), None)
    elsewhere = by_name.get(name)
    return Library(
        name=name,
        found=found.relative_to(root).as_posix() if found and found.is_relative_to(root) else "",
        elsewhere=elsewhere.relative_to(root).as_posix() if elsewhere else "",
    )
