"""Command lists as files for ninja."""

from __future__ import annotations

from pathlib import Path

from setup_local.build.ninja import FILE, Command, ninja_program, render_ninja, run_ninja

COMPILE = Command(outputs=("a b.o",), inputs=("a b.c", "C:x.h"), words=("cc", '-DX=L"a.dll"', "$ORIGIN", "a b.c"))
LINK = Command(
    outputs=("p/x.dll", "p/x.lib"), inputs=("a.o",), words=("ld", "@p/x.dll.rsp"), answers=("a.o", 'q"uo te', "C:\\x")
)


def test_words_are_quoted_for_the_machine_that_builds() -> None:
    text = render_ninja([COMPILE], windows=False)
    assert "build a$ b.o: run a$ b.c C$:x.h\n" in text
    assert """  words = cc '-DX=L"a.dll"' '$$ORIGIN' 'a b.c'\n""" in text
    assert """  words = cc -DX=L\\"a.dll\\" $$ORIGIN "a b.c"\n""" in render_ninja([COMPILE], windows=True)


def test_long_command_lines_go_through_a_file() -> None:
    text = render_ninja([LINK], windows=False)
    assert "build p/x.dll p/x.lib: answer a.o\n" in text
    assert "  response = p/x.dll.rsp\n" in text
    assert '  answers = a.o "q\\"uo te" C:\\\\x\n' in text


def test_what_must_be_there_before_is_no_reason_to_do_it_again() -> None:
    command = Command(outputs=("a.o",), inputs=("a.c",), words=("cc",), after=("made.h", "b c.h"))
    assert "build a.o: run a.c || made.h b$ c.h\n" in render_ninja([command], windows=False)


def test_the_file_is_written_and_ninja_started_in_its_directory(tmp_path: Path) -> None:
    started: list[tuple[list[str], Path]] = []

    def run(argv: list[str | Path], *, cwd: Path, **_: object) -> None:
        started.append(([str(word) for word in argv], cwd))

    run_ninja([COMPILE], tmp_path, run)  # type: ignore[arg-type]
    assert (tmp_path / FILE).read_text(encoding="utf-8") == render_ninja([COMPILE])
    assert started == [([str(ninja_program()), "-f", FILE, "--quiet"], tmp_path)]
