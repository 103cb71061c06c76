"""Copies of a full archive whose PYTHON.json has an older format version, for readers that do not know a newer one."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from setup_local import archive_name, manifest
from setup_local.archive_name import Flavor
from setup_local.audit import description
from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.catalog.load import check
from setup_local.errors import ArchiveError, CatalogError, DescriptionError, OutputError, RequestError
from setup_local.stage import pack

VERSIONS = ("7",)
# Added in version 8; version 7 cannot express what only this key states.
_BUILD_OPTIONS = "build_options"
_UNDESCRIBED = "freethreaded"
# PyOxidizer reads an empty list as an empty SPDX expression; without a list, CPython's own licence applies.
_LICENCES = ("licenses", "license_paths")


def with_description(archive: Path, version: str, *, output: Path, threads: int = 1) -> Path:
    """Write a copy of a full archive with PYTHON.json in another version and return its path; all else is unchanged.

    The manifest is left out: the reader for which the copy is made rejects unknown files next to PYTHON.json. The
    copy's name ends in `-full-json7`, so that it is not mistaken for the original. Raises `RequestError`,
    `ArchiveError` and `DescriptionError` for a file that is not an archive, is not a full one, or cannot be described
    this way, `OutputError` if the result cannot be written.
    """
    name = archive_name.described_otherwise(archive.name, version)
    if not name:
        hint = "use one whose name ends with -full.tar.zst or -full.tar.gz"
        raise RequestError(f"is not named like a {Flavor.FULL.value} archive", where=archive, hint=hint)
    target = output / name
    try:
        output.mkdir(parents=True, exist_ok=True)
        with pack.writing(target, threads=threads) as packed:
            for member, read in read_safe_members(archive):
                if member.name == f"{pack.PREFIX}/{manifest.NAME}":
                    continue
                data = read() if member.kind is MemberKind.FILE else b""
                if member.name == description.NAME:
                    data = older(data, version, where=archive)
                _add(packed, member, data)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=output) from error
    return target


def older(data: bytes, version: str, *, where: Path) -> bytes:
    """Return PYTHON.json in another format version. Raises `DescriptionError` for anything that it cannot describe."""
    try:
        said = description.read_description(data)
    except DescriptionError as error:
        raise DescriptionError(error.what, where=f"{where}: {error.where}", hint=error.hint) from error
    if _UNDESCRIBED in said.build_options.split("+"):
        raise DescriptionError(f"version {version} cannot describe free-threaded builds", where=where)
    document: dict[str, Any] = description.parse_description(data) | {"version": version}
    del document[_BUILD_OPTIONS]
    for variants in document["build_info"]["extensions"].values():
        for variant in variants:
            for key in _LICENCES:
                if not variant.get(key, True):
                    del variant[key]
    try:
        check(document, f"python-json-{version}", where=where)
    except CatalogError as error:
        raise DescriptionError(f"cannot be described in version {version}: {error.what}", where=where) from error
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _add(packed: tarfile.TarFile, member: Member, data: bytes) -> None:
    name = member.name.removeprefix(f"{pack.PREFIX}/")
    match member.kind:
        case MemberKind.SYMLINK:
            pack.add_link(packed, name, member.target)
        case MemberKind.FILE:
            pack.add_bytes(packed, name, data, executable=bool(member.mode & 0o100))
        case _:
            raise ArchiveError(f"{member.name} is a {member.kind.value}, which full archives do not have")
