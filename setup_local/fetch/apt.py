"""The distribution's own packages: apt with a state directory of our own, no root, the host's mirrors and keys."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path

from filelock import FileLock

from setup_local.catalog.sources import AptPlace, ArchiveKind, Form
from setup_local.fetch import apt_sources
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.run import CommandFailed, run

_HELPER = Path("/usr/lib/apt/apt-helper")
_FRESH_SECONDS = 24 * 60 * 60
_NEW_SECONDS = 60 * 60


class Apt:
    """The host's apt, used to find and download single files by their hash."""

    def __init__(
        self,
        state: Path,
        *,
        environ: Mapping[str, str],
        report: Callable[[str], None],
        etc: Path = Path("/etc/apt"),
        os_release: Path = Path("/etc/os-release"),
    ) -> None:
        self._state = state
        self._environ = {**environ, "LC_ALL": "C", "LANGUAGE": "C"}
        self._report = report
        self._etc = etc
        self._os_release = os_release
        self._guard = threading.Lock()
        self._suites: dict[tuple[str, str], Suite] = {}
        self._expected: set[AptPlace] = set()

    def expect(self, places: Iterable[AptPlace]) -> None:
        """Announce packages, so that one query answers for all of them."""
        with self._guard:
            self._expected.update(places)

    def attempts(self, form: Form) -> Iterator[Attempt]:
        """Yield the attempts to get a form: from each suite that is named, in each mirror that has it."""
        if form.apt is None:
            return
        self.expect([form.apt])
        for name in form.apt.suites:
            where = f"package {form.apt.package} of {name} (apt)"
            yield Attempt(where=where, download=partial(self._download, form, form.apt, name))

    def listing(self, kind: ArchiveKind, suite: str, packages: Iterable[str]) -> str:
        """Return the control stanzas (deb822(5)) that a suite has for packages; raise `PlaceFailed`."""
        return self._suite("deb" if kind is ArchiveKind.DEB else "deb-src", suite).listing(set(packages))

    def _download(self, form: Form, place: AptPlace, suite_name: str, directory: Path) -> Path:
        """Download from a suite; when that fails with lists that are not new, get new ones and try again."""
        suite = self._suite("deb" if form.kind is ArchiveKind.DEB else "deb-src", suite_name)
        packages = {item.package for item in self._expected if suite_name in item.suites} | {place.package}
        try:
            return suite.download(form, place, packages, directory)
        except PlaceFailed:
            if not suite.refresh():
                raise
            return suite.download(form, place, packages, directory)

    def _suite(self, kind: str, name: str) -> Suite:
        if not self._tools:
            raise PlaceFailed("this host has no apt")
        with self._guard:
            if (kind, name) not in self._suites:
                state = self._state / f"{name}-{kind}"
                found = apt_sources.archives(
                    apt_sources.read_repositories(self._etc), apt_sources.codename(self._os_release), [name]
                )
                self._suites[kind, name] = Suite(state, (kind, name), found, self._environ, self._report)
            return self._suites[kind, name]

    @cached_property
    def _tools(self) -> bool:
        path = self._environ.get("PATH")
        return _HELPER.is_file() and all(shutil.which(name, path=path) for name in ("apt-get", "apt-cache"))


