"""The installed wheel validates archives without the checkout; so do the definitions for users' CI services."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from clients import ROOT, with_packages
from installed import checked, environment, run

# The parts of the checkout that the wheel is built from, and those that CI services read.
TAKEN = ("pyproject.toml", "README.md", "LICENSE", "setup_local", "templates", "schema")
DEFINITIONS = ("action.yml", ".pre-commit-hooks.yaml")
HOLDS = "holds all it promises"
TO_JSON = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))"


@dataclass(frozen=True, kw_only=True)
class Tools:
    """`bin` contains the tools of CI services; `project` is a copy of the checkout; `wheel` was built from it."""

    bin: Path
    project: Path
    wheel: Path
    home: Path

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return environment(self.home, {"PATH": f"{self.bin}:/usr/bin:/bin", **(more or {})})

    def __call__(self, *words: str | Path, cwd: Path, more: Mapping[str, str] | None = None) -> str:
        return checked([self.bin / words[0], *words[1:]], env=self.env(more), cwd=cwd)

    def document(self, path: Path) -> Any:
        """Return the content of a YAML document."""
        return json.loads(self("python", "-c", TO_JSON, path, cwd=self.home))


@pytest.fixture(scope="session")
def tools(workshop: Path) -> Tools:
    home = workshop / "other people's CI"
    home.mkdir()
    project = home / "project"
    project.mkdir()
    for name in (*TAKEN, *DEFINITIONS):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, project / name)
    python = with_packages(home / "tools", "judges.txt", home)
    checked(
        [python, "-m", "build", "--wheel", "--no-isolation", "--outdir", home, project], env=environment(home), cwd=home
    )
    (wheel,) = home.glob("*.whl")
    return Tools(bin=python.parent, project=project, wheel=wheel, home=home)


@pytest.fixture(scope="session")
def installed(tools: Tools, workshop: Path) -> Path:
    """Return `setup-local` of a new environment with only the wheel and its dependencies in pinned versions."""
    home = workshop / "bare"
    home.mkdir()
    runtime = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    constraints = home / "constraints.txt"
    constraints.write_text("\n".join(re.findall(r"^[a-z][^ ]*==[^ ;\\]+", runtime, re.MULTILINE)), encoding="utf-8")
    checked([sys.executable, "-m", "venv", "environment"], env=environment(home), cwd=home)
    python = home / "environment" / "bin" / "python"
    words = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--constraint", constraints, tools.wheel]
    checked([python, *words], env=environment(home), cwd=home)
    place = checked([python, "-c", "import setup_local; print(setup_local.__file__)"], env=environment(home), cwd=home)
    assert Path(place.strip()).is_relative_to(home / "environment")
    return python.with_name("setup-local")


@pytest.fixture
def damaged(install_only: Path, tmp_path: Path) -> Path:
    """Return a truncated archive."""
    path = tmp_path / install_only.name
    with install_only.open("rb") as whole:
        path.write_bytes(whole.read(1_000_000))
    return path


def _bash(script: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub's runner does for `shell: bash`."""
    return run(["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], env=env, cwd=cwd, seconds=300)


def test_the_wheel_judges_an_archive_where_there_is_no_checkout(installed: Path, archive: Path, tmp_path: Path) -> None:
    output = checked([installed, "validate", archive], env=environment(tmp_path), cwd=tmp_path)
    assert f"{archive}: {HOLDS}" in output
    assert "FAILS" not in output


def test_the_wheel_has_all_data(installed: Path, tmp_path: Path) -> None:
    """The wheel's catalogs, templates and schemas give the same output as those of the checkout."""
    for words in (["emit", "--python", "3.13.5"], ["validate", "--list-rules", "--json"], ["sources", "list"]):
        there = checked([installed, *words], env=environment(tmp_path), cwd=tmp_path)
        here = checked([ROOT / "setup-local", *words], env=environment(tmp_path), cwd=tmp_path)
        assert there == here


def test_one_run_makes_every_report(installed: Path, install_only: Path, damaged: Path, tmp_path: Path) -> None:
    reports = [
        "--format=github",
        "--format=junit=x.xml",
        "--format=sarif=x.sarif",
        "--format=json=x.json",
        "--format=table=x.txt",
    ]
    words = [installed, "validate", *reports, install_only, damaged.name]
    done = run(words, env=environment(tmp_path), cwd=tmp_path, seconds=300)
    assert done.returncode == 20
    first, second = (line for line in done.stdout.splitlines() if not line.startswith("error: "))
    assert first == f"{install_only}: {HOLDS}"
    assert second.startswith(f"::error file={damaged.name},title=archive-readable::")
    suites = list(ET.parse(tmp_path / "x.xml").getroot())
    assert [suite.get("errors") for suite in suites] == ["0", "1"]
    assert [item["ruleId"] for item in json.loads((tmp_path / "x.sarif").read_text())["runs"][0]["results"]] == [
        "archive-readable"
    ]
    assert [item["holds"] for item in json.loads((tmp_path / "x.json").read_text())["subjects"]] == [True, False]
    assert HOLDS in (tmp_path / "x.txt").read_text()


@pytest.mark.parametrize("runner", ["pipx", "uvx"])
def test_pipx_and_uvx_run_it(tools: Tools, install_only: Path, tmp_path: Path, runner: str) -> None:
    how = {"pipx": ("pipx", "run", "--spec", tools.wheel), "uvx": ("uvx", "--from", tools.wheel)}
    more = {
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIPX_HOME": str(tmp_path / "pipx"),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }
    assert HOLDS in tools(*how[runner], "setup-local", "validate", install_only, cwd=tmp_path, more=more)


def test_the_definitions_follow_the_schemas_of_the_services(tools: Tools) -> None:
    tools("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml", cwd=tools.home)
    tools(
        "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ROOT / "examples" / "gitlab-ci.yml", cwd=tools.home
    )
    tools("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml", cwd=tools.home)


@dataclass(frozen=True, kw_only=True)
class Action:
    """Runs the steps of `action.yml` as GitHub's runner does, in a workspace."""

    tools: Tools
    workspace: Path

    def __call__(self, **given: str) -> subprocess.CompletedProcess[str]:
        action = self.tools.document(self.tools.project / "action.yml")
        inputs = {name: str(item.get("default", "")) for name, item in action["inputs"].items()}
        assert set(given) <= set(inputs)
        done = subprocess.CompletedProcess[str]([], 0, "")
        for step in action["runs"]["steps"]:
            assert set(step) == {"name", "shell", "env", "run"}
            assert "${{" not in step["run"]  # an input in a script would be executed as part of it
            env = {name: self._filled(value, {**inputs, **given}) for name, value in step["env"].items()}
            done = _bash(step["run"], self._env(env), self.workspace)
            if done.returncode:
                break
        return done

    def _env(self, more: Mapping[str, str]) -> dict[str, str]:
        runner = {"RUNNER_TEMP": str(self.tools.home / "runner"), "GITHUB_ACTION_PATH": str(self.tools.project)}
        return environment(self.tools.home, {**runner, **more})

    @staticmethod
    def _filled(text: str, inputs: Mapping[str, str]) -> str:
        found = re.fullmatch(r"\$\{\{ inputs\.([a-z]+) \}\}", text)
        assert found is not None, text
        return inputs[found[1]]


@pytest.fixture
def action(tools: Tools, tmp_path: Path) -> Action:
    workspace = tmp_path / "work space"
    (workspace / "dist" / "deep er").mkdir(parents=True)
    return Action(tools=tools, workspace=workspace)


def test_the_action_judges_what_its_patterns_find(action: Action, install_only: Path, damaged: Path) -> None:
    shutil.copy(install_only, action.workspace / "dist" / "deep er")
    shutil.copy(damaged, action.workspace / "dist" / f"x{damaged.name}")
    given = {
        "archives": "dist/**/cpython-*.gz\nnothing/*.gz\n",
        "sarif": "x.sarif",
        "junit": "x.xml",
        "python": sys.executable,
    }
    good = action(**given, forbid="/where it/was built")
    assert (good.returncode, HOLDS in good.stdout) == (0, True), good.stdout
    assert json.loads((action.workspace / "x.sarif").read_text())["runs"][0]["results"] == []
    bad = action(**given | {"archives": "dist/*.gz"})
    assert bad.returncode != 0
    assert f"::error file=dist/x{damaged.name},title=archive-readable::" in bad.stdout
    assert ET.parse(action.workspace / "x.xml").getroot().get("errors") == "1"


def test_the_action_fails_when_there_is_nothing_to_judge(action: Action) -> None:
    done = action(archives="dist/*.nothing", python=sys.executable)
    assert done.returncode == 2
    assert "no archive to validate" in done.stdout


def _repository(directory: Path, tools: Tools) -> None:
    words = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        tools("/usr/bin/git", *words, *command, cwd=directory)


def test_pre_commit_judges_what_is_committed(tools: Tools, install_only: Path, damaged: Path, tmp_path: Path) -> None:
    hooks, here = tmp_path / "hooks", tmp_path / "repository"
    shutil.copytree(tools.project, hooks)
    here.mkdir()
    shutil.copy(install_only, here)
    (here / "other.tar.gz").write_text("is none of the hook's files")
    for repository in (hooks, here):
        _repository(repository, tools)
    words = ["pre-commit", "try-repo", hooks, "setup-local-validate", "--all-files", "--verbose"]
    more = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    assert f"{install_only.name}: {HOLDS}" in tools(*words, cwd=here, more=more)
    shutil.copy(damaged, here)
    tools("/usr/bin/git", "add", "-A", cwd=here)
    done = run([tools.bin / words[0], *words[1:]], env=tools.env(more), cwd=here, seconds=300)
    assert done.returncode == 1
    assert "exit code: 20" in done.stdout


def test_the_gitlab_job_writes_its_report(tools: Tools, install_only: Path, damaged: Path, tmp_path: Path) -> None:
    job = tools.document(ROOT / "examples" / "gitlab-ci.yml")["validate-python"]
    (tmp_path / "dist").mkdir()
    shutil.copy(install_only, tmp_path / "dist")
    env = tools.env({**job["variables"], "SETUP_LOCAL": str(tools.wheel)})
    done = _lines(job["script"], env, tmp_path)
    assert (done.returncode, HOLDS in done.stdout) == (0, True), done.stdout
    report = tmp_path / job["artifacts"]["reports"]["junit"]
    assert ET.parse(report).getroot().get("errors") == "0"
    os.replace(damaged, tmp_path / "dist" / damaged.name)
    assert _lines(job["script"][-1:], env, tmp_path).returncode == 20
    assert ET.parse(report).getroot().get("errors") == "1"


def _lines(script: Sequence[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the lines of a job as GitLab's runner does: one after the other, until one fails."""
    return run(["/bin/sh", "-ec", "\n".join(script)], env=env, cwd=cwd, seconds=300)
