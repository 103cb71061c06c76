"""The doctor's verdicts on trees: each check with good facts and with bad facts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from sample_doctor import (
    ANSWER,
    HOST,
    PREFIX,
    answered,
    bad,
    judged_tree,
    only,
)
from sample_macho import macho

from setup_local.binfmt.elf import read_elf
from setup_local.doctor import judge_tree, tree
from setup_local.doctor.model import Bytecode, Level
from setup_local.errors import RequestError

ELF = Path(__file__).resolve().parent.parent / "binaries" / "elf"


@pytest.mark.parametrize("place", ["", "python/install"])
def test_an_installation_for_macos_is_left_to_the_audit(place: str, tmp_path: Path) -> None:
    (tmp_path / place / "bin").mkdir(parents=True)
    (tmp_path / place / "bin" / "python3.13").write_bytes(macho("python"))
    (tmp_path / place / "bin" / "python3").symlink_to("python3.13")
    with pytest.raises(RequestError, match="installation for macOS") as caught:
        tree.find_interpreter(tmp_path)
    assert "audit" in (caught.value.hint or "")


@pytest.mark.parametrize("place", ["", "python/install"])
def test_an_installation_for_windows_is_left_to_the_audit(place: str, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / "python.exe").write_bytes(b"MZ")
    with pytest.raises(RequestError, match="installation for Windows") as caught:
        tree.find_interpreter(tmp_path)
    assert "audit" in (caught.value.hint or "")


@pytest.mark.parametrize(("directory", "found"), [("/lib/terminfo", "/lib/terminfo"), ("", "the distribution itself")])
def test_a_tree_says_where_it_knows_the_terminal_from(directory: str, found: str) -> None:
    host = dataclasses.replace(HOST, terminfo={"xterm": directory})
    lines = {line.topic: line.found for line in judged_tree(host=host).lines}
    assert lines["terminal"] == f"curses knows xterm from {found}"


def test_a_good_tree_has_only_good_lines() -> None:
    assert bad(judged_tree()) == []
    assert len(judged_tree().lines) == len(judge_tree.CHECKS)


@pytest.mark.parametrize(
    ("changes", "topic", "level", "found"),
    [
        ({"paths": {"stdlib": "/install/lib"}}, "moved", Level.PROBLEM, "stdlib=/install/lib"),
        ({"paths": {"stdlib": f"{PREFIX}-old/lib"}}, "moved", Level.PROBLEM, "outside the tree"),
        ({"broken_modules": {"bz2": "ImportError: x"}}, "modules", Level.PROBLEM, "bz2 (ImportError: x)"),
        ({"tls": ""}, "certificates", Level.PROBLEM, "ssl does not work"),
        ({"certificates": 0}, "certificates", Level.PROBLEM, "none in /etc/ssl/cert.pem"),
        ({"terminal": {"xterm": "unknown"}}, "terminal", Level.PROBLEM, "does not know any terminal: unknown"),
        ({"terminal": {"xterm": "unknown", "dumb": ""}}, "terminal", Level.WARNING, "TERM=xterm, but knows dumb"),
        ({"tk": "", "tk_error": "TclError: no init.tcl"}, "tkinter", Level.PROBLEM, "init.tcl"),
        ({"tk": "", "tk_error": "ModuleNotFoundError: _tkinter"}, "tkinter", Level.WARNING, "_tkinter"),
        ({"zone_error": "ZoneInfoNotFoundError"}, "time zones", Level.PROBLEM, "NotFound"),
        ({"pip_error": "ImportError: pip"}, "pip", Level.PROBLEM, "pip"),
        ({"bytecode": Bytecode(valid=1, stale=("os.py",))}, "bytecode", Level.PROBLEM, "os.py"),
        ({"bytecode": Bytecode(valid=1, missing=("os.py",))}, "bytecode", Level.WARNING, "os.py"),
    ],
)
def test_each_fault_of_a_tree_is_one_line(changes: Any, topic: str, level: Level, found: str) -> None:
    line = only(answered(**changes))
    assert (line.topic, line.level) == (topic, level)
    assert found in line.found


@pytest.mark.parametrize(
    ("changes", "topic", "found"),
    [
        ({"left_out": ("_sqlite3", "uuid")}, "modules", "left out of this distribution: _sqlite3, uuid"),
        ({"left_out": ("_ssl",), "tls": ""}, "certificates", "ssl was left out of this distribution"),
        ({"left_out": ("curses",), "terminal": {}}, "terminal", "curses was left out of this distribution"),
    ],
)
def test_what_was_left_out_is_no_fault(changes: Any, topic: str, found: str) -> None:
    (line,) = (line for line in answered(**changes).lines if line.topic == topic)
    assert line.level is Level.OK
    assert found in line.found


def test_the_certificates_that_are_used_are_named_and_bundled_ones_with_their_date() -> None:
    (line,) = (line for line in judged_tree().lines if line.topic == "certificates")
    assert line.found == "140 from /etc/ssl/cert.pem; OpenSSL 3.5.6"
    (line,) = (line for line in answered(bundled_certificates="2026.10.18").lines if line.topic == "certificates")
    assert line.found == "140 from the bundled set of 2026.10.18; OpenSSL 3.5.6"


def test_the_database_of_time_zones_is_named() -> None:
    (line,) = (line for line in answered(zone="the bundled database, 2026f").lines if line.topic == "time zones")
    assert line.found == "Europe/Berlin is in the bundled database, 2026f"


def test_missing_bytecode_in_a_read_only_place_is_a_problem() -> None:
    answer = dataclasses.replace(ANSWER, bytecode=Bytecode(valid=1, missing=("os.py",)))
    assert only(judged_tree(answer=answer, writable=False)).level is Level.PROBLEM


def test_the_fix_for_certificates_names_a_file_that_the_host_has() -> None:
    assert only(answered(certificates=0)).fix == "export SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt"
    bare = dataclasses.replace(HOST, certificates=("/etc/ssl/certs",))
    answer = dataclasses.replace(ANSWER, certificates=0)
    assert "ca-certificates" in only(judged_tree(host=bare, answer=answer)).fix


def test_a_newer_glibc_than_the_hosts_is_a_problem() -> None:
    line = only(judged_tree(needs_glibc="2.38"))
    assert (line.topic, line.found) == ("C library", "needs glibc 2.38, this host has glibc 2.36")


def test_an_interpreter_that_does_not_start_is_one_problem() -> None:
    assert "Segmentation" in only(judged_tree(answer=None, failure="Segmentation fault")).found
    missing = only(judged_tree(answer=None, loader="/lib64/ld.so", has_loader=False))
    assert missing.found == "needs the loader /lib64/ld.so, which is missing"
    assert "musl" in missing.fix


def test_the_newest_glibc_is_found_in_a_real_file() -> None:
    good, newer, plain = (read_elf((ELF / name).read_bytes()) for name in ("good.so", "newer.so", "bundled.o"))
    assert tree.newest_glibc([newer, good, plain]) == "2.30"
    assert tree.newest_glibc([good]) == "2.2.5"
    assert tree.newest_glibc([plain]) == ""


@pytest.mark.parametrize("place", ["", "install", "python/install", "python"])
def test_an_installation_is_found_below_what_was_unpacked(tmp_path: Path, place: str) -> None:
    program = tmp_path / place / "bin" / "python3"
    program.parent.mkdir(parents=True)
    program.touch()
    assert tree.find_interpreter(tmp_path) == program


def test_a_directory_without_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no installed Python"):
        tree.find_interpreter(tmp_path)
    with pytest.raises(RequestError, match="no such directory"):
        tree.find_interpreter(tmp_path / "missing")
