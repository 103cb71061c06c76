"""Command lists as files for ninja: builds that need neither make nor a POSIX shell.

A build is a sequence of commands, each with its inputs and outputs; ninja runs them in dependency order, as many in
parallel as the job server allows.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.steps import Runner
from setup_local.errors import HostError

FILE = "build.ninja"
_RULES = """\
ninja_required_version = 1.5
rule run
  command = $words
  description = $what
rule answer
  command = $words
  description = $what
  rspfile = $response
  rspfile_content = $answers
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its outputs, its inputs, its words.

    `after` are files that must exist before, though it may not read them. `answers` are arguments that are passed in
    the file `response`, which the words name: some command lines are too long for a system.
    """

    outputs: tuple[str, ...]
    words: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def response(self) -> str:
        """Return the name of the response file."""
        return f"{self.outputs[0]}.rsp"


def render_ninja(commands: Iterable[Command], *, windows: bool = sys.platform == "win32") -> str:
    """Return the text of a ninja file; `windows` selects the quoting rules of this machine's command lines."""
    return _RULES + "".join(line + "\n" for command in commands for line in _lines(command, windows=windows))


def _lines(command: Command, *, windows: bool) -> Iterator[str]:
    rule = "answer" if command.answers else "run"
    outputs, inputs, after = (" ".join(map(_path, paths)) for paths in (command.outputs, command.inputs, command.after))
    yield f"build {outputs}: {rule} {inputs}".rstrip() + (f" || {after}" if after else "")
    yield f"  words = {_value(_joined(command.words, windows=windows))}"
    yield f"  what = {_value(command.outputs[0])}"
    if command.answers:
        yield f"  response = {_value(command.response)}"
        yield f"  answers = {_value(' '.join(map(_answer, command.answers)))}"


def _joined(words: Sequence[str], *, windows: bool) -> str:
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def _answer(word: str) -> str:
    """Return a word as LLVM's tools read it in a response file: backslashes and quotes escaped, spaces quoted."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if any(letter.isspace() for letter in word) else escaped


def _value(text: str) -> str:
    return text.replace("$", "$$")


def _path(text: str) -> str:
    return _value(text).replace(":", "$:").replace(" ", "$ ")


def run_ninja(commands: Iterable[Command], directory: Path, run: Runner, env: Mapping[str, str] | None = None) -> None:
    """Run commands in a directory that their relative paths start from; `env` replaces the step's environment.

    Raises `StepError`, and `HostError` without ninja.
    """
    (directory / FILE).write_text(render_ninja(commands), encoding="utf-8")
    run([ninja_program(), "-f", FILE, "--quiet"], cwd=directory, env=env)


def ninja_program() -> Path:
    """Return ninja's program, which is installed next to this Python. Raises `HostError`."""
    import ninja  # noqa: PLC0415 -- only builds for Windows need it

    found = Path(ninja.BIN_DIR) / ("ninja.exe" if sys.platform == "win32" else "ninja")
    if not found.is_file():
        raise HostError("the package ninja has no program", where=found, hint="make environment")
    return found
