"""Gathers facts about an installed tree: reads its interpreter as a file, then queries it about itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from setup_local.audit.files import read_bounded
from setup_local.audit.policy import version
from setup_local.binfmt.detect import HEAD, FileKind, detect
from setup_local.binfmt.elf import Elf, read_elf
from setup_local.catalog.load import convert
from setup_local.doctor.model import Answer, HostFacts, TreeFacts
from setup_local.doctor.tables import DIRECTORY, HostTables
from setup_local.errors import CatalogError, RequestError
from setup_local.run import CommandFailed, run

_SCRIPT = DIRECTORY / "ask.py"
_PLACES = ("", "install", "python/install", "python")  # an installation below the directory that the user names
_MODULES = "lib/python*/lib-dynload/*.so"
_WINDOWS = "python.exe"
_GLIBC = "GLIBC_"
_SHOWN = 400  # characters from the end of a failed interpreter's output


def find_interpreter(directory: Path) -> Path:
    """Return the interpreter of an unpacked distribution. Raises `RequestError`."""
    root = Path(os.path.realpath(directory))
    refuse_no_directory(directory)
    for place in _PLACES:
        path = root / place / "bin" / "python3"
        if os.path.lexists(path):
            if _kind(path) is FileKind.MACHO:
                raise _of_other_system("macOS", directory)
            return path
        if os.path.lexists(root / place / _WINDOWS):
            raise _of_other_system("Windows", directory)
    raise RequestError("contains no installed Python", where=directory, hint="name a directory with bin/python3")


def _kind(path: Path) -> FileKind:
    """Return the kind of a file, OTHER for one that cannot be read: code that reads all of it reports that."""
    try:
        if not path.is_file():
            return FileKind.OTHER
        with path.open("rb") as stream:
            return detect(stream.read(HEAD))
    except OSError:
        return FileKind.OTHER


def _of_other_system(name: str, directory: Path) -> RequestError:
    hint = "setup-local audit --target-triple checks its binaries"
    return RequestError(
        f"is an installation for {name}, which cannot be checked as a whole", where=directory, hint=hint
    )


def refuse_no_directory(directory: Path) -> None:
    """Raise `RequestError` for a path that is missing or not a directory."""
    if not os.path.lexists(directory):
        raise RequestError("no such directory", where=directory)
    if not os.path.isdir(directory):
        raise RequestError("is not a directory", where=directory, hint="name the directory of an installation")


def tree_facts(directory: Path, host: HostFacts, environ: Mapping[str, str], tables: HostTables) -> TreeFacts:
    """Return the facts about an installed tree. Raises `RequestError` if it is not one."""
    interpreter = find_interpreter(directory)
    elf = _elf(interpreter)
    modules = [found for path in sorted(interpreter.parent.parent.glob(_MODULES)) if (found := _elf(path))]
    answer, failure = _ask(interpreter, environ, tables, host.term)
    return TreeFacts(
        host=host,
        prefix=str(interpreter.parent.parent),
        interpreter=str(interpreter),
        loader=(elf.interpreter or "") if elf else "",
        has_loader=elf is None or not elf.interpreter or os.path.exists(elf.interpreter),
        needs_glibc=newest_glibc([elf, *modules] if elf else modules),
        writable=os.access(interpreter.parent.parent, os.W_OK),
        answer=answer,
        failure=failure,
    )


def _elf(path: Path) -> Elf | None:
    try:
        return read_elf(read_bounded(path))
    except (OSError, ValueError):
        return None


def newest_glibc(elves: Iterable[Elf]) -> str:
    """Return the newest glibc version that any of these files refers to, empty if there is none."""
    needs = (need.version for elf in elves for need in elf.version_needs)
    names = (need.removeprefix(_GLIBC) for need in needs if need.startswith(_GLIBC))
    return max((name for name in names if version(name)), key=version, default="")


def _ask(interpreter: Path, environ: Mapping[str, str], tables: HostTables, term: str) -> tuple[Answer | None, str]:
    """Return the interpreter's answer, or why there is none."""
    given = {name: environ[name] for name in tables.variables if environ.get(name)}
    env = {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8", **given}
    terms = dict.fromkeys(name for name in (term, *tables.terms) if name)
    try:
        printed = run([interpreter, "-I", "-B", _SCRIPT, tables.zone, *terms], env=env, cwd=Path("/")).stdout
    except CommandFailed as error:
        return None, error.output.strip()[-_SHOWN:] or f"it ended with status {error.status}"
    return read_answer(printed, interpreter)


def read_answer(text: str, where: object) -> tuple[Answer | None, str]:
    """Return what the interpreter printed as an answer, or why it is invalid."""
    try:
        return convert(Answer, _kebab(json.loads(text)), where=where), ""
    except (ValueError, AttributeError, CatalogError) as error:
        return None, f"its answer is invalid: {error}"


def _kebab(raw: dict[str, object]) -> dict[str, object]:
    return {name.replace("_", "-"): value for name, value in raw.items()}
