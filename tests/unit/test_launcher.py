"""How programs of a target run on the build host, and which Python does the work of the target's interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.build.launcher import Launcher, choose_python
from setup_local.errors import StepError

PYTHON = Path("/tree/bin/python3.13")


def test_a_launcher_stands_before_the_program() -> None:
    launcher = Launcher(words=("qemu-aarch64", "-L", Path("/root")))
    assert launcher.command(PYTHON, ["-c", "1"]) == ["qemu-aarch64", "-L", Path("/root"), PYTHON, "-c", "1"]
    assert Launcher().command(PYTHON) == [PYTHON]


def test_an_interpreter_that_runs_here_does_its_own_work() -> None:
    chosen = choose_python(PYTHON, Launcher(words=("ld.so",)), None)
    assert chosen.command(["-B"]) == ["ld.so", PYTHON, "-B"]
    assert not chosen.is_other


@pytest.mark.parametrize("launcher", [None, Launcher(words=("qemu",))])
def test_one_that_was_built_for_it_does_it_instead(launcher: Launcher | None) -> None:
    chosen = choose_python(PYTHON, launcher, Path("/other/python3"))
    assert chosen.command(["-B"]) == [Path("/other/python3"), "-B"]
    assert chosen.is_other


def test_without_either_it_is_a_clear_error() -> None:
    with pytest.raises(StepError, match="no other Python was built for it") as caught:
        choose_python(PYTHON, None, None)
    assert "python3.13" in str(caught.value)
