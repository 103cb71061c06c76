#!/usr/bin/env python3
"""Set up an interpreter to compare ours with, in a separate directory.

    .venv/bin/python benchmarks/peers.py debian DIR    Debian's own python3.13, from its packages: DIR is a root directory
    .venv/bin/python benchmarks/peers.py gcc DIR       a plain gcc -O3 build of the same source

peers.toml defines what is used, and how. The last line on standard output has the options for interpreter.py.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmarks.places import Place
from setup_local import paths
from setup_local.catalog.load import convert
from setup_local.catalog.sources import AptPlace, ArchiveKind, Form, Source, load_sources
from setup_local.errors import HostError, OutputError, SetupLocalError, SourceError
from setup_local.fetch import Fetcher
from setup_local.fetch.apt import Apt
from setup_local.fetch.apt_sources import parse_stanzas
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.unpack import unpack
from setup_local.run import CommandFailed, run

DATA = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, kw_only=True)
class Debian:
    """Debian's packages, and what installing them would do beyond unpacking them."""

    suite: str
    python: str
    packages: tuple[str, ...]
    links: dict[str, str]
    compiled: str


@dataclass(frozen=True, kw_only=True)
class Gcc:
    """How to build the plain interpreter; `environment` is the complete environment of `configure` and `make`."""

    source: str
    python: str
    environment: dict[str, str]
    configure: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Peers:
    """All of peers.toml."""

    debian: Debian
    gcc: Gcc


def load_peers(file: Path = DATA) -> Peers:
    """Read peers.toml; raise `CatalogError` if it is invalid."""
    return convert(Peers, tomllib.loads(file.read_text(encoding="utf-8")), where=file)


def newest_packages(stanzas: str, suite: str, wanted: Sequence[str]) -> Iterator[Source]:
    """Yield the package files that `apt-cache show` lists first, the newest; raise `SourceError` for a missing one."""
    found: dict[str, dict[str, str]] = {}
    for stanza in parse_stanzas(stanzas):
        found.setdefault(stanza["Package"], stanza)
    if missing := set(wanted) - set(found):
        raise SourceError(f"has no {', '.join(sorted(missing))}", where=suite)
    for name in wanted:
        stanza = found[name]
        file = PurePosixPath(stanza["Filename"]).name
        place = AptPlace(package=name, version=stanza["Version"], file=file, suites=(suite,))
        form = Form(file=file, sha256=stanza["SHA256"], size=int(stanza["Size"]), kind=ArchiveKind.DEB, apt=place)
        yield Source(name=name, version=stanza["Version"], forms=(form,))


def set_up_debian(debian: Debian, root: Path) -> str:
    """Unpack Debian's Python and its libraries to a root directory; return the options for interpreter.py."""
    cache = paths.cache_root()
    try:
        listing = Apt(cache / "apt", environ=os.environ, report=say).listing(
            ArchiveKind.DEB, debian.suite, debian.packages
        )
    except PlaceFailed as error:
        raise HostError(f"Debian's packages are not available: {error}", where=debian.suite) from error
    sources = list(newest_packages(listing, debian.suite, debian.packages))
    fetcher = Fetcher(cache, report=say, environ=os.environ)
    for obtained in fetcher.obtain_all(sources).values():
        run(["dpkg-deb", "--extract", obtained.path, root], env=os.environ)
    for name, target in debian.links.items():
        (root / name).symlink_to(target)
    for mount in Place.MOUNTS:
        (root / mount).mkdir()
    say("compiling the standard library, as Debian's packages do when they are installed")
    place = Place(root=root)
    command = [f"/{debian.python}", "-m", "compileall", "-qq", "-j", "0", f"/{debian.compiled}"]
    run(place.argv(command, writable_root=True), env={"PATH": "/usr/bin"})
    return f"--root {root} --against /{debian.python}"


def set_up_gcc(gcc: Gcc, directory: Path) -> str:
    """Build CPython as its README says, with gcc and the host's libraries; return the options for interpreter.py."""
    (source,) = load_sources().select([gcc.source])
    fetcher = Fetcher(paths.cache_root(), report=say, environ=os.environ)
    tree = unpack(fetcher.obtain(source), directory / "source")
    log = directory / "build.log"
    prefix = directory / PurePosixPath(gcc.python).parts[0]
    commands: Iterable[list[str]] = (
        ["./configure", f"--prefix={prefix}", *gcc.configure],
        ["make", f"-j{len(os.sched_getaffinity(0))}"],
        ["make", "install"],
    )
    for command in commands:
        say(f"{command[0]} {command[-1]}: see {log}")
        run(command, env=gcc.environment, cwd=tree, log=log)
    return f"--against {directory / gcc.python}"


def say(message: str) -> None:
    """Report progress on standard error."""
    sys.stderr.write(f"{message}\n")


def main() -> None:
    """Set up the requested peer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peer", choices=("debian", "gcc"))
    parser.add_argument("directory", type=Path, metavar="DIR", help="a new directory")
    options = parser.parse_args()
    directory = options.directory.resolve()
    try:
        peers = load_peers()
        try:
            directory.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"cannot be created: {error.strerror}", where=directory) from error
        told = set_up_debian(peers.debian, directory) if options.peer == "debian" else set_up_gcc(peers.gcc, directory)
    except CommandFailed as error:
        sys.exit(f"{error}\n{error.output}")
    except SetupLocalError as error:
        sys.exit(f"error: {error}")
    print(told)


if __name__ == "__main__":
    main()
