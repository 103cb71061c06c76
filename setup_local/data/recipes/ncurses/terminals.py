"""Chooses from a compiled terminal database: `terminals.py DATABASE LIST.toml HEADER DIRECTORY`.

Writes a C header with the entries that are compiled in, and copies the bundled ones to a directory.
"""  # noqa: INP001 -- a program of a recipe, no module of this package

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

_HEADER_BYTES = 12  # term(5)
_PER_LINE = 24


def main() -> None:
    """Write both; fail for a name or a pattern that the database does not have."""
    database, listing, header, target = map(Path, sys.argv[1:])
    chosen = lists(listing.read_text(encoding="utf-8"))
    entries = {path.name: path for path in sorted(database.glob("?/*"))}
    header.write_text(compiled_in(chosen["compiled-in"], entries), encoding="ascii")
    for name in bundled(chosen["bundled"], entries):
        place = target / entries[name].relative_to(database)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entries[name], place)


def lists(text: str) -> dict[str, list[str]]:
    """Return the lists of strings of a TOML file; the Python of an older build environment has no module for the rest."""
    found = re.findall(r"^([a-z-]+) = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r'"([^"]*)"', body) for name, body in found}


def compiled_in(names: Iterable[str], entries: Mapping[str, Path]) -> str:
    """Return C text: the bytes of each entry, and a table of them."""
    texts, rows = [], []
    for number, name in enumerate(names):
        if name not in entries:
            raise SystemExit(f"the database has no terminal {name}")
        content = entries[name].read_bytes()
        lines = [content[start : start + _PER_LINE] for start in range(0, len(content), _PER_LINE)]
        body = "\n".join(",".join(map(str, line)) + "," for line in lines)
        texts.append(f"/* {name} */\nstatic const unsigned char entry_{number}[] = {{\n{body}\n}};\n")
        rows.append(f"    {{entry_{number}, sizeof entry_{number}}},\n")
    table = "static const struct { const unsigned char *bytes; int size; } compiled_in[] = {\n"
    return "".join(texts) + table + "".join(rows) + "};\n"


def bundled(patterns: Iterable[str], entries: Mapping[str, Path]) -> list[str]:
    """Return the names to bundle, without the building blocks of other entries (`xterm+keypad`).

    Of two that differ in case alone, the one by which the entry calls itself first is taken: where a file system
    ignores case, one file would take the other's place.
    """
    names: dict[str, str] = {}
    for pattern in patterns:
        found = [name for name in entries if fnmatchcase(name, pattern) and "+" not in name[:-1]]
        if not found:
            raise SystemExit(f"the database has no terminal {pattern}")
        for name in found:
            other = names.setdefault(name.lower(), name)
            if other != name and _first_name(entries[name]) == name:
                names[name.lower()] = name
    return sorted(names.values())


def _first_name(path: Path) -> str:
    names, _, _ = path.read_bytes()[_HEADER_BYTES:].partition(b"\0")
    return names.decode("latin-1").split("|")[0]


if __name__ == "__main__":
    main()
