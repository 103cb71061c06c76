"""Model of `data/targets/*.toml`: what is built for, one file for each target triple."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError
from setup_local.values import Libc

DIRECTORY = "targets"
SCHEMA = "target"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target triple.

    `clang_triple` is what Clang's `--target` takes; `floors` are the glibc versions that can be asked for
    (`default_floor` among them, empty for musl); `cflags` the baseline code generation flags;
    `policy` names the audit policy.
    """

    triple: str
    os: str
    arch: str
    libc: Libc
    clang_triple: str
    platform_tag: str
    default_floor: str
    floors: tuple[str, ...]
    cflags: tuple[str, ...]
    policy: str


def load_targets(directory: Path | None = None) -> tuple[Target, ...]:
    """Read all targets, by triple; raise `CatalogError`."""
    files = sorted((directory or paths.DATA / DIRECTORY).glob("*.toml"))
    return tuple(_load(file) for file in files)


def _load(file: Path) -> Target:
    target = convert(Target, read_toml(file, SCHEMA), where=file)
    if target.triple != file.stem:
        raise CatalogError(f"describes {target.triple}, but the file is named {file.stem}", where=file)
    if (target.libc is Libc.GLIBC) != bool(target.floors) or (
        target.floors and target.default_floor not in target.floors
    ):
        raise CatalogError("default-floor is not one of floors", where=file)
    return target
