"""Messages for people, all on standard error; standard output is for results."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

from setup_local.printable import printable, printable_lines


def console() -> Console:
    """Return the console for messages: colours only on a terminal, none with `NO_COLOR` (no-color.org)."""
    from rich.console import Console  # noqa: PLC0415 (most commands that succeed have no message)

    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def supports_live(stream_console: Console) -> bool:
    """Return whether a live display makes sense: on a terminal that is not dumb, outside CI."""
    return stream_console.is_terminal and not stream_console.is_dumb_terminal and not os.environ.get("CI")


def error(message: str) -> None:
    """Print an error message."""
    from rich.text import Text  # noqa: PLC0415 (as above)

    console().print(Text.assemble(("error: ", "bold red"), printable_lines(message)))


def escaped(text: str) -> str:
    """Return untrusted text for a table or line with markup: shown literally, whatever it contains."""
    from rich.markup import escape  # noqa: PLC0415 (as above)

    return escape(printable(text))
