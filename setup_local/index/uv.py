"""`download-metadata.json`, which `uv python install --python-downloads-json-url` reads.

There is one entry for each version, platform and variant: uv has no flavours. Its URLs must be absolute. The fields are
those of uv 0.13 (`uv python list --show-urls` shows what it understood). uv does not start static interpreters: it looks
for the C library that they load ("Could not detect a glibc or a musl libc"), so they are left out.
"""

from __future__ import annotations

import json
from typing import Any

from packaging.version import Version

from setup_local.archive_name import Flavor
from setup_local.index.model import Distribution, Index
from setup_local.index.platforms import VARIANTS, known, platform, rank
from setup_local.values import BuildOption

FILE = "download-metadata.json"
_FAMILIES = {"ppc64le": "powerpc64le"}  # processors that uv names differently from triples
_UNNAMED = ("universal2",)  # uv has no name for it: it uses an archive of its own processor
# The smallest complete one comes first; uv itself extracts the directory `install` from a full archive.
_FLAVORS = (Flavor.INSTALL_ONLY_STRIPPED, Flavor.INSTALL_ONLY, Flavor.FULL)


def to_uv(index: Index, base_url: str) -> str:
    """Return the text of uv's file; `base_url` is where the archives are (`https:` or `file:`)."""
    chosen: dict[str, Distribution] = {}
    for item in index.distributions:
        if item.flavor in _FLAVORS and _can_start(item):
            key = _key(item)
            best = chosen.get(key)
            chosen[key] = item if best is None or rank(item, _FLAVORS) < rank(best, _FLAVORS) else best
    return json.dumps({key: _entry(item, base_url) for key, item in chosen.items()}, indent=2) + "\n"


def _can_start(item: Distribution) -> bool:
    """Return whether uv has a name for the processor and takes the interpreter for one of this system."""
    is_static = BuildOption.STATIC.value in item.build_options.split("+")
    return platform(item.target_triple).family not in _UNNAMED and not is_static


def _key(item: Distribution) -> str:
    target = platform(item.target_triple)
    family = _FAMILIES.get(target.family, target.family)
    arch = f"{family}_{target.level}" if target.level else family
    special = "".join(f"+{name}" for name in known(item.build_options.split("+"), VARIANTS))
    return f"{item.implementation}-{item.version}{special}-{target.system}-{arch}-{target.libc}"


def _entry(item: Distribution, base_url: str) -> dict[str, Any]:
    target = platform(item.target_triple)
    version = Version(item.version)
    return {
        "name": item.implementation,
        "arch": {"family": _FAMILIES.get(target.family, target.family), "variant": target.level or None},
        "os": target.system,
        "libc": target.libc,
        "major": version.major,
        "minor": version.minor,
        "patch": version.micro,
        "prerelease": "".join(map(str, version.pre or ())),
        "url": f"{base_url.rstrip('/')}/{item.url.rpartition('/')[2]}",
        "sha256": item.sha256,
        "variant": "+".join(known(item.build_options.split("+"), VARIANTS)) or None,
        "build": None,
    }
