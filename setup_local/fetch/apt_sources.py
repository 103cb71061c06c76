"""Reads the host's apt configuration: its mirrors and the keys that sign them (sources.list(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_GENERIC_SUITES = frozenset({"stable", "testing", "unstable", "oldstable", "sid"})
_ADDED = re.compile(r"(?:-security|-updates|/updates)$")
_ONE_LINE = re.compile(
    r"^(deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)$"
)


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One entry of the host's configuration; `signed_by` is a keyring's path, a key itself, or empty."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def mirrors(self) -> tuple[str, ...]:
        """Return the base URLs of all its mirrors."""
        return tuple(uri.rstrip("/") for given in self.uris for uri in _expand(given))

    @property
    def fixes(self) -> bool:
        """Return whether it is an archive of security fixes only (`trixie-security`, formerly `buster/updates`)."""
        return all(is_security(suite) for suite in self.suites)

    def serves(self, wanted: Iterable[str]) -> bool:
        """Return whether it has the main component of one of these releases, or the distribution's additions to it."""
        releases = {_ADDED.sub("", suite) for suite in self.suites}
        return "main" in self.components and not releases.isdisjoint(wanted)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One mirror of the distribution's package archive and what verifies it."""

    uri: str
    signed_by: str


def parse_stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a control file (deb822(5)); continuation lines keep their line breaks."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()


def listed_files(text: str) -> Iterator[tuple[str, str]]:
    """Yield hash and path in the archive of every file that `apt-cache show` or `showsrc` prints."""
    for stanza in parse_stanzas(text):
        if "Filename" in stanza and "SHA256" in stanza:
            yield stanza["SHA256"], stanza["Filename"]
        for line in stanza.get("Checksums-Sha256", "").splitlines():
            words = line.split()
            if len(words) == 3:  # noqa: PLR2004 - hash, size, name
                yield words[0], f"{stanza.get('Directory', '')}/{words[2]}"


def parse_deb822(text: str) -> Iterator[Repository]:
    """Yield the enabled entries of a `.sources` file."""
    for fields in parse_stanzas(text):
        if fields.get("Enabled", "yes").lower() in {"no", "false", "0"}:
            continue
        yield Repository(
            uris=tuple(fields.get("URIs", "").split()),
            suites=tuple(fields.get("Suites", "").split()),
            components=tuple(fields.get("Components", "").split()),
            signed_by=fields.get("Signed-By", ""),
        )


def parse_one_line(text: str) -> Iterator[Repository]:
    """Yield the entries of a `.list` file."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match:
            options = dict(word.split("=", 1) for word in (match["options"] or "").split() if "=" in word)
            yield Repository(
                uris=(match["uri"],),
                suites=(match["suite"],),
                components=tuple(match["components"].split()),
                signed_by=options.get("signed-by", ""),
            )


def read_repositories(etc: Path) -> tuple[Repository, ...]:
    """Return all entries below `/etc/apt`; unreadable files are left out."""
    found: list[Repository] = []
    lists = [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]
    for paths, parse in ((lists, parse_one_line), (sorted(etc.glob("sources.list.d/*.sources")), parse_deb822)):
        for path in paths:
            try:
                found += parse(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                continue
    return tuple(found)


def archives(repositories: Iterable[Repository], codename: str, suite: str) -> tuple[Archive, ...]:
    """Return the distribution's mirrors that may have a suite: for a security suite, those of security fixes."""
    wanted = {*_GENERIC_SUITES, codename, _ADDED.sub("", suite)}
    found: dict[Archive, None] = {}
    for repository in repositories:
        if repository.serves(wanted) and repository.fixes == is_security(suite):
            for uri in repository.mirrors:
                found[Archive(uri=uri, signed_by=repository.signed_by)] = None
    return tuple(found)


def is_security(suite: str) -> bool:
    """Return whether a suite has security fixes for another one."""
    return suite.endswith(("-security", "/updates"))


def pools(repositories: Iterable[Repository], codename: str, suites: Iterable[str]) -> tuple[str, ...]:
    """Return the base URLs of all mirrors, each with the directory of files of the main component."""
    wanted = {*_GENERIC_SUITES, codename, *suites}
    found: dict[str, None] = {}
    for repository in repositories:
        if repository.serves(wanted):
            for uri in repository.mirrors:
                found[f"{uri}/pool/{'updates/' if repository.fixes else ''}main"] = None
    return tuple(found)


def _expand(uri: str) -> tuple[str, ...]:
    """Return the mirrors that a `mirror+file:` URI lists, or the URI itself; media are left out."""
    if uri.startswith("mirror+file:"):
        try:
            lines = Path("/" + uri.removeprefix("mirror+file:").lstrip("/")).read_text(encoding="utf-8").splitlines()
        except OSError:
            return ()
        return tuple(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))
    return () if uri.startswith(("cdrom:", "mirror:", "mirror+")) else (uri,)


def codename(os_release: Path) -> str:
    """Return the host's release name (`VERSION_CODENAME` of os-release(5)), or nothing."""
    try:
        text = os_release.read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r'^VERSION_CODENAME="?([^"\n]*)"?$', text, re.MULTILINE)
    return match[1] if match else ""


def private_sources(found: Iterable[Archive], kind: str, suite: str) -> str:
    """Return a `.sources` file for one suite from these mirrors; `kind` is `deb` or `deb-src`."""
    stanzas = []
    for archive in found:
        lines = [f"Types: {kind}", f"URIs: {archive.uri}", f"Suites: {suite}", "Components: main"]
        stanzas.append("\n".join([*lines, *([f"Signed-By: {archive.signed_by}"] if archive.signed_by else [])]))
    return "\n\n".join(stanzas) + "\n"
