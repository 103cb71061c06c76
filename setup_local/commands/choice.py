"""Parameter types of options and arguments."""

from __future__ import annotations

import errno
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import click

_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ELOOP}
_Member = TypeVar("_Member", bound=Enum)


class EnumChoice(click.Choice[_Member]):
    """A choice between the members of an enum, by their values."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return how a member is typed; typed text stays as it is."""
        del ctx
        return str(choice.value if isinstance(choice, Enum) else choice)


class NamedPath(click.Path):
    """A path that names something: an empty one would mean the current directory, which is never intended."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; reject an empty one, and one that is invalid on every file system."""
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
