"""The staged tree as a value, and its record, which is next to it in the store."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup_local.catalog.load import convert
from setup_local.errors import CatalogError, StageError
from setup_local.stage import files
from setup_local.stage.objects import INITTAB_OBJECT, INITTAB_SOURCE, Objects

TREE = "python"
RECORD = "staged.json"
SHARED_LIBRARIES = "install/lib"
RUN_TESTS = "build/run_tests.py"


@dataclass(frozen=True, kw_only=True)
class StagedTree:
    """A distribution on disk, before it is described and packed; all paths are below `root`.

    `libpython` is the static one. `shared_libpython` is the one that the interpreter needs if it does not contain
    libpython itself, or that is next to it for programs that embed Python. `inittab` maps the built-in modules to their
    init functions; `required` are those without which the interpreter does not start. `system_libraries` and
    `frameworks` are what libpython also links. `archives` maps each static library (`libz.a`) to the library it belongs
    to, in link order. `inittab_object` and `inittab_source` are below `build/`.
    """

    root: Path
    python_exe: str
    libpython: str
    objects: Objects
    inittab: Mapping[str, str]
    inittab_cflags: tuple[str, ...]
    required: frozenset[str]
    system_libraries: tuple[str, ...]
    archives: Mapping[str, str]
    licenses: Mapping[str, str]
    tcl_library_paths: tuple[str, ...]
    shared_libpython: str | None = None
    frameworks: tuple[str, ...] = ()
    inittab_object: str = INITTAB_OBJECT
    inittab_source: str = INITTAB_SOURCE

    @property
    def interpreter(self) -> Path:
        """Return the path of the interpreter on this machine."""
        return self.root / self.python_exe


def write_record(staged: StagedTree, directory: Path) -> None:
    """Write the record of a tree `directory/python` next to it."""
    values = {field.name.replace("_", "-"): getattr(staged, field.name) for field in dataclasses.fields(staged)}
    del values["root"]
    files.write(directory / RECORD, json.dumps(values, default=_plain, indent=2) + "\n")


def read_record(directory: Path) -> StagedTree:
    """Return the tree `directory/python`; raise `StageError` if it has no record, or an invalid one."""
    path = directory / RECORD
    try:
        values = json.loads(files.read(path))
        return convert(StagedTree, {**values, "root": str(directory / TREE)}, where=path)
    except (ValueError, TypeError, CatalogError) as error:
        raise StageError(f"is not a record of a staged tree: {error}", where=path) from error


def _plain(value: object) -> Any:
    return sorted(value) if isinstance(value, frozenset) else dataclasses.asdict(value)  # type: ignore[call-overload]
