"""Setting up the environment: when it is done, and when it is skipped."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from setup_local import bootstrap


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "runtime.txt"
    path.write_text("click==8.5.1\n")
    return path


def _made(environment: Path, requirements: Path) -> None:
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").touch()
    stamp = hashlib.sha256(requirements.read_bytes()).hexdigest()
    (environment / "runtime.stamp").write_text(stamp)


def test_a_fitting_environment_is_used_as_it_is(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made(tmp_path / ".venv", requirements)
    monkeypatch.setattr(bootstrap, "_install", lambda *_: pytest.fail("must not install"))
    assert bootstrap.ensure_environment(tmp_path / ".venv", requirements) == tmp_path / ".venv" / "bin" / "python"


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda *_: pytest.fail("must not install"))


@pytest.mark.usefixtures("windows")
def test_windows_runs_commands_in_wsl_and_passes_the_exit_status_on(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Path, list[str]]] = []

    def run_in_wsl(script: Path, argv: list[str]) -> int:
        started.append((script, argv))
        return 14

    monkeypatch.setattr(bootstrap, "run_in_wsl", run_in_wsl)
    with pytest.raises(SystemExit) as raised:
        bootstrap.main(["build", "--system", "windows"])
    assert raised.value.code == 14
    assert started == [(bootstrap.ROOT / "setup-local", ["build", "--system", "windows"])]


@pytest.mark.usefixtures("windows")
def test_windows_without_wsl_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("setup_local.wsl._has_distribution", lambda: False)
    with pytest.raises(SystemExit) as raised:
        bootstrap.main(["build"])
    assert raised.value.code == 12
    assert capsys.readouterr().err == (
        "setup-local: error: builds on Windows run in the Windows Subsystem for Linux, which has no distribution: "
        "run `wsl --install`, restart Windows, and start again\n"
    )


@pytest.mark.parametrize("damage", ["other requirements", "no interpreter", "no stamp"])
def test_a_stale_or_half_made_environment_is_made_again(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    environment = tmp_path / ".venv"
    _made(environment, requirements)
    match damage:
        case "other requirements":
            requirements.write_text("click==9\n")
        case "no interpreter":
            (environment / "bin" / "python").unlink()
        case "no stamp":
            (environment / "runtime.stamp").unlink()
    installed: list[Path] = []
    monkeypatch.setattr(bootstrap, "_install", lambda *arguments: installed.append(arguments[2]))
    bootstrap.ensure_environment(environment, requirements)
    assert installed == [requirements]
    assert (environment / "runtime.stamp").read_text() == hashlib.sha256(requirements.read_bytes()).hexdigest()


def test_a_failed_installation_is_not_stamped(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(bootstrap, "_install", lambda *_: bootstrap._fail("pip failed"))
    with pytest.raises(SystemExit) as caught:
        bootstrap.ensure_environment(tmp_path / ".venv", requirements)
    assert caught.value.code == 12
    assert not (tmp_path / ".venv" / "runtime.stamp").exists()


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "MINIMUM", (4, 0))
    with pytest.raises(SystemExit) as caught:
        bootstrap.main([])
    assert caught.value.code == 12
    assert capsys.readouterr().err.startswith("setup-local: error: Python 4.0 or newer is required, this is 3.")


@pytest.mark.parametrize("name", ["runtime", "dev", "sigstore"])
def test_every_requirement_is_pinned_with_hashes_and_names_no_host(name: str) -> None:
    text = (bootstrap.ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    entries = re.findall(r"^([a-z0-9][^ \n]*) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(lines) > 5
    assert all("==" in requirement for requirement, _ in entries)


def test_every_direct_requirement_is_a_declared_dependency() -> None:
    text = (bootstrap.ROOT / "requirements" / "runtime.in").read_text()
    wanted = [line for line in text.splitlines() if line and not line.startswith("#")]
    project = (bootstrap.ROOT / "pyproject.toml").read_text()
    declared = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert declared is not None
    assert re.findall(r'"(.*?)"', declared[1]) == wanted
