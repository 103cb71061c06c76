"""The doctor's judgement of hosts and trees: each check with facts that are good and facts that are not."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import py_compile
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from setup_local import paths
from setup_local.audit.policy import load_policy
from setup_local.binfmt.elf import read_elf
from setup_local.catalog.load import schema
from setup_local.commands import doctor as command
from setup_local.doctor import judge_host, judge_tree, report, tree
from setup_local.doctor.host import cpu_flags, host_facts, is_store
from setup_local.doctor.judge_host import HostCase, cpu_level
from setup_local.doctor.judge_tree import TreeCase
from setup_local.doctor.model import Answer, Bytecode, HostFacts, Level, Line, Section, TreeFacts
from setup_local.doctor.tables import CertificatePlace, CpuLevel, HostTables, host_tables
from setup_local.errors import RequestError, ValidationFailed

ELF = Path(__file__).resolve().parent.parent / "binaries" / "elf"
TABLES = host_tables()
V1, V2, V3, V4 = (frozenset(level.flags) for level in TABLES.cpu_levels)
PREFIX = "/opt/py thon"
HOST = HostFacts(
    release="6.1",
    libc_version="2.36",
    cpu_flags=V1 | V2 | V3,
    certificates=("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs"),
    term="xterm",
    terminfo={"xterm": "/lib/terminfo", "vt100": "", "tmux": "/lib/terminfo"},
    locale="LANG=de_DE.UTF-8",
    display=":0",
    fonts=("/usr/share/fonts",),
    zoneinfo="/usr/share/zoneinfo",
    programs={name: f"/usr/bin/{name}" for name in ("cc", "c++", "make", "perl", "bwrap")},
    cache="/cache",
    free=100 << 30,
)
ANSWER = Answer(
    version="3.13.5",
    paths={"stdlib": f"{PREFIX}/lib/python3.13", "sys.prefix": PREFIX},
    tls="OpenSSL 3.5.6",
    certificate_file="/etc/ssl/cert.pem",
    certificate_directory="",
    certificates=140,
    bundled_certificates="",
    terminal={"xterm": ""},
    tk="Tk 8.6",
    tk_error="",
    zone="/usr/share/zoneinfo, 2026f",
    zone_error="",
    pip="25.1",
    pip_error="",
    broken_modules={},
    bytecode=Bytecode(valid=600),
)
TREE = TreeFacts(host=HOST, prefix=PREFIX, interpreter=f"{PREFIX}/bin/python3", needs_glibc="2.10", answer=ANSWER)


def _host(**changes: Any) -> Section:
    facts = dataclasses.replace(HOST, **changes)
    policy = load_policy("x86_64-unknown-linux-gnu")
    return judge_host.judge_host(HostCase(facts=facts, tables=TABLES, policy=policy))


def _tree(**changes: Any) -> Section:
    facts = dataclasses.replace(TREE, **changes)
    return judge_tree.judge_tree(TreeCase(facts=facts, tables=TABLES))


def _answered(**changes: Any) -> Section:
    return _tree(answer=dataclasses.replace(ANSWER, **changes))


def _bad(section: Section) -> list[Line]:
    return [line for line in section.lines if line.level is not Level.OK]


def _only(section: Section) -> Line:
    (line,) = _bad(section)
    assert line.fix
    return line


@pytest.mark.parametrize(
    ("pointer", "cls"),
    [
        (("properties",), HostTables),
        (("properties", "cpu-levels", "items", "properties"), CpuLevel),
        (("properties", "certificates", "items", "properties"), CertificatePlace),
    ],
)
def test_schema_and_model_have_the_same_fields(pointer: tuple[str, ...], cls: Any) -> None:
    node: Any = schema("doctor")
    for key in pointer:
        node = node[key]
    assert set(node) == {field.name.replace("_", "-") for field in dataclasses.fields(cls)}


def test_every_fix_is_used_and_every_used_fix_is_there() -> None:
    package = Path(judge_host.__file__).parent
    text = "".join((package / f"judge_{name}.py").read_text(encoding="utf-8") for name in ("host", "tree"))
    used = {name for one in re.findall(r'fix=?"?([a-z-]+)"|"([a-z-]+)"\)', text) for name in one if name}
    assert set(TABLES.fixes) - used == set()


def test_the_directories_of_the_terminal_database_are_those_of_our_ncurses() -> None:
    recipes = (paths.DATA / "libraries.toml").read_text(encoding="utf-8")
    assert f"--with-terminfo-dirs={':'.join(TABLES.terminfo_directories)}" in recipes


def test_the_places_of_certificates_are_those_of_our_tls_library() -> None:
    header = (paths.DATA / "recipes" / "certificates.h").read_text(encoding="utf-8")
    lists = re.findall(r"setup_local_certificate_(?:files|directories)\[\] = \{(.*?)\};", header, re.DOTALL)
    known = [path for one in lists for path in re.findall(r'"(/[^"]+)"', one)]
    assert len(lists) == 2
    assert known == [place.path for place in TABLES.certificates]


def test_a_store_is_a_file_with_something_in_it_or_a_directory_of_hashed_names(tmp_path: Path) -> None:
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
    assert _bad(_host()) == []
    assert len(_host().lines) >= 12


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
    section = _host(**changes)
    if topic is None:
        assert _bad(section) == []
        return
    line = _only(section)
    assert (line.topic, line.level) == (topic, level)
    assert found in line.found


@pytest.mark.parametrize(
    ("missing", "topic"), [("c++", "compilers"), ("cc", "compilers"), ("perl", "build tools"), ("bwrap", "sandbox")]
)
def test_a_missing_program_is_a_warning(missing: str, topic: str) -> None:
    programs = {name: path for name, path in HOST.programs.items() if name != missing}
    line = _only(_host(programs=programs))
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


def test_what_the_next_level_lacks_is_said() -> None:
    line = next(line for line in _host(cpu_flags=V1 | V2 | V3 - {"movbe"}).lines if line.topic == "CPU")
    assert line.found == "x86-64-v2 (x86-64-v3 wants movbe)"


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


@pytest.mark.parametrize(("directory", "found"), [("/lib/terminfo", "/lib/terminfo"), ("", "the distribution itself")])
def test_a_tree_says_where_it_knows_the_terminal_from(directory: str, found: str) -> None:
    host = dataclasses.replace(HOST, terminfo={"xterm": directory})
    lines = {line.topic: line.found for line in _tree(host=host).lines}
    assert lines["terminal"] == f"curses knows xterm from {found}"


def test_a_terminal_name_with_a_slash_is_no_path() -> None:
    assert host_facts({"TERM": "../x"}, Path("/"), TABLES).terminfo["../x"] == ""


def test_a_good_tree_has_only_good_lines() -> None:
    assert _bad(_tree()) == []
    assert len(_tree().lines) == len(judge_tree.CHECKS)


@pytest.mark.parametrize(
    ("changes", "topic", "level", "found"),
    [
        ({"paths": {"stdlib": "/install/lib"}}, "moved", Level.PROBLEM, "stdlib=/install/lib"),
        ({"paths": {"stdlib": f"{PREFIX}-old/lib"}}, "moved", Level.PROBLEM, "not inside"),
        ({"broken_modules": {"bz2": "ImportError: x"}}, "modules", Level.PROBLEM, "bz2 (ImportError: x)"),
        ({"tls": ""}, "certificates", Level.PROBLEM, "ssl does not work"),
        ({"certificates": 0}, "certificates", Level.PROBLEM, "none in /etc/ssl/cert.pem"),
        ({"terminal": {"xterm": "unknown"}}, "terminal", Level.PROBLEM, "no terminal: unknown"),
        ({"terminal": {"xterm": "unknown", "dumb": ""}}, "terminal", Level.WARNING, "TERM=xterm, but dumb"),
        ({"tk": "", "tk_error": "TclError: no init.tcl"}, "tkinter", Level.PROBLEM, "init.tcl"),
        ({"tk": "", "tk_error": "ModuleNotFoundError: _tkinter"}, "tkinter", Level.WARNING, "_tkinter"),
        ({"zone_error": "ZoneInfoNotFoundError"}, "time zones", Level.PROBLEM, "NotFound"),
        ({"pip_error": "ImportError: pip"}, "pip", Level.PROBLEM, "pip"),
        ({"bytecode": Bytecode(valid=1, stale=("os.py",))}, "bytecode", Level.PROBLEM, "os.py"),
        ({"bytecode": Bytecode(valid=1, missing=("os.py",))}, "bytecode", Level.WARNING, "os.py"),
    ],
)
def test_each_fault_of_a_tree_is_one_line(changes: Any, topic: str, level: Level, found: str) -> None:
    line = _only(_answered(**changes))
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
    (line,) = (line for line in _answered(**changes).lines if line.topic == topic)
    assert line.level is Level.OK
    assert found in line.found


def test_the_certificates_that_are_used_are_named_and_bundled_ones_with_their_date() -> None:
    (line,) = (line for line in _tree().lines if line.topic == "certificates")
    assert line.found == "140 from /etc/ssl/cert.pem; OpenSSL 3.5.6"
    (line,) = (line for line in _answered(bundled_certificates="2026.10.18").lines if line.topic == "certificates")
    assert line.found == "140 from the bundled set of 2026.10.18; OpenSSL 3.5.6"


def test_the_database_of_time_zones_is_named() -> None:
    (line,) = (line for line in _answered(zone="the bundled database, 2026f").lines if line.topic == "time zones")
    assert line.found == "Europe/Berlin is in the bundled database, 2026f"


def test_missing_bytecode_in_a_read_only_place_is_a_problem() -> None:
    answer = dataclasses.replace(ANSWER, bytecode=Bytecode(valid=1, missing=("os.py",)))
    assert _only(_tree(answer=answer, writable=False)).level is Level.PROBLEM


def test_the_fix_for_certificates_names_a_file_that_the_host_has() -> None:
    assert _only(_answered(certificates=0)).fix == "export SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt"
    bare = dataclasses.replace(HOST, certificates=("/etc/ssl/certs",))
    answer = dataclasses.replace(ANSWER, certificates=0)
    assert "ca-certificates" in _only(_tree(host=bare, answer=answer)).fix


def test_a_newer_glibc_than_the_hosts_is_a_problem() -> None:
    line = _only(_tree(needs_glibc="2.38"))
    assert (line.topic, line.found) == ("C library", "needs glibc 2.38, this host has glibc 2.36")


def test_an_interpreter_that_does_not_start_is_one_problem() -> None:
    assert "Segmentation" in _only(_tree(answer=None, failure="Segmentation fault")).found
    missing = _only(_tree(answer=None, loader="/lib64/ld.so", has_loader=False))
    assert missing.found == "it wants the loader /lib64/ld.so, which is not here"
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


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}'])
def test_an_answer_that_makes_no_sense_is_a_failure(text: str) -> None:
    answer, failure = tree.read_answer(text, "x")
    assert answer is None
    assert "makes no sense" in failure


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ask", tree._SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_sees_each_state_of_bytecode(tmp_path: Path) -> None:
    script, source = _script(), tmp_path / "module.py"
    source.write_text("x = 1\n", encoding="ascii")
    assert script.bytecode(str(tmp_path))["missing"] == ["module.py"]
    for mode in py_compile.PycInvalidationMode:
        source.write_text("x = 1\n", encoding="ascii")
        py_compile.compile(str(source), invalidation_mode=mode)
        assert script.bytecode_state(str(source)) == "valid"
        source.write_text("x = 12345\n", encoding="ascii")
        trusted = mode is py_compile.PycInvalidationMode.UNCHECKED_HASH
        assert script.bytecode_state(str(source)) == ("valid" if trusted else "stale")
    Path(importlib.util.cache_from_source(str(source))).write_bytes(b"other")
    assert script.bytecode_state(str(source)) == "stale"


def test_the_script_asks_each_question_apart() -> None:
    script = _script()
    assert script.asked(lambda: 3, "x") == {"x": 3, "x_error": ""}
    assert script.asked(lambda: {}["no"], "x") == {"x": "", "x_error": "KeyError: 'no'"}
    assert list(script.terminals(["no-such-terminal"])) == ["no-such-terminal"]


def test_the_report_names_level_and_fix() -> None:
    document = report.as_json([_host(certificates=()), _tree(needs_glibc="2.38")])
    assert document["holds"] is False
    host, judged = document["sections"]
    assert host["problems"] == 0
    assert judged["problems"] == 1
    assert {"topic", "level", "found", "fix"} == set(host["lines"][0])


def test_the_command_prints_a_table_or_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "host_facts", lambda *_: HOST)
    shown = CliRunner().invoke(command.doctor, [])
    assert shown.exit_code == 0
    assert "C library" in shown.output
    document = json.loads(CliRunner().invoke(command.doctor, ["--json"]).output)
    assert document["holds"] is True


def test_the_command_fails_when_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "host_facts", lambda *_: dataclasses.replace(HOST, machine="aarch64"))
    result = CliRunner().invoke(command.doctor, [])
    assert isinstance(result.exception, ValidationFailed)
    assert "fix:" in result.output


def test_the_command_refuses_what_is_no_tree(tmp_path: Path) -> None:
    assert isinstance(CliRunner().invoke(command.doctor, [str(tmp_path)]).exception, RequestError)


def test_the_script_knows_the_bundled_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script()
    (tmp_path / "share" / "certifi").mkdir(parents=True)
    (tmp_path / "share" / "zoneinfo").mkdir()
    monkeypatch.setattr("sys.base_prefix", str(tmp_path))
    certificates = tmp_path / "share" / "certifi" / "cacert.pem"
    assert script.bundled_date(str(certificates)) == "an unknown date"
    certificates.with_name("VERSION").write_text("2026.10.18\n", encoding="ascii")
    assert script.bundled_date(str(certificates)) == "2026.10.18"
    assert script.bundled_date("/etc/ssl/cert.pem") == ""
    database = tmp_path / "share" / "zoneinfo"
    assert script.zones_version("this", str(database)) == "this"
    (database / "tzdata.zi").write_text("# version 2026f\nR d\n", encoding="ascii")
    assert script.zones_version("this", str(database)) == "this, 2026f"


def test_the_script_finds_the_database_of_a_zone(tmp_path: Path) -> None:
    import zoneinfo

    zoneinfo.ZoneInfo("Europe/Berlin")
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").touch()
    before = zoneinfo.TZPATH
    try:
        zoneinfo.reset_tzpath([str(tmp_path)])
        assert _script().zones("Europe/Berlin") == str(tmp_path)
    finally:
        zoneinfo.reset_tzpath(before)
