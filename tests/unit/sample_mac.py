"""The catalogs on a Mac, and an SDK that plans refer to; it does not exist."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.hosts import host_of, load_hosts
from setup_local.values import OperatingSystem, OwnSdk

SDK = OwnSdk(path=Path("/Applications/Xcode.app/MacOSX15.5.sdk"), version="15.5", os=OperatingSystem.DARWIN)
MACHINES = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}


def mac(machine: str = "arm64") -> Catalogs:
    """Return the catalogs on a Mac; `machine` is its processor, as uname(1) names it."""
    catalogs = load_catalogs()
    host = host_of("Darwin", machine, load_hosts(catalogs.targets))
    return dataclasses.replace(catalogs, host=host, sources=catalogs.sources.usable_on(machine))
