"""The distribution's own packages: apt with our own state directory, no root, the host's mirrors and keys."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from filelock import FileLock

from setup_local.atomic_write import atomic_write
from setup_local.catalog.sources import AptPlace, ArchiveKind, Form
from setup_local.fetch import apt_sources
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.fetch.cache import WrongBytes
from setup_local.fetch.pool import HELPER, Pool, download, reason
from setup_local.fetch.release import vouching
from setup_local.run import CommandFailed, run

_FRESH_SECONDS = 24 * 60 * 60
_NEW_SECONDS = 60 * 60
_WITHOUT_FIXES = "sid"  # fixes go into the suite itself


@dataclass(frozen=True, kw_only=True)
class AptHost:
    """The configuration of a host's apt; `timeout` is how many seconds a server may be silent, `retries` times."""

    etc: Path = Path("/etc/apt")
    os_release: Path = Path("/etc/os-release")
    timeout: int = 20
    retries: int = 2


class Apt:
    """The host's apt, used to find and download single files by their hash."""

    def __init__(
        self,
        state: Path,
        *,
        environ: Mapping[str, str],
        report: Callable[[str], None],
        host: AptHost | None = None,
    ) -> None:
        self._state = state
        self._environ = {**environ, "LC_ALL": "C", "LANGUAGE": "C"}
        self._report = report
        self._host = host or AptHost()
        self._guard = threading.Lock()
        self._suites: dict[Lists, Suite] = {}
        self._expected: set[AptPlace] = set()

    def expect(self, places: Iterable[AptPlace]) -> None:
        """Announce packages, so that one query covers all of them."""
        with self._guard:
            self._expected.update(places)

    def attempts(self, form: Form) -> Iterator[Attempt]:
        """Yield the attempts to get a form: where the index of each suite says, then in the pool of each mirror."""
        if form.apt is None:
            return
        self.expect([form.apt])
        for name in form.apt.suites:
            where = f"package {form.apt.package} of {name} (apt)"
            yield Attempt(where=where, download=partial(self._download, form, form.apt, name))
        if self._tools:
            yield from self._pool.attempts(form, form.apt)

    def listing(self, kind: ArchiveKind, suite: str, packages: Iterable[str]) -> str:
        """Return the control stanzas (deb822(5)) that a suite has for packages; raise `PlaceFailed`."""
        return self._suite(kind, suite).listing(set(packages))

    def suites_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return suites, each followed by its security suite if the host's configuration has a mirror of that."""
        found: list[str] = []
        for name in names:
            fixes = f"{name}-security"
            found += [name, fixes] if name != _WITHOUT_FIXES and self._archives(fixes) else [name]
        return tuple(found)

    def vouched(self, kind: ArchiveKind, suite: str, packages: Iterable[str], architecture: str = "") -> str:
        """Return the control stanzas that a suite's signed and unexpired index has for packages; raise `PlaceFailed`.

        `architecture` is that of binary packages (`arm64`); the host's if it is empty.
        """
        asked, names = self._suite(kind, suite, architecture), set(packages)
        try:
            return asked.vouched(names)
        except PlaceFailed:
            if not asked.refresh():
                raise
            return asked.vouched(names)

    def index(self, suite: str, architecture: str) -> str:
        """Return the control stanzas of all binary packages of a suite; raise `PlaceFailed`."""
        return self._suite(ArchiveKind.DEB, suite, architecture).everything()

    def _download(self, form: Form, place: AptPlace, suite_name: str, directory: Path) -> Path:
        """Download from a suite; if that fails with lists that are not new, update them and try again."""
        suite = self._suite(form.kind, suite_name, place.architecture)
        alike = [item for item in self._expected if item.architecture == place.architecture]
        packages = {item.package for item in alike if suite_name in item.suites} | {place.package}
        try:
            return suite.download(form, place, packages, directory)
        except (PlaceFailed, WrongBytes):
            if not suite.refresh():
                raise
            return suite.download(form, place, packages, directory)

    def _suite(self, kind: ArchiveKind, name: str, architecture: str = "") -> Suite:
        if not self._tools:
            raise PlaceFailed("this host has no apt")
        foreign = architecture if architecture and architecture != self._native else ""
        lists = Lists(kind="deb" if kind is ArchiveKind.DEB else "deb-src", suite=name, architecture=foreign)
        with self._guard:
            if lists not in self._suites:
                state = self._state / lists.directory
                suite = Suite(state, lists, self._archives(name), self._environ, self._report, self._host)
                self._suites[lists] = suite
            return self._suites[lists]

    def _archives(self, suite: str) -> tuple[apt_sources.Archive, ...]:
        return apt_sources.archives(self._repositories, self._codename, suite)

    @cached_property
    def _repositories(self) -> tuple[apt_sources.Repository, ...]:
        return apt_sources.read_repositories(self._host.etc)

    @cached_property
    def _codename(self) -> str:
        return apt_sources.codename(self._host.os_release)

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._repositories, self._codename, self._pool_environ)

    @cached_property
    def _pool_environ(self) -> dict[str, str]:
        """Return the environment of apt's downloader when no index is read."""
        state = self._state / "pool"
        state.mkdir(parents=True, exist_ok=True)
        with atomic_write(state / "apt.conf") as fresh:
            settings = _acquire_settings(self._environ)
            fresh.write_text(private_configuration(state, settings, self._host), encoding="utf-8")
        return {**self._environ, "APT_CONFIG": str(state / "apt.conf")}

    @cached_property
    def _native(self) -> str:
        """Return the architecture of the host's packages (`amd64`)."""
        try:
            return run(["dpkg", "--print-architecture"], env=self._environ).stdout.strip()
        except CommandFailed:
            return ""

    @cached_property
    def _tools(self) -> bool:
        path = self._environ.get("PATH")
        return HELPER.is_file() and all(shutil.which(name, path=path) for name in ("apt-get", "apt-cache"))


