"""Every command that reads an archive or a binary, on the worst files of all tests.

Memory and time are bounded, there is at most one error line, and nothing is written outside.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Ended, Limited
from hostile_archives import ALLOWED, DESCRIPTIONS, LOUD, MODULES, SHAPES, with_description, with_module
from hostile_macho import HEAVY as HEAVY_MACHO
from hostile_pe import HEAVY
from limited import MEMORY
from sample_distribution import NAME, Sample

from setup_local.cli import exit_codes

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
_REFUSED = 20
_DESCRIBED = 21
# `validate` reports which rule is broken; commands that use an archive's contents refuse it.
COMMANDS: dict[str, tuple[str, ...]] = {
    "validate": ("validate", "ARCHIVE"),
    "size": ("size", "--json", "ARCHIVE"),
    "repack": ("repack", "ARCHIVE", "--flavor", "install_only", "--output", "out"),
    "index": ("index", "DIR", "--trust"),
    "create": ("create", "new", "--from", "ARCHIVE"),
}


def _run(limited: Limited, command: str, data: bytes, directory: Path) -> Ended:
    """Run a command on an archive in a directory, and check what must hold however it ends."""
    place = directory / "archives"
    place.mkdir(exist_ok=True)
    path = place / NAME
    path.write_bytes(data)
    words = [{"ARCHIVE": path, "DIR": place}.get(word, word) for word in COMMANDS[command]]
    ended = limited(*words, directory=directory)
    assert ended.code in exit_codes(), ended.err
    assert "Traceback" not in ended.err
    assert not _CONTROLS.search(ended.out + ended.err)
    assert ended.peak <= MEMORY
    assert len([line for line in ended.err.splitlines() if line.startswith("error:")]) <= 1
    return ended


def _nothing_made(directory: Path) -> None:
    left = {path.relative_to(directory).as_posix() for path in directory.rglob("*")}
    assert left <= {"archives", f"archives/{NAME}", "out"}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("shape", [*SHAPES, *LOUD])
def test_unsafe_archives_are_refused(shape: str, command: str, limited: Limited, tmp_path: Path) -> None:
    ended = _run(limited, command, (SHAPES | LOUD)[shape](), tmp_path)
    assert ended.code == _REFUSED
    assert NAME in ended.err
    _nothing_made(tmp_path)


@pytest.mark.parametrize("command", ["validate", "repack", "index"])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_an_invalid_description_is_refused(name: str, command: str, limited: Limited, tmp_path: Path) -> None:
    ended = _run(limited, command, with_description(DESCRIPTIONS[name]), tmp_path)
    assert ended.code == _DESCRIBED
    assert NAME in ended.err
    _nothing_made(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", MODULES)
def test_a_binary_that_takes_time_or_memory(name: str, command: str, limited: Limited, tmp_path: Path) -> None:
    _run(limited, command, with_module(MODULES[name]()), tmp_path)


@pytest.mark.parametrize("name", MODULES)
def test_the_same_binary_alone(name: str, limited: Limited, tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(MODULES[name]())
    for words in (("audit", "x.so"), ("check", ".")):
        ended = limited(*words, directory=tmp_path)
        assert ended.code in exit_codes()
        assert "Traceback" not in ended.err
        assert ended.peak <= MEMORY


@pytest.mark.parametrize("name", HEAVY)
def test_a_binary_for_windows_that_takes_time_or_memory(name: str, limited: Limited, tmp_path: Path) -> None:
    (tmp_path / "x.pyd").write_bytes(HEAVY[name]())
    ended = limited("audit", "--target-triple", "x86_64-pc-windows-msvc", "x.pyd", directory=tmp_path)
    assert ended.code == 1
    assert "binary-readable" in ended.out
    assert "Traceback" not in ended.err
    assert ended.peak <= MEMORY


@pytest.mark.parametrize("name", HEAVY_MACHO)
def test_a_binary_for_macos_that_takes_time_or_memory(name: str, limited: Limited, tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(HEAVY_MACHO[name]())
    ended = limited("audit", "--target-triple", "aarch64-apple-darwin", "x.so", directory=tmp_path)
    assert ended.code == 1
    assert "binary-readable" in ended.out
    assert "Traceback" not in ended.err
    assert ended.peak <= MEMORY


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ALLOWED)
def test_archives_at_the_limits(name: str, command: str, limited: Limited, tmp_path: Path) -> None:
    _run(limited, command, ALLOWED[name](), tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_good_sample_passes(command: str, limited: Limited, tmp_path: Path) -> None:
    """Without this, the limits would prove nothing."""
    assert _run(limited, command, Sample().packed(), tmp_path).code == 0


def test_the_limits_take_effect(limited: Limited, tmp_path: Path) -> None:
    """Excessive memory use would be detected."""
    ended = limited("size", _grown(tmp_path), directory=tmp_path)
    assert ended.code == _REFUSED


def _grown(directory: Path) -> Path:
    path = directory / NAME
    path.write_bytes(LOUD["zstd-8-gigabytes"]())
    return path


def test_commands_do_not_wait_for_a_pipe(limited: Limited, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / NAME)
    for words in (("validate", NAME), ("size", NAME), ("repack", NAME, "--flavor", "minimal")):
        assert limited(*words, directory=tmp_path).code == _REFUSED
    assert limited("audit", NAME, directory=tmp_path).code == 2
