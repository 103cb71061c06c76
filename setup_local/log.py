"""Messages for people, all on standard error; standard output belongs to results."""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.text import Text


def console() -> Console:
    """Return the console for messages: colours only on a terminal, none with `NO_COLOR` (no-color.org)."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def supports_live(stream_console: Console) -> bool:
    """Tell whether a moving display makes sense: a terminal that is not dumb, and no CI."""
    return stream_console.is_terminal and not stream_console.is_dumb_terminal and not os.environ.get("CI")


def error(message: str) -> None:
    """Print an error message."""
    console().print(Text.assemble(("error: ", "bold red"), message))
