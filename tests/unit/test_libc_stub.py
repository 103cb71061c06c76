"""The C library's stub: names of one variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.build.libc_stub import with_joined_names
from setup_local.errors import ToolchainError


def variable(name: str, version: str = "2_0", size: int = 4) -> str:
    return f".globl {name}_{version}\n.size {name}_{version}, {size}\n{name}_{version}: .fill {size}, 1, 0\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "c.s"


def test_other_names_stand_for_the_first(source: Path) -> None:
    source.write_text(f".data\n{variable('environ')}{variable('__environ')}{variable('optarg')}", encoding="ascii")
    expected = source.read_text(encoding="ascii").replace(
        "\nenviron_2_0: .fill 4, 1, 0", "\n.set environ_2_0, __environ_2_0"
    )
    assert with_joined_names(source, [("__environ", "environ")]) == expected
    assert "\n.set environ_2_0, " in expected


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ("", "has 0 variables environ, expected one"),
        (variable("environ", "2_0") + variable("environ", "2_2_5"), "has 2 variables environ, expected one"),
        (variable("environ", "2_2_5"), "environ and __environ differ"),
        (variable("environ", size=8), "environ and __environ differ"),
        (".data_environ_2_0: .fill 4, 1, 0\n", "has 0 variables environ"),
    ],
)
def test_an_unexpected_source_is_refused(others: str, message: str, source: Path) -> None:
    source.write_text(f".data\n{variable('__environ')}{others}", encoding="ascii")
    with pytest.raises(ToolchainError, match=message):
        with_joined_names(source, [("__environ", "environ")])
