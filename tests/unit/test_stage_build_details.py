"""`build-details.json`, in the format of CPython's generator (Tools/build/generate-build-details.py)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from setup_local.catalog.cpython import Companion
from setup_local.errors import StageError
from setup_local.stage.build_details import relocate

VERSION = {"major": 3, "minor": 14, "micro": 7, "releaselevel": "final", "serial": 0}
CONFIG = "lib/python3.14/config-3.14-x86_64-linux-gnu"
DETAILS: dict[str, Any] = {
    "schema_version": "1.0",
    "base_prefix": "/install",
    "base_interpreter": "/install/bin/python3.14",
    "platform": "linux-x86_64",
    "language": {"version": "3.14", "version_info": VERSION},
    "implementation": {
        "name": "cpython",
        "cache_tag": "cpython-314",
        "version": VERSION,
        "hexversion": 51251184,
        "_multiarch": "x86_64-linux-gnu",
    },
    "abi": {"flags": []},
    "suffixes": {"source": [".py"], "bytecode": [".pyc"], "extensions": [".cpython-314-x86_64-linux-gnu.so", ".so"]},
    "libpython": {"static": "/install/lib/libpython3.14.a"},
    "c_api": {"headers": "/install/include/python3.14", "pkgconfig_path": "/install/lib/pkgconfig"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).mkdir(parents=True)
    (tmp_path / CONFIG / "libpython3.14.a").touch()
    return tmp_path


def relocated(root: Path, details: Any) -> Any:
    path = root / "lib" / "python3.14" / "build-details.json"
    path.write_text(details if isinstance(details, str) else json.dumps(details, indent=2))
    relocate(path.parent, root, "/install")
    return json.loads(path.read_text())


def test_every_path_is_relative_and_all_else_stays(root: Path) -> None:
    wanted = copy.deepcopy(DETAILS) | {"base_prefix": "../..", "base_interpreter": "bin/python3.14"}
    wanted["libpython"]["static"] = f"{CONFIG}/libpython3.14.a"
    wanted["c_api"] = {"headers": "include/python3.14", "pkgconfig_path": "lib/pkgconfig"}
    assert relocated(root, DETAILS) == wanted
    assert relocated(root, wanted) == wanted


def test_a_companion_is_the_library_to_link(root: Path) -> None:
    path = root / "lib" / "python3.14" / "build-details.json"
    path.write_text(json.dumps(DETAILS))
    companion = Companion(goal="libpython3.14.so", soname="libpython3.14.so.1.0", ldflags=())
    relocate(path.parent, root, "/install", companion)
    assert json.loads(path.read_text())["libpython"] == {"dynamic": "lib/libpython3.14.so.1.0"}


def test_a_static_library_that_lies_where_the_file_says_is_left_there(root: Path) -> None:
    (root / "lib" / "libpython3.14.a").touch()
    assert relocated(root, DETAILS)["libpython"] == {"static": "lib/libpython3.14.a"}


def test_what_upstream_adds_later_follows_too(root: Path) -> None:
    told = relocated(root, DETAILS | {"arbitrary_data": {"extra": {"manual": "/install/share/man"}}})
    assert told["arbitrary_data"] == {"extra": {"manual": "share/man"}}


@pytest.mark.parametrize("value", ["/install", ["/install/bin"], "-L/install/lib", {"deep": {"est": "x /install"}}])
def test_a_directory_that_cannot_follow_is_refused(root: Path, value: Any) -> None:
    with pytest.raises(StageError, match="is not relocatable"):
        relocated(root, DETAILS | {"arbitrary_data": value})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": "2.0"}'])
def test_another_format_is_refused(root: Path, text: str) -> None:
    with pytest.raises(StageError, match=r"is not (JSON|a description)"):
        relocated(root, text)


def test_a_static_library_that_is_nowhere_is_refused(root: Path) -> None:
    (root / CONFIG / "libpython3.14.a").unlink()
    with pytest.raises(StageError, match="found 0"):
        relocated(root, DETAILS)


def test_versions_without_the_file_get_none(root: Path) -> None:
    relocate(root / "lib" / "python3.14", root, "/install")
    assert not list(root.rglob("build-details.json"))
