"""The requests whose Setup.local is recorded. Run as a program (`make golden`), it records all of them again."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.hosts import host_of, load_hosts
from setup_local.plan.resolve import resolve
from setup_local.render import render_setup_local
from setup_local.values import Linkage, OperatingSystem, OwnSdk, Request

HERE = Path(__file__).parent
MUSL = "x86_64-unknown-linux-musl"
SHARED_VERSION = re.compile(r"(?P<name>-setup_local-)[^ ]+?\.so\b")
PYTHONS = (
    "3.9.2", "3.9.25", "3.10.22", "3.11.2", "3.11.17", "3.12.15", "3.13.5", "3.13.15", "3.13.18", "3.14.10", "3.15.2",
)  # fmt: skip
TARGETS = {
    "": Request(python=""),
    "-musl": Request(python="", target_triple=MUSL),
    "-musl-static": Request(python="", target_triple=MUSL, options="noopt+static"),
}
# On a Mac with Apple silicon and Xcode.
ON_MAC = {
    f"Setup.local-3.13.5-{triple}+xcode": Request(
        python="3.13.5", target_triple=triple, sdk=OwnSdk(path=Path("/sdk"), version="15.5", os=OperatingSystem.DARWIN)
    )
    for triple in ("aarch64-apple-darwin", "x86_64-apple-darwin")
}
CASES = {
    **ON_MAC,
    **{
        f"Setup.local-{python}{name}": dataclasses.replace(request, python=python)
        for python in PYTHONS
        for name, request in TARGETS.items()
    },
    "Setup.local-3.13.5+chosen": Request(
        python="3.13.5", with_features=("readline", "gdbm"), without_features=("tkinter", "sqlite")
    ),
    "Setup.local-3.13.5+libressl": Request(python="3.13.5", tls="libressl"),
    "Setup.local-3.15.2-musl-static+libressl": Request(
        python="3.15.2", target_triple=MUSL, options="noopt+static", tls="libressl"
    ),
    "Setup.local-3.11.2+shared_deps": Request(python="3.11.2", dependencies=Linkage.SHARED),
    "Setup.local-3.13.5+shared_deps": Request(python="3.13.5", dependencies=Linkage.SHARED),
}


def rendered(name: str) -> str:
    """Return the current text of a case; versions in the names of shared libraries are left out."""
    catalogs = load_catalogs()
    if name in ON_MAC:
        host = host_of("Darwin", "arm64", load_hosts(catalogs.targets))
        catalogs = dataclasses.replace(catalogs, host=host)
    return SHARED_VERSION.sub(r"\g<name>VERSION.so", render_setup_local(resolve(CASES[name], catalogs)))


def recorded() -> set[str]:
    """Return the names of the recorded files."""
    return {path.name for path in HERE.glob("Setup.local-*")}


def record() -> None:
    """Write every golden file, and remove files that belong to no case."""
    for name in recorded() - set(CASES):
        (HERE / name).unlink()
    for name in CASES:
        (HERE / name).write_text(rendered(name), encoding="utf-8")


if __name__ == "__main__":
    record()
