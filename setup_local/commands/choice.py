"""Options whose values are those of an enum."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

import click

_Member = TypeVar("_Member", bound=Enum)


class EnumChoice(click.Choice[_Member]):
    """A choice between the members of an enum, which the command line knows by their values."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return how a member is typed; what was typed stays as it is."""
        del ctx
        return str(choice.value if isinstance(choice, Enum) else choice)
