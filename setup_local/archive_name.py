"""File names of archives: `cpython-<version>-<target triple>[-<build options>]-<flavour>.tar.zst|.tar.gz`.

Only here they are put together and taken apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from packaging.version import Version

from setup_local.values import NO_OPTIONS, OPTIMIZATION_WORDS, WITHOUT_LAYOUT_WORD, ArchiveFormat


class Flavor(Enum):
    """How much of a distribution an archive holds; in the order in which one is chosen when none is asked for."""

    INSTALL_ONLY = "install_only"
    INSTALL_ONLY_STRIPPED = "install_only_stripped"
    FULL = "full"
    INSTALL_FULL = "install_full"
    MINIMAL = "minimal"


_FLAVORS = "|".join(item.value for item in Flavor)
_SUFFIX = rf"\.tar\.(?:{'|'.join(item.value for item in ArchiveFormat)})"
_DEBUG_INFORMATION = re.compile(rf"[a-z]+-[0-9].*-debuginfo{_SUFFIX}")
# As others name theirs: a version may have a date after it (`3.13.5+20261121`), options are not told from the triple.
_LOOSE = re.compile(rf"[a-z]+-(?P<python>[0-9][^-]*)-(?P<target>.+)-(?P<flavor>[a-z_]+){_SUFFIX}")
# What does not change what Python does.
_UNSAID = {NO_OPTIONS, *OPTIMIZATION_WORDS, WITHOUT_LAYOUT_WORD}
# How it is built, and what else is not the default: a TLS library, how things are linked, the oldest glibc, modules.
_OPTION = (
    "(?:debug|freethreaded|noopt|pgo|lto|bolt|static|shared|shared_deps"
    r"|(?:openssl|libressl|glibc|macos)[0-9.]+|(?:with|without)_[a-zA-Z0-9_]+|custom\.[0-9a-f]+)"
)
_NAME = re.compile(
    rf"""(?P<implementation>[a-z]+)
    -(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)
    -(?P<triple>[a-z0-9_]+(?:-[a-z0-9_.]+){{1,3}}?)
    (?:-(?P<options>{_OPTION}(?:\+{_OPTION})*))?
    -(?P<flavor>{_FLAVORS})
    {_SUFFIX}""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class ArchiveName:
    """What the file name of a distribution says; `build_options` is empty where the name has none."""

    implementation: str
    version: Version
    target_triple: str
    build_options: str
    flavor: Flavor


@dataclass(frozen=True, kw_only=True)
class LooseName:
    """What the file name of anybody's archive says. `target` is the triple, which options may follow."""

    python: str
    target: str
    flavor: str


def stem(implementation: str, version: str, target_triple: str, build_options: str) -> str:
    """Return the beginning of the names of all archives of a build."""
    return "-".join(part for part in (implementation, version, target_triple, build_options) if part)


def full_name(beginning: str, form: ArchiveFormat) -> str:
    """Return the name of a full archive."""
    return file_name(f"{beginning}-{Flavor.FULL.value}", form.value)


def full_names(beginning: str) -> tuple[str, ...]:
    """Return every name that a full archive may have."""
    return tuple(full_name(beginning, form) for form in ArchiveFormat)


def file_name(beginning: str, form: str) -> str:
    """Return a file name from the part before its suffixes."""
    return f"{beginning}.tar.{form}"


def without_suffixes(name: str) -> str:
    """Return the part before the flavour of a full archive's name; any other text as it is."""
    return re.sub(rf"-{Flavor.FULL.value}{_SUFFIX}\Z", "", name)


def described_otherwise(name: str, version: str) -> str:
    """Return the name of a full archive's copy with PYTHON.json of another version, an empty text for any other name."""
    match = re.fullmatch(rf"(.+-{Flavor.FULL.value})({_SUFFIX})", name)
    return f"{match[1]}-json{version}{match[2]}" if match else ""


def said_options(build_options: str) -> str:
    """Return the options that are in the name of a flavour: only those that change what Python does."""
    return "+".join(option for option in build_options.split("+") if option not in _UNSAID)


def parse_loosely(name: str) -> LooseName | None:
    """Return what a name says that somebody else may have made, None for one that says nothing."""
    match = _LOOSE.fullmatch(name)
    if match is None:
        return None
    return LooseName(python=match["python"].partition("+")[0], target=match["target"], flavor=match["flavor"])


def is_debug_information(name: str) -> bool:
    """Return whether a file belongs to distributions, but is none: it is useless without the other archives."""
    return _DEBUG_INFORMATION.fullmatch(name) is not None


def parse_name(name: str) -> ArchiveName | None:
    """Return what a file name says, or None if it is not the name of a distribution."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return ArchiveName(
        implementation=found["implementation"],
        version=Version(found["version"]),
        target_triple=found["triple"],
        build_options=found["options"] or "",
        flavor=Flavor(found["flavor"]),
    )
