"""Text of others on its way to a terminal: nothing in it may move the cursor, change colours or begin a new line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with everything escaped that is not shown as a character: controls, direction marks, surrogates."""
    return text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """Do the same for each line of a text that is meant to have several."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
