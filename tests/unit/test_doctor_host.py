"""The doctor's judgement of hosts: each check with good facts and with bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sample_doctor import (
    HOST,
    TABLES,
    V1,
    V2,
    V3,
    V4,
    bad,
    judged_host,
    only,
)

from setup_local.doctor.host import cpu_flags, host_facts, is_store
from setup_local.doctor.judge_host import cpu_level
from setup_local.doctor.model import Level


def test_a_certificate_store_is_a_non_empty_file_or_a_directory_of_hashed_names(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    (tmp_path / "some.pem").write_text("x", encoding="ascii")
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "Authority.pem").touch()
    (tmp_path / "hashed").mkdir()
    (tmp_path / "hashed" / "5ed36f99.0").touch()
    found = {path.name for path in tmp_path.iterdir() if is_store(path)}
    assert found == {"some.pem", "hashed"}
    assert not is_store(tmp_path / "missing")


def test_a_good_host_has_only_good_lines() -> None:
    assert bad(judged_host()) == []
    assert len(judged_host().lines) >= 12


@pytest.mark.parametrize(
    ("changes", "topic", "level", "found"),
    [
        ({"machine": "aarch64"}, "kernel", Level.PROBLEM, "aarch64"),
        ({"system": "FreeBSD"}, "kernel", Level.PROBLEM, "FreeBSD"),
        ({"libc": "musl", "libc_version": ""}, None, Level.OK, ""),
        ({"libc": "", "libc_version": ""}, "C library", Level.WARNING, "unknown"),
        ({"libc_version": "2.11"}, "C library", Level.PROBLEM, "glibc 2.11 is older than 2.12"),
        ({"cpu_flags": V1 - {"sse2"}}, "CPU", Level.PROBLEM, "below x86-64-v1"),
        ({"cpu_flags": frozenset()}, "CPU", Level.WARNING, "unknown"),
        ({"certificates": ()}, "certificates", Level.WARNING, "none"),
        ({"terminfo": {"xterm": ""}}, "terminal database", Level.WARNING, "no common entry"),
        ({"term": ""}, "terminal database", Level.WARNING, "TERM is not set"),
        ({"term": "vt100"}, "terminal database", Level.WARNING, "no entry for TERM=vt100"),
        ({"locale": "LC_ALL=de_DE@euro"}, "locale", Level.WARNING, "not UTF-8"),
        ({"display": ""}, "Tk display", Level.WARNING, "none"),
        ({"display": "", "wayland": "wayland-0"}, "Tk display", Level.WARNING, "without DISPLAY"),
        ({"fonts": ()}, "fonts", Level.WARNING, "none"),
        ({"zoneinfo": ""}, "time zones", Level.WARNING, "no database"),
        ({"programs": HOST.programs | {"c++": ""}}, None, Level.OK, ""),
        ({"free": 1 << 30}, "space", Level.WARNING, "only 1.0 GiB free for /cache"),
    ],
)
def test_each_fault_of_a_host_is_one_line(changes: Any, topic: str | None, level: Level, found: str) -> None:
    section = judged_host(**changes)
    if topic is None:
        assert bad(section) == []
        return
    line = only(section)
    assert (line.topic, line.level) == (topic, level)
    assert found in line.found


@pytest.mark.parametrize(
    ("missing", "topic"), [("c++", "compilers"), ("cc", "compilers"), ("perl", "build tools"), ("bwrap", "sandbox")]
)
def test_a_missing_program_is_a_warning(missing: str, topic: str) -> None:
    programs = {name: path for name, path in HOST.programs.items() if name != missing}
    line = only(judged_host(programs=programs))
    assert (line.topic, line.level) == (topic, Level.WARNING)


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (V1, "x86-64-v1"),
        (V1 | V2, "x86-64-v2"),
        (V1 | V2 | V3, "x86-64-v3"),
        (V1 | V2 | V3 | V4, "x86-64-v4"),
        (V1 | V3 | V4, "x86-64-v1"),
        (V2, ""),
    ],
)
def test_a_level_includes_those_below(flags: frozenset[str], level: str) -> None:
    assert cpu_level(flags, TABLES.cpu_levels) == level


def test_features_missing_for_the_next_level_are_named() -> None:
    line = next(line for line in judged_host(cpu_flags=V1 | V2 | V3 - {"movbe"}).lines if line.topic == "CPU")
    assert line.found == "x86-64-v2 (x86-64-v3 needs movbe)"


def test_flags_count_only_if_every_processor_has_them() -> None:
    text = "processor : 0\nflags\t\t: fpu sse avx\n\nprocessor : 1\nflags\t\t: fpu sse\n"
    assert cpu_flags(text) == {"fpu", "sse"}
    assert cpu_flags("processor : 0\n") == frozenset()


def test_facts_come_from_the_given_environment(tmp_path: Path) -> None:
    (tmp_path / "base" / "v").mkdir(parents=True)
    (tmp_path / "base" / "v" / "vt-own").touch()
    (tmp_path / "cc").touch(mode=0o755)
    environ = {"TERM": "vt-own", "TERMINFO": str(tmp_path / "base"), "PATH": str(tmp_path), "LC_CTYPE": "C.UTF-8"}
    facts = host_facts(environ, tmp_path / "not" / "yet", TABLES)
    assert facts.terminfo["vt-own"] == str(tmp_path / "base")
    assert facts.programs == {"cc": str(tmp_path / "cc")}
    assert facts.locale == "LC_CTYPE=C.UTF-8"
    assert facts.free > 0
    assert (facts.display, facts.wayland) == ("", "")


def test_a_terminal_name_with_a_slash_is_not_a_path() -> None:
    assert host_facts({"TERM": "../x"}, Path("/"), TABLES).terminfo["../x"] == ""
