"""Facts about hosts and trees, and the lines of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

T = TypeVar("T")


class Level(IntEnum):
    """Severity of a line, in order from good to bad."""

    OK = 0
    WARNING = 1
    PROBLEM = 2


@dataclass(frozen=True, kw_only=True)
class Line:
    """One answer: its topic, its level, what was found, and the fix unless everything is fine."""

    topic: str
    level: Level
    found: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The lines about one subject: the host, or a tree."""

    subject: str
    lines: tuple[Line, ...]

    @property
    def problems(self) -> int:
        """Return how many lines are problems."""
        return sum(line.level is Level.PROBLEM for line in self.lines)


def answers(checks: Iterable[Callable[[T], Iterator[Line]]], facts: T) -> tuple[Line, ...]:
    """Run every check on the facts."""
    return tuple(line for check in checks for line in check(facts))


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """Facts about a host.

    `libc` is `glibc`, `musl` or empty. `terminfo` maps each entry that was searched for to the directory that has it
    (or an empty text). `programs` maps the names of existing programs to paths. `free` counts bytes on the file system
    of the cache.
    """

    system: str = "Linux"
    release: str = ""
    machine: str = "x86_64"
    libc: str = "glibc"
    libc_version: str = ""
    cpu_flags: frozenset[str] = frozenset()
    certificates: tuple[str, ...] = ()
    term: str = ""
    terminfo: dict[str, str] = field(default_factory=dict)
    locale: str = ""
    display: str = ""
    wayland: str = ""
    fonts: tuple[str, ...] = ()
    zoneinfo: str = ""
    programs: dict[str, str] = field(default_factory=dict)
    cache: str = ""
    free: int = 0


@dataclass(frozen=True, kw_only=True)
class Bytecode:
    """How many modules of the standard library have valid bytecode, and which have none or a stale one."""

    valid: int
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an installed interpreter reports about itself; an empty error text means success.

    `paths` are those that it computes, by name. `terminal` maps each terminal that was tried to its error. `left_out`
    are modules that are missing by choice. `bundled_certificates` is the date of the bundled set if that is used.
    `zone` names the time zone database.
    """

    version: str
    paths: dict[str, str]
    tls: str
    certificate_file: str
    certificate_directory: str
    certificates: int
    bundled_certificates: str
    terminal: dict[str, str]
    tk: str
    tk_error: str
    zone: str
    zone_error: str
    pip: str
    pip_error: str
    broken_modules: dict[str, str]
    left_out: tuple[str, ...] = ()
    bytecode: Bytecode


@dataclass(frozen=True, kw_only=True)
class TreeFacts:
    """An installed tree on a host.

    `loader` is the interpreter's own (PT_INTERP), `needs_glibc` the newest glibc version that it and its shared modules
    refer to; `failure` says why it could not be queried.
    """

    host: HostFacts
    prefix: str
    interpreter: str
    loader: str = ""
    has_loader: bool = True
    needs_glibc: str = ""
    writable: bool = True
    answer: Answer | None = None
    failure: str = ""
