"""`download-metadata.json`, which `uv python install --python-downloads-json-url` reads.

There is one entry for each version, platform and variant: uv knows no flavours. Its URLs must be absolute.
The fields are those of uv 0.13 (`uv python list --show-urls` shows what it understood).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from packaging.version import Version

from setup_local.index.model import Distribution, Index
from setup_local.index.names import Flavor
from setup_local.values import NO_OPTIONS, OPTIMIZATION_WORDS, processor_level, without_level

FILE = "download-metadata.json"
# The smallest that is complete comes first; uv takes the directory `install` out of a full archive by itself.
_FLAVORS = (Flavor.INSTALL_ONLY_STRIPPED, Flavor.INSTALL_ONLY, Flavor.FULL)
_VARIANTS = ("freethreaded", "debug")  # in the order in which uv writes them


def to_uv(index: Index, base_url: str) -> str:
    """Return the text of uv's file; `base_url` is where the archives are (`https:` or `file:`)."""
    chosen: dict[str, Distribution] = {}
    for item in index.distributions:
        if item.flavor in _FLAVORS:
            key = _key(item)
            best = chosen.get(key)
            chosen[key] = item if best is None or _rank(item) < _rank(best) else best
    return json.dumps({key: _entry(item, base_url) for key, item in chosen.items()}, indent=2) + "\n"


def _rank(item: Distribution) -> tuple[int, int, int, str]:
    """Return what sorts the best of several archives first; a name without build options means the best there are.

    What uv cannot tell apart (a TLS library, how it is linked) comes last.
    """
    options = item.build_options.split("+") if item.build_options else OPTIMIZATION_WORDS
    special = set(options) - {NO_OPTIONS, *_VARIANTS, *OPTIMIZATION_WORDS}
    return len(special), -len(_known(options, OPTIMIZATION_WORDS)), _FLAVORS.index(item.flavor), item.file


def _known(options: Iterable[str], wanted: tuple[str, ...]) -> list[str]:
    return [name for name in wanted if name in options]


def _key(item: Distribution) -> str:
    family, variant, system, libc = _platform(item.target_triple)
    arch = f"{family}_{variant}" if variant else family
    special = "".join(f"+{name}" for name in _known(item.build_options.split("+"), _VARIANTS))
    return f"{item.implementation}-{item.version}{special}-{system}-{arch}-{libc}"


def _entry(item: Distribution, base_url: str) -> dict[str, Any]:
    family, variant, system, libc = _platform(item.target_triple)
    version = Version(item.version)
    return {
        "name": item.implementation,
        "arch": {"family": family, "variant": variant},
        "os": system,
        "libc": libc,
        "major": version.major,
        "minor": version.minor,
        "patch": version.micro,
        "prerelease": "".join(map(str, version.pre or ())),
        "url": f"{base_url.rstrip('/')}/{item.url.rpartition('/')[2]}",
        "sha256": item.sha256,
        "variant": "+".join(_known(item.build_options.split("+"), _VARIANTS)) or None,
        "build": None,
    }


def _platform(triple: str) -> tuple[str, str | None, str, str]:
    """Return uv's architecture, its variant (`v3` of `x86_64_v3`), system and C library of a target triple."""
    family, *rest = without_level(triple).split("-")
    environment = rest[-1]
    if "apple" in rest:
        system, libc = "darwin", "none"
    elif "windows" in rest:
        system, libc = "windows", "none"
    else:
        system, libc = "linux", environment
    return family, processor_level(triple) or None, system, libc
