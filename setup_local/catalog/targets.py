"""Model of `data/targets/*.toml`: what is built for, one file for each system, which may name levels of its processors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
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
    (`default_floor` among them, empty for musl); `cflags` say what code may be generated, `levels` what instead of
    it for the newer processors that a triple can name.
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
    levels: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def load_targets(directory: Path | None = None) -> tuple[Target, ...]:
    """Read all targets, by triple; raise `CatalogError`."""
    files = sorted((directory or paths.DATA / DIRECTORY).glob("*.toml"))
    return tuple(target for file in files for target in _with_levels(_load(file)))


def _with_levels(target: Target) -> Iterator[Target]:
    """Yield a target, and the ones that differ from it in what they ask of the processor."""
    plain = dataclasses.replace(target, levels={})
    yield plain
    arch, _, system = target.triple.partition("-")
    for level, cflags in target.levels.items():
        yield dataclasses.replace(plain, triple=f"{arch}_{level}-{system}", cflags=cflags)


def _load(file: Path) -> Target:
    target = convert(Target, read_toml(file, SCHEMA), where=file)
    if target.triple != file.stem:
        raise CatalogError(f"describes {target.triple}, but the file is named {file.stem}", where=file)
    if (target.libc is Libc.GLIBC) != bool(target.floors) or (
        target.floors and target.default_floor not in target.floors
    ):
        raise CatalogError("default-floor is not one of floors", where=file)
    return target