@dataclass(frozen=True, kw_only=True)
class Lists:
    """A set of package lists: a suite (`trixie`) of one kind (`deb-src`), of binary packages for one architecture.

    `architecture` is empty for the host's own.
    """

    kind: str
    suite: str
    architecture: str = ""

    @property
    def directory(self) -> str:
        """Return the name of the directory with apt's state for them."""
        return "-".join(filter(None, (self.suite, self.kind, self.architecture)))

    @property
    def title(self) -> str:
        """Return their name in messages."""
        return f"{self.suite} for {self.architecture}" if self.architecture else self.suite


class Suite:
    """One suite of one kind: its lists, updated at most once during this process."""

    def __init__(
        self,
        state: Path,
        lists: Lists,
        archives: tuple[apt_sources.Archive, ...],
        environ: dict[str, str],
        report: Callable[[str], None],
        host: AptHost,
    ) -> None:
        self._host = host
        self._state = state
        self._stamp = state / "stamp"
        self._lists = lists
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
        """Download a form's file from any place where the lists have a file with its hash."""
        paths = self._find(form.sha256, place.package, packages)
        if not paths:
            raise PlaceFailed(self._problem or f"no version of {place.package} has a file with this hash")
        failure: PlaceFailed | WrongBytes | None = None
        for archive in self._archives:
            for path in paths:
                try:
                    return download(f"{archive.uri}/{urllib.parse.quote(path)}", form, directory, self._environ)
                except (PlaceFailed, WrongBytes) as error:
                    failure = failure if isinstance(failure, WrongBytes) else error
        raise failure or PlaceFailed("no mirror was tried")

    def listing(self, packages: set[str]) -> str:
        """Return the control stanzas of packages, from fresh lists."""
        with self._lock, self._state_lock():
            self._prepare()
            return self._answer(packages)

    def everything(self) -> str:
        """Return the control stanzas of all packages, from fresh lists."""
        with self._lock, self._state_lock():
            self._prepare()
            found = self._run(["apt-cache", "dumpavail"])
        if not found.strip():
            raise PlaceFailed(self._problem or "its index is empty")
        return found

    def vouched(self, packages: set[str]) -> str:
        """Return the control stanzas of packages from those mirrors whose index is signed and has not expired.

        Raises `PlaceFailed` with the reason when there is none.
        """
        with self._lock, self._state_lock():
            self._prepare()
            good, problem = vouching(self._run(["apt-get", "indextargets"]), time.time())
            archives = [archive for archive in self._archives if archive.uri in good]
            if not archives:
                raise PlaceFailed(self._problem or problem)
            parts = self._state / "vouching"
            self._write_sources(parts, archives)
            return self._answer(packages, ["-o", f"Dir::Etc::sourceparts={parts}"])

    def _run(self, words: Sequence[str]) -> str:
        try:
            return run(words, env=self._environ).stdout
        except CommandFailed as error:
            raise PlaceFailed(reason(error.output)) from error

    def refresh(self) -> bool:
        """Update the lists, unless that was done a moment ago; return whether it was done now."""
        with self._lock:
            if self._updated or not self._archives or self._age() < _NEW_SECONDS:
                return False
            self._files.clear()
            self._asked.clear()
            with self._state_lock():
                self._update()
            return True

    def _find(self, sha256: str, package: str, packages: set[str]) -> list[str]:
        """Return the paths of the files with a hash; one query covers all packages that may be needed."""
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
        """Make the lists usable: keep fresh ones, update others."""
        if self._ready:
            return
        if not self._archives:
            raise PlaceFailed("the host's apt configuration names no mirror of this distribution")
        wanted = self._write_configuration()
        if not (self._age() < _FRESH_SECONDS and self._stamp.read_text(encoding="utf-8") == wanted):
            self._update()
        self._ready = True

    def _age(self) -> float:
        """Return the age of the lists in seconds."""
        try:
            return time.time() - self._stamp.stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def _write_configuration(self) -> str:
        """Write apt's configuration; return a digest of it."""
        settings = [*_acquire_settings(self._environ), *_architecture_settings(self._lists.architecture)]
        configuration = private_configuration(self._state, settings, self._host)
        for directory in ("lists/partial", "cache/archives/partial"):
            (self._state / directory).mkdir(parents=True, exist_ok=True)
        sources = self._write_sources(self._state / "parts", self._archives)
        (self._state / "status").touch()
        (self._state / "apt.conf").write_text(configuration, encoding="utf-8")
        return hashlib.sha256((sources + configuration).encode()).hexdigest()

    def _write_sources(self, directory: Path, archives: Iterable[apt_sources.Archive]) -> str:
        """Write apt's sources into a separate directory; return the text."""
        text = apt_sources.private_sources(archives, self._lists.kind, self._lists.suite)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "archive.sources").write_text(text, encoding="utf-8")
        return text

    def _update(self) -> None:
        """Update the lists; errors are kept to be reported if a file is not found in them."""
        self._report(f"reading the package lists of {self._lists.title}")
        self._updated = True
        digest = self._write_configuration()
        try:
            run(["apt-get", "update"], env=self._environ)
        except CommandFailed as error:
            self._problem = f"apt-get update: {reason(error.output)}"
        else:
            self._stamp.write_text(digest, encoding="utf-8")

    def _answer(self, packages: set[str], settings: Sequence[str] = ()) -> str:
        options = ["show"] if self._lists.kind == "deb" else ["showsrc", "--only-source"]
        try:
            return run(["apt-cache", *settings, *options, *sorted(packages)], env=self._environ).stdout
        except CommandFailed as error:
            return error.output  # it covers the packages that it knows

    def _query(self, packages: set[str]) -> None:
        for sha256, path in apt_sources.listed_files(self._answer(packages)):
            if path not in self._files.setdefault(sha256, []):
                self._files[sha256].append(path)


