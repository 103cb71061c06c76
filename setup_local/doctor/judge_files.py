"""The rules of `setup-local check`: what would break in a tree that is moved, or used on an older system. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from setup_local.audit.model import Group, Rule, Severity, Verdict, judge
from setup_local.audit.policy import matches, version
from setup_local.doctor.changes import ChangedFacts
from setup_local.doctor.tree_files import BinaryFacts, TextFacts

Breaches = Iterator[tuple[str, str]]
_GLIBC = "GLIBC_"
_TRAMPOLINE = "setup-local check --fix DIR, if the interpreter is next to the script; else reinstall the package"


def judge_files(subject: str, files: Iterable[BinaryFacts | TextFacts | ChangedFacts]) -> Verdict:
    """Return the verdict on a tree, with a part for each file that was checked."""
    return Verdict(subject=subject, parts=tuple(_judge(facts) for facts in files))


def _judge(facts: BinaryFacts | TextFacts | ChangedFacts) -> Verdict:
    if isinstance(facts, ChangedFacts):
        return judge(facts.name, (CHANGED,), facts)
    if isinstance(facts, TextFacts):
        return judge(facts.name, TEXT_RULES, facts)
    if facts.elf is not None and not _native(facts):
        return judge(facts.name, (MACHINE,), facts)
    return judge(facts.name, BINARY_RULES, facts)


def _native(facts: BinaryFacts) -> bool:
    policy, elf = facts.limits.policy, facts.elf
    return elf is not None and (elf.machine, elf.elf_class) == (policy.machine, policy.bits)


def _origin_to(facts: BinaryFacts, path: str) -> str:
    relative = posixpath.relpath(posixpath.dirname(path) or ".", posixpath.dirname(facts.name) or ".")
    return "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"


def _damaged(facts: BinaryFacts) -> Breaches:
    if facts.problem:
        yield facts.name, f"{facts.problem}; fix: reinstall its package"


def _disagreeing(facts: BinaryFacts) -> Breaches:
    for what in facts.elf.disagreements if facts.elf else ():
        yield facts.name, f"{what}; fix: reinstall its package, from a source that you trust"


def _machine(facts: BinaryFacts) -> Breaches:
    if facts.elf is not None and not _native(facts):
        policy = facts.limits.policy
        yield facts.name, f"is for {facts.elf.machine}, {facts.elf.elf_class} bit, not for {policy.triple}"


def _missing(facts: BinaryFacts) -> Breaches:
    for library in facts.libraries:
        known = facts.limits.policy.needs(library.name, facts.name)
        if not (library.found or library.elsewhere or known or library.name in facts.limits.tables.wheel_libraries):
            fix = "put it into the tree and set a RUNPATH relative to $ORIGIN (auditwheel repair, patchelf --set-rpath)"
            yield facts.name, f"needs {library.name}, which is neither in the tree nor on every system; fix: {fix}"


def _unreachable(facts: BinaryFacts) -> Breaches:
    for library in facts.libraries:
        allowed = facts.limits.policy.needs(library.name, facts.name)
        if library.elsewhere and not (library.found or allowed):
            fix = f"patchelf --set-rpath '{_origin_to(facts, library.elsewhere)}' {facts.name}"
            yield facts.name, f"needs {library.name}; its RUNPATH does not lead to {library.elsewhere}; fix: {fix}"


def _from_system(facts: BinaryFacts) -> Breaches:
    for library in facts.libraries:
        allowed = facts.limits.policy.needs(library.name, facts.name)
        if library.name in facts.limits.tables.wheel_libraries and not (library.found or library.elsewhere or allowed):
            yield facts.name, f"needs {library.name} from the system, as wheels may; a minimal system lacks it"


def _search_path(facts: BinaryFacts) -> Breaches:
    for rpath in facts.elf.rpaths if facts.elf else ():
        if rpath.startswith("/"):
            where = "in the tree: breaks when it moves" if facts.limits.inside(rpath) else "specific to one machine"
            fix = f"patchelf --set-rpath '{_fixed(facts, rpath)}' {facts.name}"
            yield facts.name, f"RUNPATH {rpath} is an absolute path {where}; fix: {fix}"
        elif not rpath.startswith(("$ORIGIN", "${ORIGIN}")):
            fix = f"patchelf --set-rpath '$ORIGIN' {facts.name}"
            yield facts.name, f"RUNPATH {rpath!r} depends on the current directory; fix: {fix}"
        elif rpath in facts.escaping:
            yield facts.name, f"RUNPATH {rpath} leads out of the tree; fix: move the libraries into the tree"


def _fixed(facts: BinaryFacts, rpath: str) -> str:
    """Return the search path, relative to the file, that is equivalent to an absolute one in the tree."""
    clean = posixpath.normpath(rpath)
    for root in facts.limits.roots:
        if clean == root or clean.startswith(f"{root}/"):
            return _origin_to(facts, posixpath.join(posixpath.relpath(clean, root), "x"))
    return "$ORIGIN"


def _interpreter(facts: BinaryFacts) -> Breaches:
    wanted = facts.limits.policy.loader
    if facts.elf is not None and facts.elf.interpreter not in (None, wanted):
        fix = f"patchelf --set-interpreter {wanted} {facts.name}"
        yield facts.name, f"needs the loader {facts.elf.interpreter}, but the system's is {wanted}; fix: {fix}"


def newer(facts: BinaryFacts) -> str:
    """Return the newest glibc version above the floor that a file refers to, empty if there is none."""
    needs = facts.elf.version_needs if facts.elf and facts.limits.floor else ()
    names = [need.version.removeprefix(_GLIBC) for need in needs if need.version.startswith(_GLIBC)]
    above = [name for name in names if version(name) > facts.limits.floor]
    return max(above, key=version, default="")


def _too_new(facts: BinaryFacts) -> Breaches:
    if facts.limits.demanded and (name := newer(facts)):
        fix = "use an older wheel (pip install --platform manylinux...), or build it against that glibc"
        yield facts.name, f"needs glibc {name}, the floor is {_floor(facts)}; fix: {fix}"


def _newer_than_python(facts: BinaryFacts) -> Breaches:
    if not facts.limits.demanded and (name := newer(facts)):
        yield facts.name, f"needs glibc {name}; the tree itself runs with glibc {_floor(facts)} or newer"


def _floor(facts: BinaryFacts) -> str:
    return ".".join(map(str, facts.limits.floor))


def _script(facts: TextFacts) -> Breaches:
    for path in facts.paths if facts.kind == "script" else ():
        if facts.limits.inside(path):
            yield facts.name, f"names {path}, in the tree: breaks when it moves; fix: {_TRAMPOLINE}"
        elif not facts.exists and not matches(path, facts.limits.tables.system_programs):
            yield facts.name, f"names {path}, which does not exist (was the tree moved?); fix: {_TRAMPOLINE}"


def _absent_program(facts: TextFacts) -> Breaches:
    for path in facts.paths if facts.kind == "script" else ():
        if not facts.exists and matches(path, facts.limits.tables.system_programs):
            yield facts.name, f"needs {path}, which this system lacks; fix: install it, if the script is used"


def _link(facts: TextFacts) -> Breaches:
    for path in facts.paths if facts.kind == "link" else ():
        if facts.limits.inside(path):
            yield facts.name, f"links to {path}, in the tree: breaks when it moves; fix: ln -srfn {path} {facts.name}"


def _named(facts: TextFacts) -> Breaches:
    for path in facts.paths if facts.kind == "paths" else ():
        if facts.limits.inside(path):
            yield (
                facts.name,
                f"names {path}, in the tree: breaks when it moves; fix: install the package without --editable",
            )


def _replaced(facts: TextFacts) -> Breaches:
    if facts.kind == "installer" and not facts.exists:
        fix = "setup-local check --fix DIR, which edits this pip like the bundled one, and repairs scripts"
        yield (
            facts.name,
            f"this pip was installed later; scripts that it installs break when the tree moves; fix: {fix}",
        )


def _changed(facts: ChangedFacts) -> Breaches:
    yield facts.name, f"{facts.what}; fix: none, if you changed it; else reinstall the tree"


def _rule(name: str, title: str, check: Callable[[Any], Breaches], severity: Severity = Severity.ERROR) -> Rule[Any]:
    group = Group.TEXTS if check in (_script, _absent_program, _link, _named, _replaced, _changed) else Group.BINARIES
    return Rule(id=name, title=title, group=group, check=check, severity=severity)


MACHINE: Rule[BinaryFacts] = _rule("machine", "binaries are for this kind of machine", _machine, Severity.WARNING)
BINARY_RULES: tuple[Rule[BinaryFacts], ...] = (
    _rule("readable", "binaries are intact", _damaged),
    MACHINE,
    _rule("sections-agree", "section tables agree with what a loader reads", _disagreeing),
    _rule("needed", "needed libraries are in the tree or on every system", _missing),
    _rule("reachable", "search paths lead to needed libraries", _unreachable, Severity.WARNING),
    _rule("from-system", "only the C library comes from the system", _from_system, Severity.WARNING),
    _rule("search-path", "search paths are relative to the file and stay inside the tree", _search_path),
    _rule("loader", "programs use the system's loader", _interpreter),
    _rule("floor", "no symbol is newer than the glibc given with --glibc", _too_new),
    _rule("tree-floor", "no symbol is newer than the tree's own floor", _newer_than_python, Severity.WARNING),
)
TEXT_RULES: tuple[Rule[TextFacts], ...] = (
    _rule("script", "scripts name no program by a path in the tree", _script),
    _rule("program", "programs named in scripts exist", _absent_program, Severity.WARNING),
    _rule("link", "symbolic links into the tree are relative", _link),
    _rule("installer", "pip writes relocatable scripts", _replaced, Severity.WARNING),
    _rule("path-file", ".pth files name no path in the tree", _named),
)
CHANGED: Rule[ChangedFacts] = _rule("manifest", "files match SHA256SUMS", _changed, Severity.WARNING)
RULES: tuple[Rule[Any], ...] = (*BINARY_RULES, *TEXT_RULES, CHANGED)
