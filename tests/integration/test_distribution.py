"""The scripts of `tests/dist`, each run by the archive's interpreter after it was unpacked and moved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import DIST, INDEX_VARIABLES, NOBODY, Installation

NO_TESTS = {
    "harness",
    "list_names",
    "old_c_library",
    "on_windows",
    "other_c_library",
    "places",
    "stand_in_wsl",
    "trust",
    "window_on_windows",
    "x_window",
}
SUBJECTS = {"terminals": ("_curses",), "own_terminals": ("_curses",)}
"""Extension modules without which a script has nothing to test; the other scripts detect this by their own imports."""
EMULATED = 8
"""Factor for the time limit of scripts where the processor is emulated."""
SCRIPTS = sorted(path.stem for path in DIST.glob("*.py") if path.stem not in NO_TESTS)


def _environment_of(script: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if script == "windows":
        return {"DISPLAY": request.getfixturevalue("display")}
    if script == "environments":
        return {name: value for name, value in os.environ.items() if name.startswith(INDEX_VARIABLES)}
    return {}


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(
    script: str,
    installation: Installation,
    scripts: Path,
    say: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    installation.want(*SUBJECTS.get(script, ()))
    arguments: list[Path | str] = ["-B", scripts / f"{script}.py"]
    if script == "imports":
        arguments.append(installation.root / "PYTHON.json")
    patience = 1 if installation.is_native else EMULATED
    env = {**_environment_of(script, request), "SETUP_LOCAL_TEST_PATIENCE": str(patience)}
    output = installation.run(arguments, env=env, seconds=120 * patience)
    for line in output.splitlines():
        say(line)
    if "ok   test_" not in output and (not installation.is_native or installation.c_library == "static"):
        pytest.skip("nothing of it can be tried under emulation, or in a static interpreter")
    assert "ok   test_" in output


def test_a_failing_script_is_noticed(installation: Installation, scripts: Path) -> None:
    script = scripts / "failing.py"
    script.write_text("import harness\ndef test_wrong():\n    harness.equal(1, 2)\nharness.main()\n", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match="got 1, expected 2"):
        installation.run(["-B", script])


def test_packages_can_be_installed_into_the_tree_which_then_moves_again(
    installation: Installation, scripts: Path, workshop: Path
) -> None:
    first, second = workshop / "own tree", workshop / "moved again"
    shutil.copytree(installation.root, first, symlinks=True, copy_function=os.link)
    if os.getuid() == 0:
        for directory, _, _ in os.walk(first):
            os.chown(directory, NOBODY, NOBODY)
    own = Installation(root=first, home=installation.home)
    code = "import pathlib, environments; print(environments._wheel(pathlib.Path.cwd()))"
    wheel = own.run(["-B", "-c", code], env={"PYTHONPATH": str(scripts)}).strip()
    output = own.run(["-m", "pip", "install", "--no-index", "--disable-pip-version-check", wheel])
    assert "Successfully installed tiny-1.0" in output
    first.rename(second)
    moved = Installation(root=second, home=installation.home)
    assert moved.run(["-c", "import tiny; tiny.main()"]).strip() == "tiny runs"
    assert str(second) in moved.run(["-m", "pip", "show", "--files", "tiny"])
