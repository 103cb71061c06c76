"""No mistake ends in a traceback: each message is short and names the cause, and the exit code is documented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mistakes import MISTAKES, Row
from sample_distribution import NAME, Sample, flavoured

from setup_local import cli
from setup_local.index.write import write_index

_MOST_LINES = 8  # click prints the usage before an error


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("mistakes")
    for name in ("dir", "dist", "tree", "archives"):
        (root / name).mkdir()
    (root / "text").write_text("hello\n", encoding="utf-8")
    (root / "tree" / "file").write_text("hello\n", encoding="utf-8")
    os.mkfifo(root / "pipe")
    archive = Sample().write(root / "archives")
    (root / "archives" / "damaged").mkdir()
    (root / "archives" / "damaged" / NAME).write_bytes(archive.read_bytes()[:-9])
    Sample().write(root / "dist")
    write_index(root / "dist")
    made = {name: str(root / name) for name in ("dir", "dist", "tree", "text", "pipe", "new")}
    damaged = str(root / "archives" / "damaged" / NAME)
    return made | {"archive": str(archive), "flavour": str(flavoured("minimal").write(root)), "damaged": damaged}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a separate directory, without the environment variables that commands read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    for name in ("PYTHON_VERSION", "PYTHON_INSTALL_DIR", "PIP_VERSION", "SETUP_LOCAL_INDEX", "SETUP_LOCAL_MIRROR"):
        monkeypatch.delenv(name, raising=False)


def _name(row: Row) -> str:
    return " ".join(word[:24] or "(empty)" for word in row[0])


@pytest.mark.parametrize("row", MISTAKES, ids=_name)
def test_a_mistake_is_told_and_named(
    row: Row, places: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, code, named = row
    with pytest.raises(SystemExit) as caught:
        cli.main([word.format_map(places) if "{" in word else word for word in words])
    shown = capsys.readouterr()
    assert caught.value.code == code, shown.err
    assert named.format_map(places).strip() in " ".join(shown.err.split()), shown.err
    assert "Traceback" not in shown.err
    assert len(shown.err.splitlines()) <= _MOST_LINES
    assert not Path(places["new"]).exists()
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("cache", "dist")] == []


def test_there_are_two_hundred_of_them() -> None:
    assert len({words for words, _, _ in MISTAKES}) >= 200
