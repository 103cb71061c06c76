"""The ways in which a signature can fail to vouch for a file."""

from __future__ import annotations

from setup_local.errors import SourceError


class WrongSignature(SourceError):
    """A signature exists and is wrong: the work stops, whatever else is available instead."""


class NotChecked(Exception):
    """A signature proves nothing here and now; the text is the reason."""


class UnknownSigner(NotChecked):
    """A signature was made with a key that the catalog does not have, or that had expired in its copy."""
