"""Tables of commands: as wide as the terminal; in files and pipes as wide as their longest names need."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDE = 200


def table(*columns: str) -> Table:
    """Return a table with these columns; those that begin with `>` are right-aligned."""
    made = Table()
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return made


def print_table(made: Table) -> None:
    """Print a table."""
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(made)