def private_configuration(state: Path, acquire: Iterable[str], host: AptHost) -> str:
    """Return an apt.conf that confines apt to one directory, with the host's network settings.

    Lists may be old: a file with the pinned hash is correct whatever an outdated mirror says. Callers that rely on an
    index to vouch for other files check for themselves that it has not expired.
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
        'Acquire::AllowInsecureRepositories "false";',
        'Acquire::AllowWeakRepositories "false";',
        'Acquire::AllowDowngradeToInsecureRepositories "false";',
        'APT::Update::Error-Mode "any";',
        f'Acquire::Retries "{host.retries}";',
    ]
    waits = [f'Acquire::{scheme}::Timeout "{host.timeout}";' for scheme in ("http", "https")]
    return "\n".join([*lines, *acquire, *waits]) + "\n"


def _architecture_settings(architecture: str) -> list[str]:
    """Return settings that make apt treat the packages of a foreign architecture as native."""
    if not architecture:
        return []
    return [f'APT::Architecture "{architecture}";', f'APT::Architectures {{ "{architecture}"; }};']


def _acquire_settings(environ: Mapping[str, str]) -> list[str]:
    """Return the network settings of the host's apt (proxies, certificates); its hooks are left out."""
    env = {name: value for name, value in environ.items() if name != "APT_CONFIG"}
    try:
        dump = run(["apt-config", "dump"], env=env).stdout
    except CommandFailed:
        return []
    kept = ("Acquire::http::", "Acquire::https::", "Acquire::ftp::", "Acquire::socks::")
    return [line for line in dump.splitlines() if line.startswith(kept) and not line.endswith(' "";')]
