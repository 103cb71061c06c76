"""Kinds of values that options and arguments have."""

from __future__ import annotations

import errno
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import click

_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ELOOP}
_Member = TypeVar("_Member", bound=Enum)


class EnumChoice(click.Choice[_Member]):
    """A choice between the members of an enum, which the command line knows by their values."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return how a member is typed; what was typed stays as it is."""
        del ctx
        return str(choice.value if isinstance(choice, Enum) else choice)


class NamedPath(click.Path):
    """A path that names something: an empty one would mean the current directory, which nobody meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; refuse an empty one, and one that no file system can have."""
        if not str(value).strip():
            self.fail("is empty; name a file or directory.", param, ctx)
        try:
            Path(value).stat()
        except OSError as error:
            if error.errno in _IMPOSSIBLE:
                self.fail(f"{str(value)[:80]}...: {error.strerror}", param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)