class Suite:
    """One suite (`trixie`) in one kind (`deb-src`): its lists, updated at most once while this process lives."""

    def __init__(
        self,
        state: Path,
        suite: tuple[str, str],
        archives: tuple[apt_sources.Archive, ...],
        environ: dict[str, str],
        report: Callable[[str], None],
    ) -> None:
        self._state = state
        self._stamp = state / "stamp"
        self._kind, self._name = suite
        self._archives = archives
        self._environ = {**environ, "APT_CONFIG": str(state / "apt.conf")}
        self._report = report
        self._lock = threading.Lock()
        self._ready = False
        self._updated = False
        self._problem = ""
        self._files: dict[str, list[str]] = {}
        self._asked: set[str] = set()

    def download(self, form: Form, place: AptPlace, packages: set[str], directory: Path) -> Path:
        """Download a form's file, wherever the lists say that a file with its hash lies."""
        paths = self._find(form.sha256, place.package, packages)
        if not paths:
            raise PlaceFailed(self._problem or f"no version of {place.package} has a file with this hash")
        target = directory / form.file
        reason = ""
        for archive in self._archives:
            for path in paths:
                uri = f"{archive.uri}/{urllib.parse.quote(path)}"
                try:
                    run([_HELPER, "download-file", uri, target, f"SHA256:{form.sha256}"], env=self._environ)
                except CommandFailed as error:
                    reason = _reason(error.output)
                else:
                    return target
        raise PlaceFailed(reason)

    def listing(self, packages: set[str]) -> str:
        """Return the control stanzas of packages, from lists that are fresh."""
        with self._lock, self._state_lock():
            self._prepare()
            return self._answer(packages)

    def refresh(self) -> bool:
        """Get new lists, unless that was done a moment ago; tell whether it was done now."""
        with self._lock:
            if self._updated or not self._archives or self._age() < _NEW_SECONDS:
                return False
            self._files.clear()
            self._asked.clear()
            with self._state_lock():
                self._update()
            return True

    def _find(self, sha256: str, package: str, packages: set[str]) -> list[str]:
        """Return the paths of the files with a hash; one query asks for all packages that may be needed."""
        with self._lock:
            if package not in self._asked:
                with self._state_lock():
                    self._prepare()
                    self._query(packages - self._asked)
                self._asked |= packages
            return self._files.get(sha256, [])

    def _state_lock(self) -> FileLock:
        self._state.mkdir(parents=True, exist_ok=True)
        return FileLock(self._state / "lock", thread_local=False)

    def _prepare(self) -> None:
        """Make the lists usable: as they are when fresh, else new ones."""
        if self._ready:
            return
        if not self._archives:
            raise PlaceFailed("the host's apt configuration names no mirror of this distribution")
        wanted = self._write_configuration()
        if not (self._age() < _FRESH_SECONDS and self._stamp.read_text(encoding="utf-8") == wanted):
            self._update()
        self._ready = True

    def _age(self) -> float:
        """Return for how many seconds the lists have been there."""
        try:
            return time.time() - self._stamp.stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def _write_configuration(self) -> str:
        """Write apt's configuration; return a digest of it."""
        sources = apt_sources.private_sources(self._archives, self._kind, self._name)
        configuration = private_configuration(self._state, _acquire_settings(self._environ))
        for directory in ("parts", "lists/partial", "cache/archives/partial"):
            (self._state / directory).mkdir(parents=True, exist_ok=True)
        (self._state / "parts" / "archive.sources").write_text(sources, encoding="utf-8")
        (self._state / "status").touch()
        (self._state / "apt.conf").write_text(configuration, encoding="utf-8")
        return hashlib.sha256((sources + configuration).encode()).hexdigest()

    def _update(self) -> None:
        """Get the lists; what went wrong is kept for whoever does not find a file in them."""
        self._report(f"reading the package lists of {self._name}")
        self._updated = True
        digest = self._write_configuration()
        try:
            run(["apt-get", "update"], env=self._environ)
        except CommandFailed as error:
            self._problem = f"apt-get update: {_reason(error.output)}"
        else:
            self._stamp.write_text(digest, encoding="utf-8")

    def _answer(self, packages: set[str]) -> str:
        options = ["show"] if self._kind == "deb" else ["showsrc", "--only-source"]
        try:
            return run(["apt-cache", *options, *sorted(packages)], env=self._environ).stdout
        except CommandFailed as error:
            return error.output  # it answers for those that it knows

    def _query(self, packages: set[str]) -> None:
        for sha256, path in listed_files(self._answer(packages)):
            if path not in self._files.setdefault(sha256, []):
                self._files[sha256].append(path)


def listed_files(text: str) -> Iterator[tuple[str, str]]:
    """Yield hash and path in the archive of every file that `apt-cache show` or `showsrc` prints."""
    for stanza in apt_sources.parse_stanzas(text):
        if "Filename" in stanza and "SHA256" in stanza:
            yield stanza["SHA256"], stanza["Filename"]
        for line in stanza.get("Checksums-Sha256", "").splitlines():
            words = line.split()
            if len(words) == 3:  # noqa: PLR2004 - hash, size, name
                yield words[0], f"{stanza.get('Directory', '')}/{words[2]}"


def private_configuration(state: Path, acquire: Iterable[str]) -> str:
    """Return an apt.conf that keeps apt inside one directory, with the host's ways to the network.

    Lists may be old: only a file with the pinned hash is ever taken, so an outdated mirror does no harm.
    """
    lines = [
        f'Dir::State "{state}";',
        f'Dir::State::lists "{state}/lists";',
        f'Dir::State::status "{state}/status";',
        f'Dir::Cache "{state}/cache";',
        'Dir::Etc::main "/dev/null";',
        'Dir::Etc::parts "/dev/null";',
        'Dir::Etc::sourcelist "/dev/null";',
        f'Dir::Etc::sourceparts "{state}/parts";',
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "2";',
        'Acquire::http::Timeout "20";',
        'Acquire::https::Timeout "20";',
    ]
    return "\n".join([*lines, *acquire]) + "\n"


def _acquire_settings(environ: Mapping[str, str]) -> list[str]:
    """Return how the host's apt reaches the network (proxies, certificates); its hooks are left out."""
    env = {name: value for name, value in environ.items() if name != "APT_CONFIG"}
    try:
        dump = run(["apt-config", "dump"], env=env).stdout
    except CommandFailed:
        return []
    kept = ("Acquire::http::", "Acquire::https::", "Acquire::ftp::", "Acquire::socks::")
    return [line for line in dump.splitlines() if line.startswith(kept) and not line.endswith(' "";')]


def _reason(output: str) -> str:
    """Return apt's first error."""
    lines = (
        [line for line in output.splitlines() if line.startswith("E:")] or output.splitlines() or ["no reason given"]
    )
    return lines[0].removeprefix("E:").strip()
