"""Every intended failure of this program: one class and one exit code for each kind."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from setup_local.printable import printable


class SetupLocalError(Exception):
    """A failure that is reported as one line: what is wrong, where, and what to do.

    `what` is the sentence; `where` a file, URL or step; `hint` the way out.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, where: object = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else printable(str(where))
        self.hint = hint

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where else ""
        suffix = f" ({self.hint})" if self.hint else ""
        return f"{prefix}{self.what}{suffix}"


class ValidationFailed(SetupLocalError):
    """An archive or a binary breaks a rule."""

    exit_code = 1


class RequestError(SetupLocalError):
    """The request names something that does not exist, or combines what cannot be combined."""

    exit_code = 2


class CatalogError(SetupLocalError):
    """A catalog file, schema or template is wrong."""

    exit_code = 10


class SourceError(SetupLocalError):
    """A source is unavailable, or has wrong bytes or a wrong signature."""

    exit_code = 11


class HostError(SetupLocalError):
    """The host lacks a program, memory, disk space or a permission that is needed."""

    exit_code = 12


class ToolchainError(SetupLocalError):
    """A toolchain or sysroot is missing, incomplete or does not work."""

    exit_code = 13


class StepError(SetupLocalError):
    """A build step failed; its log says why."""

    exit_code = 14

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        hint: str | None = None,
        log: Path | None = None,
        crashed: bool = False,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.log = log
        self.crashed = crashed


class ReconcileError(SetupLocalError):
    """The catalog and a CPython source tree disagree."""

    exit_code = 15


class StoreError(SetupLocalError):
    """The cache, or the store of results in it, cannot be read or written."""

    exit_code = 16


class OutputError(SetupLocalError):
    """The result cannot be written to the requested place."""

    exit_code = 17


class DescribeError(SetupLocalError):
    """The result cannot be described truthfully in PYTHON.json."""

    exit_code = 18


class StageError(SetupLocalError):
    """A built file does not have the form that a distribution needs."""

    exit_code = 19


class ArchiveError(SetupLocalError):
    """A file is not a distribution archive: corrupted, truncated, or with unsafe paths."""

    exit_code = 20


class DescriptionError(SetupLocalError):
    """PYTHON.json is not JSON, or does not follow its schema."""

    exit_code = 21


class OptimizationError(SetupLocalError):
    """An optimized build was requested, but the result is not optimized."""

    exit_code = 22


class MatrixError(SetupLocalError):
    """Not every distribution of a matrix could be built."""

    exit_code = 23
