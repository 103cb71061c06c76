"""Makes untrusted text safe for a terminal: it cannot move the cursor, change colours or begin a new line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with all non-printable characters escaped: controls, direction marks, surrogates."""
    return text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """Do the same for each line of a multi-line text."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
