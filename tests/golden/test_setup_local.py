"""Setup.local as it is: any change of the catalog, the plan or the template shows up as a diff here.

After a change that is meant: `setup-local emit --python X.Y.Z > tests/golden/Setup.local-X.Y.Z`, and read the diff; for musl
with `--musl`, and `--options noopt+static` for the static one.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from setup_local.catalog.catalogs import load_catalogs
from setup_local.plan.resolve import resolve
from setup_local.render import render_setup_local
from setup_local.values import Linkage, Request

HERE = Path(__file__).parent
MUSL = "x86_64-unknown-linux-musl"


VARIANTS = {
    "": Request(python=""),
    "-musl": Request(python="", target_triple=MUSL),
    "-musl-static": Request(python="", target_triple=MUSL, options="noopt+static"),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "python",
    [
        "3.9.2", "3.9.25", "3.10.22", "3.11.2", "3.11.17", "3.12.15",
        "3.13.5", "3.13.15", "3.13.18", "3.14.10", "3.15.2",
    ],
)  # fmt: skip
def test_setup_local_is_as_recorded(python: str, variant: str) -> None:
    request = dataclasses.replace(VARIANTS[variant], python=python)
    text = render_setup_local(resolve(request, load_catalogs()))
    assert text == (HERE / f"Setup.local-{python}{variant}").read_text(encoding="utf-8")


def test_chosen_modules_are_as_recorded() -> None:
    """Recorded with `emit --python 3.13.5 --with readline,gdbm --without tkinter,sqlite`."""
    request = Request(python="3.13.5", with_features=("readline", "gdbm"), without_features=("tkinter", "sqlite"))
    text = render_setup_local(resolve(request, load_catalogs()))
    assert text == (HERE / "Setup.local-3.13.5+chosen").read_text(encoding="utf-8")


@pytest.mark.parametrize("python", ["3.11.2", "3.13.5"])
def test_shared_libraries_are_as_recorded(python: str) -> None:
    """Recorded with `emit --python X.Y.Z --link-dependencies shared`."""
    text = render_setup_local(resolve(Request(python=python, dependencies=Linkage.SHARED), load_catalogs()))
    assert text == (HERE / f"Setup.local-{python}+shared_deps").read_text(encoding="utf-8")
