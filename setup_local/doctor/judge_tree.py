"""Checks the facts about an installed tree. Pure: nothing here accesses the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from setup_local.audit.policy import version
from setup_local.doctor.model import Answer, Level, Line, Section, TreeFacts, answers
from setup_local.doctor.tables import HostTables

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class TreeCase:
    """The facts about a tree and the table of fixes."""

    facts: TreeFacts
    tables: HostTables

    def line(self, topic: str, found: str, *, level: Level = Level.OK, fix: str = "") -> Line:
        """Return one line; `fix` is a key of the table of fixes."""
        return Line(topic=topic, level=level, found=found, fix=self.tables.fixes[fix] if fix else "")

    @property
    def answer(self) -> Answer:
        """Return what the interpreter reported; only for checks that run after a start."""
        if self.facts.answer is None:
            raise ValueError("the interpreter did not answer")
        return self.facts.answer


def judge_tree(case: TreeCase) -> Section:
    """Return the report on a tree, without what only the interpreter knows if it does not start."""
    checks = (_glibc, _start) if case.facts.answer is None else CHECKS
    return Section(subject=case.facts.prefix, lines=answers(checks, case))


def _glibc(case: TreeCase) -> Iterator[Line]:
    needs, host = case.facts.needs_glibc, case.facts.host
    if not needs:
        return
    found = f"needs glibc {needs}, this host has {host.libc} {host.libc_version}".rstrip()
    if host.libc == "glibc" and version(host.libc_version) < version(needs):
        yield case.line("C library", found, level=Level.PROBLEM, fix="libc-old")
    elif host.libc == "glibc":
        yield case.line("C library", found)


def _start(case: TreeCase) -> Iterator[Line]:
    facts = case.facts
    if facts.answer is not None:
        yield case.line("start", f"Python {facts.answer.version}")
    elif not facts.has_loader:
        found = f"needs the loader {facts.loader}, which is missing"
        yield case.line("start", found, level=Level.PROBLEM, fix="loader")
    else:
        yield case.line("start", f"does not start: {facts.failure}", level=Level.PROBLEM, fix="start")


def _paths(case: TreeCase) -> Iterator[Line]:
    prefix = PurePath(case.facts.prefix)
    strays = [f"{name}={path}" for name, path in case.answer.paths.items() if not PurePath(path).is_relative_to(prefix)]
    if strays:
        found = f"outside the tree: {_some(strays)}"
        yield case.line("moved", found, level=Level.PROBLEM, fix="moved")
    else:
        yield case.line("moved", f"all {len(case.answer.paths)} paths are inside the tree")


def _some(items: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def _modules(case: TreeCase) -> Iterator[Line]:
    broken = [f"{name} ({error})" for name, error in case.answer.broken_modules.items()]
    if broken:
        yield case.line("modules", f"cannot be imported: {_some(broken)}", level=Level.PROBLEM, fix="modules")
    else:
        without = f"; left out of this distribution: {_some(case.answer.left_out)}" if case.answer.left_out else ""
        yield case.line("modules", f"extension modules can be imported{without}")


def _certificates(case: TreeCase) -> Iterator[Line]:
    answer, host = case.answer, case.facts.host
    if "_ssl" in answer.left_out:
        yield case.line("certificates", "ssl was left out of this distribution")
        return
    if not answer.tls:
        yield case.line("certificates", "ssl does not work", level=Level.PROBLEM, fix="modules")
        return
    place = answer.certificate_file or answer.certificate_directory
    if answer.certificates:
        bundled = answer.bundled_certificates
        origin = f"the bundled set of {bundled}" if bundled else place
        yield case.line("certificates", f"{answer.certificates} from {origin}; {answer.tls}")
        return
    files = [item for item in host.certificates if PurePath(item).suffix]
    found = f"none in {place or 'any location that ssl searches'}"
    if files:
        fix = f"export SSL_CERT_FILE={files[0]}"
        yield Line(topic="certificates", level=Level.PROBLEM, found=found, fix=fix)
    else:
        yield case.line("certificates", found, level=Level.PROBLEM, fix="certificates")


def _terminal(case: TreeCase) -> Iterator[Line]:
    if "curses" in case.answer.left_out:
        yield case.line("terminal", "curses was left out of this distribution")
        return
    tried = case.answer.terminal
    good = [name for name, error in tried.items() if not error]
    bad = [name for name, error in tried.items() if error]
    if not good:
        found = f"curses does not know any terminal: {tried[bad[0]]}" if bad else "no terminal was tried"
        yield case.line("terminal", found, level=Level.PROBLEM, fix="terminal-of-tree")
    elif case.facts.host.term in bad:
        found = f"curses does not know TERM={case.facts.host.term}, but knows {good[0]}"
        yield case.line("terminal", found, level=Level.WARNING, fix="term-of-tree")
    else:
        place = case.facts.host.terminfo.get(good[0]) or "the distribution itself"
        yield case.line("terminal", f"curses knows {good[0]} from {place}")


def _tk(case: TreeCase) -> Iterator[Line]:
    error = case.answer.tk_error
    if not error:
        yield case.line("tkinter", case.answer.tk)
    else:
        absent = error.startswith("ModuleNotFoundError")
        yield case.line("tkinter", error, level=Level.WARNING if absent else Level.PROBLEM, fix="tkinter")


def _zones(case: TreeCase) -> Iterator[Line]:
    error = case.answer.zone_error
    if error:
        yield case.line("time zones", error, level=Level.PROBLEM, fix="zoneinfo")
    else:
        yield case.line("time zones", f"{case.tables.zone} is in {case.answer.zone}")


def _pip(case: TreeCase) -> Iterator[Line]:
    if case.answer.pip_error:
        yield case.line("pip", case.answer.pip_error, level=Level.PROBLEM, fix="pip")
    else:
        yield case.line("pip", f"pip {case.answer.pip}")


def _bytecode(case: TreeCase) -> Iterator[Line]:
    code = case.answer.bytecode
    wrong = (*code.stale, *code.missing)
    if not wrong:
        yield case.line("bytecode", f"{code.valid} modules have up-to-date bytecode")
        return
    found = f"stale or missing: {_some(wrong)}"
    # If it is writable, bytecode is regenerated once; otherwise every start compiles again.
    level = Level.WARNING if case.facts.writable and not code.stale else Level.PROBLEM
    yield case.line("bytecode", found, level=level, fix="bytecode")


CHECKS = (_glibc, _start, _paths, _modules, _certificates, _terminal, _tk, _zones, _pip, _bytecode)
