"""File names of archives: `cpython-<version>-<target triple>[-<build options>]-<flavour>.tar.zst|.tar.gz`.

Only this module composes and parses them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from packaging.version import Version

from setup_local.values import NO_OPTIONS, OPTIMIZATION_WORDS, WITHOUT_LAYOUT_WORD, ArchiveFormat


class Flavor(Enum):
    """How much of a distribution an archive contains; in order of preference when none is requested."""

    INSTALL_ONLY = "install_only"
    INSTALL_ONLY_STRIPPED = "install_only_stripped"
    FULL = "full"
    INSTALL_FULL = "install_full"
    MINIMAL = "minimal"


_FLAVORS = "|".join(item.value for item in Flavor)
_SUFFIX = rf"\.tar\.(?:{'|'.join(item.value for item in ArchiveFormat)})"
_DEBUG_INFORMATION = re.compile(rf"[a-z]+-[0-9].*-debuginfo{_SUFFIX}")
# Names of other projects: a date may follow the version (`3.13.5+20261121`), options cannot be separated from the
# triple.
_LOOSE = re.compile(rf"[a-z]+-(?P<python>[0-9][^-]*)-(?P<target>.+)-(?P<flavor>[a-z_]+){_SUFFIX}")
# Options that do not change Python's behaviour.
_OMITTED = {NO_OPTIONS, *OPTIMIZATION_WORDS, WITHOUT_LAYOUT_WORD}
# Build options, and other words for what is not the default: a TLS library, linkage, the oldest glibc, modules.
_OPTION = (
    "(?:debug|freethreaded|noopt|pgo|lto|bolt|static|shared|shared_deps|shared_extensions"
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
    """The parts of a distribution's file name; `build_options` is empty if the name has none."""

    implementation: str
    version: Version
    target_triple: str
    build_options: str
    flavor: Flavor


@dataclass(frozen=True, kw_only=True)
class LooseName:
    """The parts of any project's archive name. `target` is the triple, which options may follow."""

    python: str
    target: str
    flavor: str


def stem(implementation: str, version: str, target_triple: str, build_options: str) -> str:
    """Return the common prefix of the names of all archives of a build."""
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
    """Return the part before the flavour of a full archive's name; any other text unchanged."""
    return re.sub(rf"-{Flavor.FULL.value}{_SUFFIX}\Z", "", name)


def described_otherwise(name: str, version: str) -> str:
    """Return the name of a full archive's copy with PYTHON.json of another version; empty for any other name."""
    match = re.fullmatch(rf"(.+-{Flavor.FULL.value})({_SUFFIX})", name)
    return f"{match[1]}-json{version}{match[2]}" if match else ""


def flavor_options(build_options: str) -> str:
    """Return the options in the name of a flavour: only those that change Python's behaviour."""
    return "+".join(option for option in build_options.split("+") if option not in _OMITTED)


def parse_loosely(name: str) -> LooseName | None:
    """Return the parts of a name that may come from another project, None if it does not match."""
    match = _LOOSE.fullmatch(name)
    if match is None:
        return None
    return LooseName(python=match["python"].partition("+")[0], target=match["target"], flavor=match["flavor"])


def is_debug_information(name: str) -> bool:
    """Return whether a file belongs to distributions but is not one: it is useless without the other archives."""
    return _DEBUG_INFORMATION.fullmatch(name) is not None


def parse_name(name: str) -> ArchiveName | None:
    """Return the parts of a file name, or None if it is not the name of a distribution."""
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
