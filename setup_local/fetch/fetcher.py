"""Tries the places of each source in order until one delivers the pinned bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from setup_local.catalog.sources import Form, Requirement, Source, Sources
from setup_local.errors import SourceError
from setup_local.fetch.apt import Apt, AptHost
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.fetch.cache import SourceCache, WrongBytes, verify
from setup_local.fetch.discover import Discovery
from setup_local.fetch.http import Downloader
from setup_local.fetch.mirrors import (
    MIRROR_VARIABLE,
    SNAPSHOT_VARIABLE,
    mirror_attempts,
    mirror_list,
    snapshot_attempts,
    url_attempt,
)
from setup_local.fetch.pypi import pypi_attempts
from setup_local.fetch.signatures import Signatures, Verdict, keep
from setup_local.fetch.verdict import WrongSignature

_AT_ONCE = 8  # downloads wait for the network, not for the processor


@dataclass(frozen=True, kw_only=True)
class Obtained:
    """An available source: the form that was obtained, and its verified file in the cache."""

    source: Source
    form: Form
    path: Path


class Fetcher:
    """Gets sources into the cache `<cache>/sources`; one serves all threads of a process.

    `mirrors` are directories or URLs; `offline` allows only the cache and directories; `report` gets a line
    for everything worth reporting; `environ` is the environment of the user's own tools (apt, pip); `apt_host` is the
    configuration of apt.
    """

    def __init__(
        self,
        cache: Path,
        *,
        mirrors: tuple[str, ...] = (),
        offline: bool = False,
        report: Callable[[str], None],
        environ: Mapping[str, str],
        apt_host: AptHost | None = None,
    ) -> None:
        self.cache = SourceCache(cache)
        self._mirrors = mirror_list(mirrors, environ)
        self._offline = offline
        self._report_lock = threading.Lock()
        self._report_to = report
        self._environ = dict(environ)
        self._stop = threading.Event()
        self._downloader = Downloader(environ, stop=self._stop)
        self._apt = Apt(cache / "apt", environ=self._environ, report=self._report, host=apt_host)
        self._discovery = Discovery(self._apt, environ=self._environ, report=self._report)
        self._signatures = Signatures(self._signature_places, offline=offline)
        self.cache.sweep()

    def cached(self, source: Source) -> Obtained | None:
        """Return a source that is already in the cache, in the first form that is."""
        for form in source.forms:
            if self.cache.holds(form):
                return Obtained(source=source, form=form, path=self.cache.path(form))
        return None

    def obtain(self, source: Source) -> Obtained:
        """Return a source, from the first place that has it; raise `SourceError` that lists all that failed."""
        there = self.cached(source)
        if there:
            return there
        tried: list[str] = []
        for form, attempts in self._plan(source):
            path = self._try_form(source, form, attempts, tried)
            if path:
                return Obtained(source=source, form=form, path=path)
        raise self._failure(source, tried)

    def obtain_all(self, sources: Iterable[Source]) -> dict[str, Obtained]:
        """Return sources by their identity, fetched in parallel; raise the first `SourceError` in their order."""
        with self._running(sources) as running:
            return {identity: future.result() for identity, future in running.items()}

    def try_all(self, sources: Iterable[Source]) -> dict[str, Obtained | SourceError]:
        """Return for every source what was obtained or the error; only a wrong signature stops it."""
        outcomes: dict[str, Obtained | SourceError] = {}
        with self._running(sources) as running:
            for identity, future in running.items():
                try:
                    outcomes[identity] = future.result()
                except WrongSignature:
                    raise
                except SourceError as error:
                    outcomes[identity] = error
        return outcomes

    def check_signature(self, item: Obtained) -> Verdict | None:
        """Check the signature of an available source, downloading it if necessary; None if there is none.

        Raises `WrongSignature`.
        """
        return self._signatures.check_again(item.source, item.form, item.path)

    def discover(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return sources that meet a requirement and that signed indexes vouch for, best first.

        `known` are the catalog's, which are left out. Offline there are none.
        """
        return () if self._offline else self._discovery.find(requirement, known)

    def newer(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return sources in signed indexes that meet a requirement and are newer than every pin, newest first."""
        return () if self._offline else self._discovery.newer(requirement, known)

    @contextmanager
    def _running(self, sources: Iterable[Source]) -> Iterator[dict[str, Future[Obtained]]]:
        """Start to obtain sources in parallel; if the caller gives up, downloads that have not begun are dropped."""
        wanted = {source.identity: source for source in sources}
        self._apt.expect(form.apt for source in wanted.values() for form in source.forms if form.apt)
        with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="fetch") as pool:
            try:
                yield {identity: pool.submit(self.obtain, source) for identity, source in wanted.items()}
            except BaseException as error:
                if not isinstance(error, Exception):
                    self._stop.set()  # interrupted: running downloads also end
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _plan(self, source: Source) -> Iterator[tuple[Form, Iterator[Attempt]]]:
        """Yield the attempts in order: the user's mirrors for every form, then each form's own places."""
        for form in source.forms:
            yield form, mirror_attempts(self._mirrors, form, self._downloader, offline=self._offline)
        if not self._offline:
            for form in source.forms:
                yield form, self._network_attempts(form)

    def _network_attempts(self, form: Form) -> Iterator[Attempt]:
        for url in form.urls:
            yield url_attempt(url, form, self._downloader)
        yield from self._apt.attempts(form)
        yield from pypi_attempts(form, self._environ)
        yield from snapshot_attempts(self._environ.get(SNAPSHOT_VARIABLE, ""), form, self._downloader)

    def _signature_places(self, signature: Form, signed: Form) -> Iterator[Attempt]:
        """Yield the attempts to get a signature; mirrors organized by hashes have it next to the file that it signs."""
        beside = replace(signature, sha256=signed.sha256)
        yield from mirror_attempts(self._mirrors, beside, self._downloader, offline=self._offline)
        if not self._offline:
            yield from self._network_attempts(signature)

    def _try_form(self, source: Source, form: Form, attempts: Iterator[Attempt], tried: list[str]) -> Path | None:
        with self.cache.writing(form) as directory:
            if self.cache.holds(form):  # another process was faster
                return self.cache.path(form)
            for attempt in attempts:
                if self._stop.is_set():
                    raise SourceError("interrupted", where=source.identity)
                try:
                    file = attempt.download(directory)
                    verify(file, form)
                except (PlaceFailed, WrongBytes) as error:
                    tried.append(f"{attempt.where}: {error}")
                    if isinstance(error, WrongBytes):
                        self._report(f"{source.identity}: {attempt.where}: {error}")
                    continue
                self._report(f"{source.identity}: {file.stat().st_size / 1e6:.1f} MB from {attempt.where}")
                return self._install(source, form, file)
        return None

    def _install(self, source: Source, form: Form, file: Path) -> Path:
        """Put a verified file into the cache, with its signature if available; a wrong one keeps it out."""
        verdict, signature = self._signatures.check(source, form, file, file.parent)
        if verdict:
            self._report(f"{source.identity}: {verdict}")
        path = self.cache.install(file, form)
        keep(form, path, signature)
        return path

    def _report(self, line: str) -> None:
        with self._report_lock:
            self._report_to(line)

    def _failure(self, source: Source, tried: list[str]) -> SourceError:
        if self._offline:
            way = f"run without --offline, name a directory that contains it with --mirror or {MIRROR_VARIABLE}"
        else:
            way = f"put the file into a directory and name the directory with --mirror or {MIRROR_VARIABLE}"
        hint = f"{way}, or build with --source {source.name}=FILE"
        files = " or ".join(form.file for form in source.forms)
        places = "".join(f"\n  {line}" for line in tried) or "\n  no place was tried: it is not in the cache"
        return SourceError(f"{files} could not be obtained:{places}\n ", where=source.identity, hint=hint)
