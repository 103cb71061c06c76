#!/usr/bin/env python3
"""Update `data/sources.toml` from what is currently available; no other file is changed.

`refresh` corrects the locations of pinned files (package version, suites) and records the size of those that were
downloaded and checked for the first time; look for their signatures afterwards. It never changes a hash. `form` prints
the pin of a file, to be added to the catalog by hand, and `signature` prints that of a detached OpenPGP signature, after
checking it with the catalog's keys.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from setup_local import paths
from setup_local.catalog.keys import load_keys
from setup_local.catalog.sources import ArchiveKind, Form, Source, load_sources
from setup_local.errors import SetupLocalError, SourceError
from setup_local.fetch import Fetcher
from setup_local.fetch.apt import Apt, listed_files
from setup_local.fetch.apt_sources import parse_stanzas
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.cache import sha256_of
from setup_local.fetch.openpgp import check_detached
from setup_local.fetch.verdict import NotChecked

CATALOG = paths.DATA / "sources.toml"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A file that a suite lists."""

    suite: str
    package: str
    version: str
    file: str
    sha256: str


def say(line: str) -> None:
    """Print progress on standard error."""
    print(line, file=sys.stderr)


def listed(apt: Apt, kind: ArchiveKind, suite: str, packages: Iterable[str]) -> Iterator[Listed]:
    """Yield the files of packages in a suite."""
    try:
        text = apt.listing(kind, suite, packages)
    except PlaceFailed as error:
        say(f"{suite}: {error}")
        return
    for stanza in parse_stanzas(text):
        alone = "\n".join(f"{name}: {value}" for name, value in stanza.items())
        for sha256, path in listed_files(alone):
            yield Listed(
                suite=suite,
                package=stanza["Package"],
                version=stanza.get("Version", ""),
                file=path.rpartition("/")[2],
                sha256=sha256,
            )


def everything_listed(forms: list[Form]) -> list[Listed]:
    """Return the files of all packages of the catalog in all its suites."""
    apt = Apt(paths.cache_root() / "apt", environ=os.environ, report=say)
    found: list[Listed] = []
    suites = sorted({suite for form in forms if form.apt for suite in form.apt.suites})
    for binary in (False, True):
        kind = ArchiveKind.DEB if binary else ArchiveKind.TAR
        packages = {form.apt.package for form in forms if form.apt and (form.kind is ArchiveKind.DEB) == binary}
        for suite in suites:
            found += listed(apt, kind, suite, packages)
    return found


class Catalog:
    """The text of the catalog; each edit matches exactly once or fails."""

    def __init__(self, text: str) -> None:
        self.blocks = text.split("\n\n")

    def replace(self, sha256: str, pattern: str, replacement: str) -> None:
        """Replace one piece in every block that pins these bytes."""
        chosen = [number for number, block in enumerate(self.blocks) if f'sha256 = "{sha256}"' in block]
        for number in chosen:
            self.blocks[number], count = re.subn(pattern, replacement, self.blocks[number], flags=re.MULTILINE)
            if count != 1:
                raise SystemExit(f"{sha256}: {pattern} matches {count} times")

    @property
    def text(self) -> str:
        """Return the whole catalog."""
        return "\n\n".join(self.blocks)


def refresh() -> None:
    """Correct package versions and suites, and record what could be checked."""
    catalog, sources = Catalog(CATALOG.read_text(encoding="utf-8")), load_sources().sources
    forms = list({form.sha256: form for source in sources for form in source.forms}.values())
    known = everything_listed(forms)
    for form in forms:
        places = sorted((item for item in known if item.sha256 == form.sha256), key=partial(preference, form))
        if form.apt and places and form.verified:
            suites = ", ".join(f'"{suite}"' for suite in dict.fromkeys(item.suite for item in places))
            catalog.replace(form.sha256, r"^(apt = .* version = )\"[^\"]*\"", rf'\g<1>"{places[0].version}"')
            catalog.replace(form.sha256, r"^(apt = .* suites = )\[[^\]]*\]", rf"\g<1>[{suites}]")
        elif form.apt and not places:
            say(f"{form.file}: no suite lists it any longer")
    note_checked(catalog, [form for form in forms if not form.verified])
    CATALOG.write_text(catalog.text, encoding="utf-8")


def preference(form: Form, item: Listed) -> tuple[int, bool]:
    """Return the rank of a place: pinned suites come first, in their order, and in them the pinned version."""
    pinned = form.apt.suites if form.apt else ()
    version = form.apt.version if form.apt else ""
    return (pinned.index(item.suite) if item.suite in pinned else len(pinned), item.version != version)


def note_checked(catalog: Catalog, forms: list[Form]) -> None:
    """Download files that were never checked; on success, record the size and drop the mark."""
    fetcher = Fetcher(paths.cache_root(), report=say, environ=os.environ)
    outcomes = fetcher.try_all(Source(name=form.file, version="-", forms=(form,)) for form in forms)
    for form, outcome in zip(forms, outcomes.values(), strict=True):
        if isinstance(outcome, SourceError):
            continue
        size = outcome.path.stat().st_size
        catalog.replace(form.sha256, r"^verified = false\n", "")
        if form.unsigned == "never-here":
            catalog.replace(form.sha256, r'^unsigned = "never-here"$', 'unsigned = "not-at-hand"')
        if not form.size:
            catalog.replace(form.sha256, r"^(sha256 = .*)$", rf"\g<1>\nsize = {size}")


def form_of(files: list[Path]) -> None:
    """Print the pins of tarballs: hash, size and root."""
    for file in files:
        print(f'[[sources.forms]]\nfile = "{file.name}"\nsha256 = "{sha256_of(file)}"\nsize = {file.stat().st_size}')
        with tarfile.open(file) as archive:
            first = archive.next()
        print(f'root = "{first.name.split("/")[0] if first else ""}"\n')


def signature_of(identity: str, file: Path) -> None:
    """Check a signature of a pinned source with the keys that may sign it; print its pin."""
    (source,) = load_sources().select([identity])
    keys, data = load_keys().of_source(source.name), file.read_bytes()
    item = Fetcher(paths.cache_root(), report=say, environ=os.environ).obtain(source)
    fingerprint = check_detached(item.path, data, tuple(key.certificate() for key in keys))
    name = next(key.name for key in keys if key.fingerprint == fingerprint)
    facts = f'key = "{name}", file = "{file.name}", sha256 = "{sha256_of(file)}", size = {len(data)}'
    print(f"# of {item.form.file}\nsignature = {{ {facts}, urls = [] }}")


def main() -> None:
    """Run the subcommand from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("refresh")
    commands.add_parser("form").add_argument("files", nargs="+", type=Path)
    signature = commands.add_parser("signature")
    signature.add_argument("source", metavar="NAME-VERSION")
    signature.add_argument("file", type=Path)
    arguments = parser.parse_args()
    match arguments.command:
        case "refresh":
            refresh()
        case "form":
            form_of(arguments.files)
        case "signature":
            try:
                signature_of(arguments.source, arguments.file)
            except (SetupLocalError, NotChecked) as error:
                raise SystemExit(f"{arguments.file}: {error}") from error


if __name__ == "__main__":
    main()
