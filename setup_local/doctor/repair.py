"""Makes scripts in a tree find the interpreter next to themselves, and makes the tree's pip write only such scripts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from setup_local.audit.policy import matches
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.doctor.tree_files import BinaryFacts, TextFacts
from setup_local.errors import OutputError
from setup_local.stage import installer, scripts

_NAME = re.compile(r"python[\w.+-]*", re.ASCII)


def repair(root: Path, judged: Iterable[BinaryFacts | TextFacts]) -> Iterator[tuple[str, str]]:
    """Repair what breaks when a tree moves and yield its name and what was done; RECORDs are updated.

    A script is repaired if it begins as pip and uv write it, with an interpreter that is in the script's directory, or
    was there before the tree moved. pip is edited like the bundled one; a pip that the edits do not fit is left alone.
    """
    for facts in list(judged):
        path = root / facts.name
        if not isinstance(facts, TextFacts):
            continue
        if facts.kind == "script" and (name := _own_interpreter(path, facts)) and _rewritten(path, facts.paths[0]):
            for site in path.parent.parent.glob("lib*/python*/site-packages"):
                scripts.update_records(site, {os.path.normpath(path)})
            yield facts.name, f"now starts the {name} next to it"
        elif facts.kind == "installer" and not facts.exists:
            site = Path(str(path).removesuffix(installer.WRITES_SCRIPTS))
            problem = installer.edit_later(site, load_patch(PIP_LAUNCHERS))
            yield facts.name, f"is left unchanged: {problem}" if problem else "now writes relocatable scripts"


def _own_interpreter(path: Path, facts: TextFacts) -> str:
    """Return the name of the interpreter if it should be next to the script, else an empty string."""
    named = Path(facts.paths[0]) if facts.paths else Path()
    if not _NAME.fullmatch(named.name) or not os.path.exists(path.with_name(named.name)):
        return ""
    if facts.limits.inside(str(named)):
        return named.name if os.path.realpath(named.parent) == os.path.realpath(path.parent) else ""
    moved = not facts.exists and not matches(str(named), facts.limits.tables.system_programs)
    return named.name if moved else ""


def _rewritten(path: Path, named: str) -> bool:
    """Replace a script's start; return whether it began as installers write it, otherwise it is left alone."""
    quoted = rf"[\"']?{re.escape(named)}[\"']?"
    begin = re.compile(rf"#!{re.escape(named)}[ \t]*\r?\n|#!/bin/sh\n'''exec' {quoted} \"\$0\" \"\$@\"\n' '''\r?\n")
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        if (found := begin.match(text)) is None:
            return False
        fresh = path.with_name(f"{path.name}.new")
        body = text[found.end() :]
        fresh.write_bytes(scripts.movable(body, Path(named).name).encode("utf-8", "surrogateescape"))
        fresh.chmod(path.stat().st_mode & 0o7777)
        fresh.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=path) from error
    return True
