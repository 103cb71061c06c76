"""Lists the functions and data of Python's C API for a static program, which has no symbol table to query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from setup_local.errors import StepError

HEADER = Path("Modules", "_ctypes", "program_symbols.h")
# The headers that programs include, without the interpreter's private ones (internal/).
_HEADERS = ("*.h", "cpython/*.h")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DECLARED = re.compile(r"\bPyAPI_(?:FUNC|DATA)\s*\([^;{]*?\)\s*(?:\(\s*\*\s*)?(?:\w+\s+)*(_?Py\w+|PY_\w+)\s*[)(;\[]")


def declared(text: str) -> Iterator[str]:
    """Yield the names that a header of CPython declares for programs."""
    yield from _DECLARED.findall(_COMMENT.sub(" ", text))


def write_symbols(tree: Path) -> None:
    """Write the header that cpython-ctypes-static.toml includes, from the headers of a source tree; raise `StepError`."""
    headers = (path for pattern in _HEADERS for path in sorted((tree / "Include").glob(pattern)))
    names = sorted({name for path in headers for name in declared(path.read_text(encoding="utf-8"))})
    if not names:
        raise StepError("Python's headers declare nothing", where=tree / "Include")
    (tree / HEADER).write_text("".join(f"SYMBOL({name})\n" for name in names), encoding="ascii")
