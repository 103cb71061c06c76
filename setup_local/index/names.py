"""File names of distributions: `cpython-<version>-<target triple>[-<build options>]-<flavour>.tar.zst|.tar.gz`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from packaging.version import Version


class Flavor(Enum):
    """How much of a distribution an archive holds; in the order in which one is chosen when none is asked for."""

    INSTALL_ONLY = "install_only"
    INSTALL_ONLY_STRIPPED = "install_only_stripped"
    FULL = "full"
    INSTALL_FULL = "install_full"
    MINIMAL = "minimal"


_FLAVORS = "|".join(item.value for item in Flavor)
_DEBUG_INFORMATION = re.compile(r"[a-z]+-[0-9].*-debuginfo\.tar\.(?:zst|gz)")
# How it is built, and what else is not the default: a TLS library, how things are linked, the oldest glibc, modules.
_OPTION = (
    "(?:debug|freethreaded|noopt|pgo|lto|bolt|static|shared|shared_deps"
    r"|(?:openssl|libressl|glibc)[0-9.]+|(?:with|without)_[a-zA-Z0-9_]+|custom\.[0-9a-f]+)"
)
_NAME = re.compile(
    rf"""(?P<implementation>[a-z]+)
    -(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)
    -(?P<triple>[a-z0-9_]+(?:-[a-z0-9_.]+){{1,3}}?)
    (?:-(?P<options>{_OPTION}(?:\+{_OPTION})*))?
    -(?P<flavor>{_FLAVORS})
    \.tar\.(?:zst|gz)""",
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


def is_debug_information(name: str) -> bool:
    """Tell whether a file belongs to distributions, but is none: it is useless without the other archives."""
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
