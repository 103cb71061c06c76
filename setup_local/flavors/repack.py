"""Makes one flavour of a full archive: reads it once, leaves parts out, moves the installation up, packs the result."""

from __future__ import annotations

import posixpath
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from setup_local import manifest
from setup_local.archive_name import file_name, flavor_options, stem
from setup_local.audit import description
from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.audit.safety import Hops
from setup_local.catalog.flavors import Flavor, FlavorCatalog
from setup_local.errors import ArchiveError, DescriptionError, OutputError, RequestError
from setup_local.flavors import detach
from setup_local.flavors.strip import strip
from setup_local.render import render
from setup_local.stage import pack
from setup_local.values import Linkage

_INSTALL = "python/install/"
_LICENSES = "python/licenses/"
_ROOT = "python/"
_GDB_COMMANDS = "python/build/python-gdb.py"
_GDB_START = "gdbinit.py"


class NoDebugInformation(ArchiveError):
    """A full archive has nothing that could be detached."""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """One member of the new archive: a link's target, an empty directory, or offset, size and SHA-256 of a file."""

    name: str
    directory: bool = False
    executable: bool = False
    target: str = ""
    offset: int = 0
    size: int = 0
    sha256: str = ""


@dataclass(kw_only=True)
class _Chosen:
    """The contents of the new archive; `name` is its name without the suffix, `scratch` holds all bytes.

    `libpython` is how it is linked to the interpreter, `detached` whether this is debug information.
    """

    scratch: IO[bytes]
    name: str = ""
    libpython: Linkage = Linkage.STATIC
    detached: bool = False
    kept: dict[str, _Kept] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)


def repack(
    archive: Path, flavor: Flavor, catalog: FlavorCatalog, *, output: Path, suffix: str = "gz", threads: int = 1
) -> Path:
    """Write one flavour of a full archive and return its path; the same archive always gives the same bytes.

    Raises `NoDebugInformation`, `ArchiveError`, `DescriptionError` and `RequestError` for a file that is not a full
    archive, `StageError` for a binary that cannot be stripped, `OutputError` if the result cannot be written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output) as scratch:
            chosen = _choose(archive, flavor, catalog, scratch)
            target = output / file_name(chosen.name, suffix)
            with pack.writing(target, threads=threads) as packed:
                _write(chosen, packed)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=output) from error
    return target


def _beginning(said: description.Description, flavor: Flavor) -> str:
    """Return a flavour's name without suffix; it contains only build options that change what Python does."""
    options = flavor_options(said.build_options)
    return f"{stem(said.python_implementation_name, said.python_version, said.target_triple, options)}-{flavor.name}"


def _choose(archive: Path, flavor: Flavor, catalog: FlavorCatalog, scratch: IO[bytes]) -> _Chosen:
    chosen = _Chosen(scratch=scratch, detached=flavor.detached)
    for member, read in read_safe_members(archive):
        if member.name == description.NAME:
            said = _description(read(), archive)
            chosen.name, chosen.libpython = (
                _safe_name(_beginning(said, flavor), archive),
                Linkage(said.libpython_link_mode),
            )
        elif not chosen.name:
            hint = "only full archives can be repacked: ...-full.tar.zst"
            raise RequestError(f"does not begin with {description.NAME}", where=archive, hint=hint)
        elif flavor.detached:
            _take_debug(chosen, member, _moved(member), read)
        elif name := _moved(member):
            _take(chosen, member, name, read, flavor=flavor, lacks=catalog.lacks(flavor, name, chosen.libpython))
    if not chosen.kept:
        raise ArchiveError(f"there are no files below {_INSTALL}", where=archive)
    if flavor.detached:
        _add_start(chosen, archive)
    for directory in _emptied(chosen):
        if catalog.stays(directory):
            chosen.kept[directory] = _Kept(name=directory, directory=True)
    return chosen


def _add_start(chosen: _Chosen, archive: Path) -> None:
    """Add the commands that a debugger starts with, if there is something to debug."""
    if any(name.startswith(f"{detach.DIRECTORY}/") and detach.BUNDLE in name for name in chosen.kept):
        return  # macOS debuggers find bundles by themselves
    if not any(name.endswith(detach.SUFFIX) for name in chosen.kept):
        raise NoDebugInformation("contains no debug information", where=archive)
    _keep(chosen, f"{detach.DIRECTORY}/{_GDB_START}", render(f"{_GDB_START}.j2", {}).encode())


