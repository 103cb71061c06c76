"""Makes the programs in `bin/` find their interpreter next to themselves."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Container
from pathlib import Path

from setup_local.errors import StageError
from setup_local.render import render
from setup_local.stage import files

_SHEBANG = "#!"
_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_STRING = re.compile(r"[rRuU]?[\"']")
_FUTURE = re.compile(r"(?m)^from __future__ ")
# The `#!` line that `make install` and pip write: the configured prefix, or env.
_PYTHON = re.compile(r"#!(/usr/bin/env |/\S*/bin/)python[0-9.]*[a-z]*\s*")


def start(interpreter: str) -> str:
    """Return the first lines of a script, with which `sh` passes it to an interpreter in the script's own directory.

    Symlinks to the script and spaces in its path are allowed; Python sees only a string.
    """
    return render("script-start.j2", {"interpreter": interpreter})


def movable(body: str, interpreter: str) -> str:
    """Return a script that is valid for `sh` and for Python, whatever its text is; the bundled pip does the same.

    Comments stay in front, as one may name the encoding. A docstring stays one; if a `__future__` statement follows it,
    nothing may come between them, and the start becomes the docstring's first lines.
    """
    first, _, command = start(interpreter).partition("\n")
    comments = _COMMENTS.match(body)
    before = comments.group() if comments else ""
    body = body.removeprefix(before)
    if _STRING.match(body):
        if _FUTURE.search(body):
            command = f"{command[:-1]} \\\n"
        else:
            body = f"__doc__ = {body}"
    return f"{first}\n{before}{command}{body}"


def relocate_text(text: str, interpreter: str) -> str | None:
    """Return a script with a relocatable start, None if it is not a Python script."""
    first, _, rest = text.partition("\n")
    return start(interpreter) + rest if _PYTHON.fullmatch(first) else None


def relocate_scripts(install: Path, interpreter: str) -> tuple[str, ...]:
    """Rewrite every Python script in `bin/`; return the names of those that were rewritten.

    Raises `StageError` for a script whose first line names Python in an unknown way.
    """
    done = []
    for path in sorted((install / "bin").iterdir()):
        if path.is_symlink() or not (head := _head(path)).startswith(_SHEBANG):
            continue
        if (fresh := relocate_text(files.read(path), interpreter)) is not None:
            files.write(path, fresh, executable=True)
            done.append(path.name)
        elif "python" in head:
            raise StageError(f"unknown first line {head!r}", where=path)
    return tuple(done)


def _head(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.readline(200).decode("utf-8", "replace").rstrip("\n")


def update_records(site_packages: Path, among: Container[str] | None = None) -> None:
    """Correct hash and size of every file that a RECORD (PEP 376) names and that exists.

    With `among`, a set of normalised absolute paths, only those of the files in it.
    """
    for record in sorted(site_packages.glob("*.dist-info/RECORD")):
        lines = files.read(record).splitlines()
        files.write(record, "".join(f"{_entry(site_packages, line, among)}\n" for line in lines))


def _entry(site_packages: Path, line: str, among: Container[str] | None) -> str:
    name, *fields = line.rsplit(",", 2)
    path = site_packages / name
    if len(fields) != 2 or not fields[0] or not path.is_file():  # noqa: PLR2004 -- path, hash, size
        return line
    if among is not None and os.path.normpath(path) not in among:
        return line
    return record_line(name, path.read_bytes())


def record_line(name: str, data: bytes) -> str:
    """Return the line of a RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"
