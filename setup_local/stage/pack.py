"""Packs a staged tree and its description into one archive: the same input always gives the same bytes."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

import zstandard

from setup_local import manifest
from setup_local.atomic_write import atomic_write
from setup_local.errors import OutputError, StageError
from setup_local.stage import files

PREFIX = "python"
DESCRIPTION = "PYTHON.json"
# 2020-01-01T00:00:00Z: every member's time. Not 0, which zip archives made from the tree could not store.
MTIME = 1_577_836_800
DEFAULT_LEVEL = 9
# The same object code is in the interpreter, in libpython and in the object files; a window of 128 MiB, the largest
# that decoders accept by default, finds the repetitions.
_WINDOW_LOG = 27
_GZIP_LEVEL = 6


def pack(trees: Sequence[Path], target: Path, *, threads: int, level: int = DEFAULT_LEVEL) -> Path:
    """Write the archive of several trees, merged into one, and return its path.

    PYTHON.json and the manifest of all files come first. The name determines the compression: `.tar.zst` or `.tar.gz`.
    `threads` does not change any byte. The file appears under its name only when it is complete. Raises `OutputError`,
    and `StageError` for a file that is in two trees.
    """
    members = together(trees)
    with writing(target, threads=threads, level=level) as archive:
        first, *names = sorted(members, key=lambda name: (name != DESCRIPTION, os.fsencode(name)))
        _add(archive, first, members[first])
        add_manifest(archive, manifest.digests(members))
        for name in names:
            _add(archive, name, members[name])
    return target


def together(trees: Iterable[Path]) -> dict[str, Path]:
    """Return the files and symlinks of several trees by relative path; raise `StageError` for one that is in two."""
    found: dict[str, Path] = {}
    for tree in trees:
        for name in files.below(tree):
            if name in found:
                raise StageError(f"{name} is in two of the packed trees", where=tree)
            found[name] = tree / name
    return found


@contextlib.contextmanager
def writing(target: Path, *, threads: int, level: int = DEFAULT_LEVEL) -> Iterator[tarfile.TarFile]:
    """Yield an archive to add members to, in the order of their names; it appears only when it is complete.

    Raises `OutputError`.
    """
    try:
        with (
            atomic_write(target) as fresh,
            fresh.open("wb") as stream,
            _compressor(stream, target.name, threads=threads, level=level) as packed,
            tarfile.open(mode="w|", fileobj=packed, format=tarfile.PAX_FORMAT, bufsize=1 << 20) as archive,
        ):
            yield archive
    except OSError as error:
        hint = "free disk space, or choose another --output"
        raise OutputError(f"cannot be written: {error.strerror or error}", where=target, hint=hint) from error


def _compressor(
    stream: IO[bytes], name: str, *, threads: int, level: int
) -> contextlib.AbstractContextManager[IO[bytes]]:
    if name.endswith(".tar.gz"):
        packed = gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=stream, mtime=0)
        return cast("contextlib.AbstractContextManager[IO[bytes]]", packed)
    if not name.endswith(".tar.zst"):
        raise OutputError("does not end with .tar.zst or .tar.gz", where=name)
    # One worker and many split the input at the same places; no worker at all would not.
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, window_log=_WINDOW_LOG, enable_ldm=True, threads=max(1, threads), write_checksum=True
    )
    return zstandard.ZstdCompressor(compression_params=parameters).stream_writer(stream, closefd=False)


def add_manifest(archive: tarfile.TarFile, digests: Mapping[str, str], *, name: str = manifest.NAME) -> None:
    """Write the manifest of an archive, before the files that it lists."""
    add_bytes(archive, name, manifest.to_text(digests).encode("utf-8", "surrogateescape"))


def add_bytes(archive: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    """Write a file below `python/`."""
    add_file(archive, name, io.BytesIO(data), size=len(data), executable=executable)


def add_file(archive: tarfile.TarFile, name: str, stream: IO[bytes], *, size: int, executable: bool) -> None:
    """Write a file below `python/`: the next `size` bytes of a stream."""
    member = member_of(name)
    member.size, member.mode = size, 0o755 if executable else 0o644
    archive.addfile(member, stream)


def add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    """Write a symlink below `python/`."""
    member = member_of(name)
    member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, target
    archive.addfile(member)


def member_of(name: str) -> tarfile.TarInfo:
    """Return the header of a member below `python/`, with the values common to all archives."""
    member = tarfile.TarInfo(f"{PREFIX}/{name}")
    member.mtime = MTIME
    return member


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    if path.is_symlink():
        add_link(archive, name, os.fsdecode(path.readlink()))
        return
    with path.open("rb") as stream:
        status = os.fstat(stream.fileno())
        add_file(archive, name, stream, size=status.st_size, executable=bool(status.st_mode & 0o100))
