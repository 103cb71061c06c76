"""The real catalogs with tiny sources in a mirror directory, from which tests can remove them."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.sources import Form, Requirement, Source, Sources, Trust
from setup_local.errors import SourceError
from setup_local.fetch import Fetcher, Obtained
from setup_local.sourcing import Supply, plan_with_sources
from setup_local.values import Request


class World:
    """The available sources. `signed` are those that only a signed index lists."""

    def __init__(self, top: Path) -> None:
        self.mirror, self.cache = top / "mirror", top / "cache"
        self.mirror.mkdir()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.signed: list[Source] = []
        catalogs = _catalogs()
        tiny = tuple(
            self.tiny(source.name, source.version, verified=source.verified) for source in catalogs.sources.sources
        )
        self.catalogs = dataclasses.replace(catalogs, sources=Sources(sources=tiny))
        self._fetcher = Fetcher(
            self.cache, mirrors=(str(self.mirror),), offline=True, report=lambda _: None, environ={}
        )

    def tiny(self, name: str, version: str, *, verified: bool = True, trust: Trust = Trust.PINNED) -> Source:
        """Return a source of a few bytes, and add them to the mirror."""
        data = f"{name}-{version} {trust.value}".encode()
        form = Form(
            file=f"{name}-{version}.tar",
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            verified=verified,
            unsigned="never-here",
        )
        (self.mirror / form.file).write_bytes(data)
        return Source(name=name, version=version, forms=(form,), trust=trust)

    def lose(self, *names: str) -> None:
        """Remove sources from the mirror; a name alone means all versions."""
        for source in self.catalogs.sources.select(names):
            (self.mirror / source.forms[0].file).unlink()

    def supply(self, request: Request, *, locked: bool = False) -> Supply:
        """Return the sources that a build of a request uses."""
        return plan_with_sources(request, self.catalogs, self, self.said.append, locked=locked)

    def try_all(self, sources: Iterable[Source]) -> Mapping[str, Obtained | SourceError]:
        """Get sources from the mirror."""
        return self._fetcher.try_all(sources)

    def discover(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return matching sources from the signed index."""
        assert known is self.catalogs.sources
        self.asked.append(str(requirement))
        return Sources(sources=tuple(self.signed)).candidates(requirement)


@functools.cache
def _catalogs() -> Catalogs:
    """Return the catalogs, read and checked once for all tests."""
    return load_catalogs()
