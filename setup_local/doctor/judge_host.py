"""Checks the facts about a host. Pure: nothing here accesses the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from setup_local.audit.policy import Policy, version
from setup_local.build.host import NEEDED_BYTES, PROGRAMS
from setup_local.doctor.model import HostFacts, Level, Line, Section, answers
from setup_local.doctor.tables import CpuLevel, HostTables

_GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class HostCase:
    """The facts about a host, and what they are checked against."""

    facts: HostFacts
    tables: HostTables
    policy: Policy

    def line(self, topic: str, found: str, *, level: Level = Level.OK, fix: str = "") -> Line:
        """Return one line; `fix` is a key of the table of fixes."""
        return Line(topic=topic, level=level, found=found, fix=self.tables.fixes[fix] if fix else "")


def judge_host(case: HostCase) -> Section:
    """Return the report on a host."""
    return Section(subject="host", lines=answers(CHECKS, case))


def _kernel(case: HostCase) -> Iterator[Line]:
    facts = case.facts
    good = facts.system == "Linux" and case.policy.platform_tag == f"linux-{facts.machine}"
    level, fix = (Level.OK, "") if good else (Level.PROBLEM, "kernel")
    yield case.line("kernel", f"{facts.system} {facts.release} on {facts.machine}", level=level, fix=fix)


def _libc(case: HostCase) -> Iterator[Line]:
    facts, floor = case.facts, case.policy.default_floor
    if facts.libc == "musl":
        yield case.line("C library", "musl: distributions for musl (build --musl) and static ones run here")
    elif not version(facts.libc_version):
        yield case.line("C library", "unknown", level=Level.WARNING, fix="libc-unknown")
    elif version(facts.libc_version) < version(floor):
        found = f"glibc {facts.libc_version} is older than {floor}"
        yield case.line("C library", found, level=Level.PROBLEM, fix="libc-old")
    else:
        yield case.line("C library", f"glibc {facts.libc_version}")


def cpu_level(flags: frozenset[str], levels: Iterable[CpuLevel]) -> str:
    """Return the highest level whose flags, and those of the levels below, are all present; empty if there is none."""
    reached = ""
    for level in levels:
        if not flags.issuperset(level.flags):
            break
        reached = level.name
    return reached


def _cpu(case: HostCase) -> Iterator[Line]:
    levels = case.tables.cpu_levels
    reached = cpu_level(case.facts.cpu_flags, levels)
    if not reached:
        level = Level.PROBLEM if case.facts.cpu_flags else Level.WARNING
        found = f"below {levels[0].name}" if case.facts.cpu_flags else "unknown: /proc/cpuinfo lists no flags"
        yield case.line("CPU", found, level=level, fix="cpu")
        return
    following = [item for item in levels if not case.facts.cpu_flags.issuperset(item.flags)]
    lacks = [name for name in following[0].flags if name not in case.facts.cpu_flags] if following else []
    more = f" ({following[0].name} needs {', '.join(lacks)})" if lacks else ""
    yield case.line("CPU", f"{reached}{more}")


def _certificates(case: HostCase) -> Iterator[Line]:
    if case.facts.certificates:
        yield case.line("certificates", ", ".join(case.facts.certificates))
    else:
        yield case.line("certificates", "none in any known location", level=Level.WARNING, fix="certificates")


def _terminal(case: HostCase) -> Iterator[Line]:
    term, entries = case.facts.term, case.facts.terminfo
    known = [name for name, place in entries.items() if place]
    if not known:
        yield case.line("terminal database", "no common entry in any directory", level=Level.WARNING, fix="terminal")
    elif not term:
        yield case.line("terminal database", f"{_count(known)}; TERM is not set", level=Level.WARNING, fix="term-unset")
    elif not entries.get(term):
        yield case.line("terminal database", f"no entry for TERM={term}", level=Level.WARNING, fix="term")
    else:
        yield case.line("terminal database", f"{term} in {entries[term]}; {_count(known)}")


def _count(known: list[str]) -> str:
    return f"{len(known)} common entries"


def _locale(case: HostCase) -> Iterator[Line]:
    name = case.facts.locale
    value = name.partition("=")[2]
    # Python uses UTF-8 for the C and POSIX locales (PEP 538, PEP 540).
    if "utf8" in value.lower().replace("-", "") or value in ("", "C", "POSIX"):
        yield case.line("locale", name or "none set (Python then uses UTF-8)")
    else:
        yield case.line("locale", f"{name} is not UTF-8", level=Level.WARNING, fix="locale")


def _display(case: HostCase) -> Iterator[Line]:
    facts = case.facts
    if facts.display:
        yield case.line("Tk display", f"DISPLAY={facts.display}")
    elif facts.wayland:
        found = f"WAYLAND_DISPLAY={facts.wayland} without DISPLAY"
        yield case.line("Tk display", found, level=Level.WARNING, fix="wayland")
    else:
        yield case.line("Tk display", "none", level=Level.WARNING, fix="display")
    if facts.fonts:
        yield case.line("fonts", ", ".join(facts.fonts))
    elif facts.display or facts.wayland:
        yield case.line("fonts", "none", level=Level.WARNING, fix="fonts")


def _zones(case: HostCase) -> Iterator[Line]:
    if case.facts.zoneinfo:
        yield case.line("time zones", case.facts.zoneinfo)
    else:
        yield case.line("time zones", "no database", level=Level.WARNING, fix="zoneinfo")


def _compilers(case: HostCase) -> Iterator[Line]:
    have = case.facts.programs
    found = [have[name] for name in (*case.tables.c_compilers, *case.tables.cxx_compilers) if name in have]
    kinds = (case.tables.c_compilers, case.tables.cxx_compilers)
    if all(any(name in have for name in names) for names in kinds):
        yield case.line("compilers", ", ".join(found))
    else:
        lacking = "only " + ", ".join(found) if found else "none"
        yield case.line("compilers", lacking, level=Level.WARNING, fix="compilers")


def _building(case: HostCase) -> Iterator[Line]:
    have, facts = case.facts.programs, case.facts
    missing = [name for name in PROGRAMS if name not in have]
    if missing:
        yield case.line("build tools", f"missing: {', '.join(missing)}", level=Level.WARNING, fix="tools")
    else:
        yield case.line("build tools", ", ".join(have[name] for name in PROGRAMS))
    if "bwrap" in have:
        yield case.line("sandbox", have["bwrap"])
    else:
        yield case.line("sandbox", "no bwrap", level=Level.WARNING, fix="bwrap")
    found = f"{facts.free / _GIB:.1f} GiB free for {facts.cache}"
    if facts.free < NEEDED_BYTES:
        found = f"only {found}; a build needs {NEEDED_BYTES / _GIB:.0f} GiB"
        yield case.line("space", found, level=Level.WARNING, fix="space")
    else:
        yield case.line("space", found)


CHECKS = (
    _kernel,
    _libc,
    _cpu,
    _certificates,
    _terminal,
    _locale,
    _display,
    _zones,
    _compilers,
    _building,
)
