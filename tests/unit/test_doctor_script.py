"""The script that the doctor runs in the interpreter of a tree, and its answer."""

from __future__ import annotations

import importlib.util
import py_compile
from pathlib import Path
from types import ModuleType

import pytest

from setup_local.doctor import tree


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}'])
def test_an_answer_that_makes_no_sense_is_a_failure(text: str) -> None:
    answer, failure = tree.read_answer(text, "x")
    assert answer is None
    assert "is invalid" in failure


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
