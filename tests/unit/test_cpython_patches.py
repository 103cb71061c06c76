"""The patches of CPython over all pinned versions: variants exclude each other, and every version has one."""

from __future__ import annotations

import pytest

from setup_local.catalog.catalogs import PYTHON, load_catalogs
from setup_local.catalog.patches import load_patch
from setup_local.catalog.sources import load_sources
from setup_local.plan.resolve import resolve
from setup_local.values import Request, ToolchainChoice

VERSIONS = load_sources().versions(PYTHON)


def patches(python: str) -> tuple[str, ...]:
    request = Request(
        python=python, target_triple="x86_64-unknown-linux-gnu", glibc=None, toolchain=ToolchainChoice.AUTO
    )
    return tuple(patch.name for patch in resolve(request, load_catalogs()).python_patches)


@pytest.mark.parametrize("python", VERSIONS)
def test_each_version_has_one_variant_of_each_patch(python: str) -> None:
    edited = {name: {edit.file for edit in load_patch(name).edits} for name in patches(python)}
    files = [file for group in edited.values() for file in group]
    twice = {file for file in files if files.count(file) > 1}
    assert twice <= {"Modules/getpath.py", "Modules/_ssl.c"}, "two patches of such a file are about different things"
    assert len([file for file in files if file.startswith("Lib/sysconfig")]) == 1
    assert "Lib/zoneinfo/_tzpath.py" in files
