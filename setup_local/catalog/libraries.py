"""Model of `data/libraries.toml`: how each third-party library is built as a static library."""

from __future__ import annotations

from dataclasses import dataclass

from setup_local.catalog.when import ALWAYS, When


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a recipe: an argv with `{placeholders}`, run in `directory` of the source tree.

    `traits` restricts it to source forms that have one of these traits.
    """

    argv: tuple[str, ...]
    directory: str = "."
    traits: tuple[str, ...] = ()
    env: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library: its source, what it needs, its commands, and what it must produce.

    `produces` are files below the prefix (`lib/libz.a`); `license_files` are paths in the source tree;
    `licenses` are SPDX identifiers.
    """

    name: str
    source: str
    version: str
    commands: tuple[Command, ...]
    produces: tuple[str, ...]
    licenses: tuple[str, ...]
    license_files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    extra_sources: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()
    host_programs: tuple[str, ...] = ()
    optional: bool = False
    license_public_domain: bool = False
    when: When = ALWAYS