def _description(data: bytes, archive: Path) -> description.Description:
    try:
        return description.read_description(data)
    except DescriptionError as error:
        raise DescriptionError(error.what, where=f"{archive}: {error.where}", hint=error.hint) from error


def _safe_name(name: str, archive: Path) -> str:
    """Return a name from somebody else's description; the schema's patterns accept a newline at the end."""
    if not name.isprintable() or "/" in name:
        raise DescriptionError(f"results in the file name {name!r}", where=f"{archive}: {description.NAME}")
    return name


def _emptied(chosen: _Chosen) -> set[str]:
    """Return the directories whose files were all left out."""
    gone = {posixpath.dirname(name) for name in chosen.left_out}
    return gone - {posixpath.dirname(name) for name in chosen.kept}


def _moved(member: Member) -> str:
    """Return a member's path below `python/` in the new archive; empty for members that no flavour has."""
    if member.kind is MemberKind.DIRECTORY:
        return ""
    if member.name.startswith(_INSTALL):
        return member.name.removeprefix(_INSTALL)
    return member.name.removeprefix(_ROOT) if member.name.startswith(_LICENSES) else ""


def _take(
    chosen: _Chosen, member: Member, name: str, read: Callable[[], bytes], *, flavor: Flavor, lacks: bool
) -> None:
    if lacks:
        chosen.left_out.add(name)
        return
    match member.kind:
        case MemberKind.SYMLINK:
            chosen.kept[name] = _Kept(name=name, target=member.target)
        case MemberKind.FILE:
            data = strip(read(), where=member.name) if flavor.stripped else read()
            _keep(chosen, name, data, executable=bool(member.mode & 0o100))
        case _:
            raise ArchiveError(f"{member.name} is a {member.kind.value}, which full archives do not have")


def _take_debug(chosen: _Chosen, member: Member, name: str, read: Callable[[], bytes]) -> None:
    """Keep the debug information of a linked file, the licence texts and the files that help a debugger."""
    if member.kind is not MemberKind.FILE:
        return
    if member.name == _GDB_COMMANDS:
        _keep(chosen, f"{detach.DIRECTORY}/{posixpath.basename(member.name)}", read())
    elif member.name.startswith(_LICENSES) or name.startswith(f"{detach.DIRECTORY}/"):
        _keep(chosen, name, read())
    elif name and (found := detach.detach(read(), where=member.name)):
        _keep(chosen, f"{detach.DIRECTORY}/{found[0]}", found[1])


def _keep(chosen: _Chosen, name: str, data: bytes, *, executable: bool = False) -> None:
    offset = chosen.scratch.tell()
    chosen.scratch.write(data)
    chosen.kept[name] = _Kept(
        name=name, executable=executable, offset=offset, size=len(data), sha256=manifest.digest(data)
    )


def _write(chosen: _Chosen, packed: tarfile.TarFile) -> None:
    living = sorted(_living(chosen), key=lambda item: item.name.encode("utf-8", "surrogateescape"))
    pack.add_manifest(packed, _digests(living), name=manifest.DEBUG_NAME if chosen.detached else manifest.NAME)
    for item in living:
        if item.directory:
            header = pack.member_of(item.name)
            header.type, header.mode = tarfile.DIRTYPE, 0o755
            packed.addfile(header)
        elif item.target:
            pack.add_link(packed, item.name, item.target)
        else:
            chosen.scratch.seek(item.offset)
            pack.add_file(packed, item.name, chosen.scratch, size=item.size, executable=item.executable)


def _digests(items: list[_Kept]) -> dict[str, str]:
    """Return the hash of each file, and for each link the hash of the file that it leads to."""
    files = {item.name: item.sha256 for item in items if item.sha256}
    hops = Hops(links={item.name: item.target for item in items if item.target})
    ends = {name: hops.end(name) for name in hops.links}
    return files | {name: files[end] for name, end in ends.items() if end in files}


def _living(chosen: _Chosen) -> Iterator[_Kept]:
    """Yield the contents of the archive: everything except links to what was left out."""
    for item in chosen.kept.values():
        end = posixpath.normpath(posixpath.join(posixpath.dirname(item.name), item.target))
        if not item.target or not any(path == end or path.startswith(f"{end}/") for path in chosen.left_out):
            yield item
