"""Downloads pinned sources from the places that publish them, and unpacks them safely."""

from setup_local.fetch.fetcher import Fetcher, Obtained
from setup_local.fetch.unpack import unpack

__all__ = ["Fetcher", "Obtained", "unpack"]
