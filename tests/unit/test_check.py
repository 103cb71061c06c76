"""`setup-local check`: for each rule a real file that it reports, and one that it accepts."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checked_tree import GNU, found_in, small_tree
from click.testing import CliRunner
from hostile_elf import CONTRADICTORY, SHAPES

from setup_local.audit.model import Severity
from setup_local.binfmt.elf import read_elf
from setup_local.commands.check import _limits, check, target_of
from setup_local.doctor.changes import ChangedFacts
from setup_local.doctor.judge_files import RULES, judge_files
from setup_local.doctor.tree_files import BinaryFacts, Library, Limits, TextFacts, script_facts
from setup_local.errors import RequestError, ValidationFailed

ELF = Path(__file__).resolve().parent.parent / "binaries" / "elf"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return small_tree(tmp_path / "my tree")


def _put(tree: Path, fixture: str, place: str = "lib/pkg") -> Path:
    (tree / place).mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(ELF / fixture, tree / place / fixture))


def _script(tree: Path, first: str, name: str = "bin/tool") -> Path:
    path = tree / name
    path.write_text(f"{first}\nprint()\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _rules(tree: Path, floor: str = "") -> dict[str, Severity]:
    return {found.rule: found.severity for found in found_in(tree, floor)}


@pytest.mark.parametrize("fixture", ["good.so", "python", "origin.so", "bundled.o", "other-machine.o", "libbundled.a"])
def test_what_is_right_everywhere_passes(tree: Path, fixture: str) -> None:
    _put(tree, fixture)
    assert found_in(tree, "2.12") == []


@pytest.mark.parametrize(
    ("fixture", "rule", "severity", "words"),
    [
        ("needs-other.so", "needed", Severity.ERROR, ("libother.so.1", "$ORIGIN")),
        ("needs-crypt.so", "from-system", Severity.WARNING, ("libcrypt.so.1",)),
        ("rpath.so", "search-path", Severity.ERROR, ("/opt/lib", "specific to one machine")),
        ("old-rpath.so", "search-path", Severity.ERROR, ("/opt/lib", "patchelf")),
        ("python-other-loader", "loader", Severity.ERROR, ("/lib/ld-other.so.1", "--set-interpreter")),
        ("newer.so", "tree-floor", Severity.WARNING, ("2.30", "2.12")),
    ],
)
def test_a_binary_that_would_break_isfound_in(
    tree: Path, fixture: str, rule: str, severity: Severity, words: tuple[str, ...]
) -> None:
    _put(tree, fixture)
    (found,) = found_in(tree)
    assert (found.rule, found.severity, found.where) == (rule, severity, f"lib/pkg/{fixture}")
    assert all(word in found.what for word in words)


def test_a_floor_that_was_asked_for_is_held(tree: Path) -> None:
    _put(tree, "newer.so")
    assert _rules(tree, "2.17") == {"floor": Severity.ERROR}
    assert _rules(tree, "2.30") == {}


def test_a_search_path_out_of_the_tree_isfound_in(tree: Path) -> None:
    _put(tree, "origin.so", ".")
    (found,) = found_in(tree)
    assert found.rule == "search-path"
    assert "out of the tree" in found.what


def test_libraries_that_a_wheel_brings_are_found_through_its_search_path(tree: Path) -> None:
    _put(tree, "own-libs.so")
    assert _rules(tree) == {"needed": Severity.ERROR}
    (tree / "lib" / "own.libs").mkdir()
    shutil.copy(ELF / "good.so", tree / "lib" / "own.libs" / "libother.so.1")
    assert found_in(tree) == []


def test_a_library_that_leads_out_of_the_tree_is_not_in_it(tree: Path) -> None:
    _put(tree, "own-libs.so")
    (tree / "lib" / "own.libs").mkdir()
    outside = shutil.copy(ELF / "good.so", tree.parent / "libother.so.1")
    (tree / "lib" / "own.libs" / "libother.so.1").symlink_to(os.path.relpath(outside, tree / "lib" / "own.libs"))
    assert "reachable" in _rules(tree) or "needed" in _rules(tree)


def test_a_library_elsewhere_in_the_tree_is_told_with_the_way_there(tree: Path) -> None:
    _put(tree, "needs-other.so")
    (tree / "lib" / "x").mkdir()
    shutil.copy(ELF / "good.so", tree / "lib" / "x" / "libother.so.1")
    (found,) = found_in(tree)
    assert (found.rule, found.severity) == ("reachable", Severity.WARNING)
    assert "patchelf --set-rpath '$ORIGIN/../x' lib/pkg/needs-other.so" in found.what


def test_an_absolute_search_path_into_the_tree_gets_its_relative_form(tree: Path) -> None:
    limits = _limits(tree, GNU, "")
    elf = dataclasses.replace(read_elf((ELF / "good.so").read_bytes()), rpaths=(f"{limits.roots[0]}/lib/x", "libs", ""))
    verdict = judge_files("tree", [BinaryFacts(name="lib/pkg/a.so", limits=limits, elf=elf)])
    inside, relative, empty = [found.what for found in verdict.walk()]
    assert "in the tree: breaks when it moves" in inside
    assert "'$ORIGIN/../x'" in inside
    assert "current directory" in relative
    assert "current directory" in empty


def test_a_damaged_binary_isfound_in(tree: Path) -> None:
    path = _put(tree, "good.so")
    path.write_bytes(path.read_bytes()[:200])
    assert _rules(tree) == {"readable": Severity.ERROR}


def test_a_binary_of_another_machine_is_a_warning_and_not_judged(tree: Path) -> None:
    path = _put(tree, "needs-other.so")
    data = bytearray(path.read_bytes())
    data[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
    path.write_bytes(data)
    assert _rules(tree) == {"machine": Severity.WARNING}


def test_a_script_that_names_the_tree_isfound_in(tree: Path) -> None:
    _script(tree, f"#!{tree}/bin/python3")
    (found,) = found_in(tree)
    assert (found.rule, found.where) == ("script", "bin/tool")
    assert "fix:" in found.what


@pytest.mark.parametrize(
    "first",
    [
        "#!{tree}/bin/python3 -I",
        "#!/bin/sh\n'''exec' '{tree}/bin/python3' \"$0\" \"$@\"",
        '#!/bin/sh\n\'\'\'exec\' "{tree}/bin/python3" "$0" "$@"',
        "#!/gone/py/bin/python3",
    ],
)
def test_every_form_of_a_path_that_moves_isfound_in(tree: Path, first: str) -> None:
    plain = tree.with_name("plain")
    tree.rename(plain)
    _script(plain, first.format(tree=plain))
    assert _rules(plain) == {"script": Severity.ERROR}


@pytest.mark.parametrize(
    "first",
    [
        "#!/bin/sh",
        "#!/usr/bin/env python3",
        '#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(readlink -f -- "$0")")/python3" "$0" "$@"\n\' \'\'\'',
    ],
)
def test_scripts_that_follow_the_tree_pass(tree: Path, first: str) -> None:
    _script(tree, first)
    assert found_in(tree) == []


def test_a_file_that_is_not_executable_is_no_script(tree: Path) -> None:
    _script(tree, f"#!{tree}/bin/python3").chmod(0o644)
    assert found_in(tree) == []


def test_a_program_that_the_system_lacks_is_a_warning(tree: Path) -> None:
    _script(tree, "#!/usr/bin/no-such-program")
    assert _rules(tree) == {"program": Severity.WARNING}


def test_absolute_links_into_the_tree_arefound_in(tree: Path) -> None:
    (tree / "bin" / "python").symlink_to(tree / "bin" / "python3")
    (tree / "lib64").symlink_to(tree / "lib")
    (tree / "bin" / "env").symlink_to("/usr/bin/env")
    (tree / "bin" / "good").symlink_to("python")
    assert [(found.rule, found.where) for found in found_in(tree)] == [("link", "bin/python"), ("link", "lib64")]


def test_a_pth_file_that_names_the_tree_isfound_in(tree: Path) -> None:
    (tree / "lib" / "own.pth").write_text(f"import x\n{tree}/src\n/elsewhere\n", encoding="utf-8")
    assert _rules(tree) == {"path-file": Severity.ERROR}


def test_a_tree_reached_through_a_link_is_the_same_tree(tree: Path) -> None:
    link = tree.with_name("link")
    link.symlink_to(tree)
    _script(tree, f"#!{link}/bin/python3", "bin/one")
    _script(tree, f"#!{tree}/bin/python3", "bin/two")
    assert [found.where for found in found_in(link)] == ["bin/one", "bin/two"]


def test_a_name_may_be_any_bytes(tree: Path) -> None:
    path = _put(tree, "rpath.so")
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/\xff.so"))
    shown = CliRunner().invoke(check, [str(tree)])
    assert isinstance(shown.exception, ValidationFailed)
    assert "\ufffd.so" in shown.output


def test_a_tree_with_a_neighbour_of_similar_name() -> None:
    limits = _facts_limits()
    assert limits.inside("/opt/py/../py/bin")
    assert not limits.inside("/opt/python/bin")


def _facts_limits() -> Limits:
    return dataclasses.replace(_limits(Path("/"), GNU, ""), roots=("/opt/py",))


def test_the_interpreter_of_a_script_is_read_as_the_kernel_reads_it() -> None:
    assert script_facts("x", "#! /opt/py/bin/python3 -E\n", _facts_limits()).paths == ("/opt/py/bin/python3",)
    assert script_facts("x", "#!python3\n", _facts_limits()).paths == ()


def _cases() -> Iterator[tuple[str, Any]]:
    limits = _facts_limits()
    good = read_elf((ELF / "good.so").read_bytes())
    yield "readable", BinaryFacts(name="a", limits=limits, elf=None, problem="damaged")
    yield "machine", BinaryFacts(name="a", limits=limits, elf=dataclasses.replace(good, machine="EM_ARM"))
    for rule, library in (
        ("needed", Library(name="libq.so")),
        ("reachable", Library(name="libq.so", elsewhere="libq.so")),
        ("from-system", Library(name="libz.so.1")),
    ):
        yield rule, BinaryFacts(name="a", limits=limits, elf=good, libraries=(library,))
    other = dataclasses.replace(good, disagreements=("sections disagree",))
    yield "sections-agree", BinaryFacts(name="a", limits=limits, elf=other)
    yield "search-path", BinaryFacts(name="a", limits=limits, elf=dataclasses.replace(good, rpaths=("/x",)))
    yield "loader", BinaryFacts(name="a", limits=limits, elf=dataclasses.replace(good, interpreter="/x"))
    newer = read_elf((ELF / "newer.so").read_bytes())
    yield "tree-floor", BinaryFacts(name="a", limits=limits, elf=newer)
    yield "floor", BinaryFacts(name="a", limits=dataclasses.replace(limits, demanded=True), elf=newer)
    yield "script", TextFacts(name="a", limits=limits, paths=("/opt/py/bin/python",), kind="script")
    yield "program", TextFacts(name="a", limits=limits, paths=("/bin/none",), kind="script", exists=False)
    yield "link", TextFacts(name="a", limits=limits, paths=("/opt/py/lib",), kind="link")
    yield "installer", TextFacts(name="a", limits=limits, paths=(), kind="installer", exists=False)
    yield "path-file", TextFacts(name="a", limits=limits, paths=("/opt/py/src",), kind="paths")
    yield "manifest", ChangedFacts(name="a", what="was changed")


@pytest.mark.parametrize(("rule", "facts"), list(_cases()), ids=[rule for rule, _ in _cases()])
def test_facts_alone_are_enough_to_judge(rule: str, facts: Any) -> None:
    assert [found.rule for found in judge_files("x", [facts]).walk()] == [rule]


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _ in _cases()} == {rule.id for rule in RULES}


def test_the_command_prints_findings_and_fails(tree: Path) -> None:
    _script(tree, f"#!{tree}/bin/python3")
    shown = CliRunner().invoke(check, [str(tree)])
    assert isinstance(shown.exception, ValidationFailed)
    assert "bin/tool" in shown.output
    document = json.loads(CliRunner().invoke(check, ["--json", str(tree)]).output)
    assert document["holds"] is False
    assert document["subjects"][0]["findings"][0]["rule"] == "script"


def test_the_command_ends_well_where_nothing_breaks(tree: Path) -> None:
    _put(tree, "newer.so")
    assert CliRunner().invoke(check, [str(tree)]).exit_code == 0
    assert isinstance(CliRunner().invoke(check, ["--glibc", "2.17", str(tree)]).exception, ValidationFailed)


@pytest.mark.parametrize("words", [["missing"], ["--target-triple", "sparc", "."], ["--glibc", "new", "."]])
def test_bad_requests_are_refused(words: list[str]) -> None:
    assert isinstance(CliRunner().invoke(check, words).exception, RequestError)


@pytest.mark.parametrize(
    ("fixture", "triple"),
    [
        ("python", GNU),
        ("python-musl", "x86_64-unknown-linux-musl"),
        ("python-static", GNU),
        ("bundled.o", GNU),
    ],
)
def test_the_target_is_that_of_the_interpreter(fixture: str, triple: str, tmp_path: Path) -> None:
    assert target_of(tmp_path) == GNU
    (tmp_path / "bin").mkdir()
    shutil.copyfile(ELF / fixture, tmp_path / "bin" / "python3")
    assert target_of(tmp_path) == triple


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_that_hides_what_it_needs_from_tools_isfound_in(tree: Path, shape: str) -> None:
    (tree / "module.so").write_bytes(SHAPES[shape]((ELF / "newer.so").read_bytes()))
    rules = _rules(tree, "2.17")
    assert "floor" in rules
    assert ("sections-agree" in rules) == (shape in CONTRADICTORY)


def test_a_file_of_terabytes_is_not_read(tree: Path) -> None:
    with (tree / "huge.so").open("wb") as stream:
        stream.write(b"\x7fELF")
        stream.truncate(1 << 40)
    (found,) = found_in(tree)
    assert found.rule == "readable"
    assert str(1 << 40) in found.what


def test_names_that_would_move_the_cursor_are_shown_escaped(tree: Path) -> None:
    _script(tree, f"#!{tree}/bin/python3", name="bin/to\x1b[2Jol\n")
    for words in ([], ["--fix"]):
        shown = CliRunner().invoke(check, [str(tree), *words]).output
        assert "\x1b" not in shown
        assert "\\x1b[2Jol\\n" in shown.replace("\n", "")
