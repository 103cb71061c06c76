"""Tools that install Pythons, or use installed ones, accept our archives and our interpreter unchanged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import Clients, linked_copy, served, source_distribution, used
from installed import checked, environment, unpack

HATCH_PROJECT = """\
[project]
name = "used-with-hatch"
version = "1.0"

[tool.hatch.envs.default]
python = "{series}"
python-sources = ["internal"]
skip-install = true
dependencies = ["markupsafe"]
"""
# hatch installs from any URL, but later recognises only installations whose URL contains this.
HATCH_KNOWS = "python-build-standalone/releases/download"
TOX_PROJECT = """\
env_list = {environments}

[env_run_base]
package = "skip"
deps = ["markupsafe"]
commands = [["python", "-c", "import markupsafe._speedups, ssl, sys; print('runs', sys.version.split()[0], sys.base_prefix)"]]
"""
PBS = "import sys; from pbs_installer import install_file; install_file(*sys.argv[1:])"
# How virtualenv can create an environment: links or copies, its own way or venv's, pip from its store or by pip.
VIRTUALENV = {
    "links": (),
    "copies": ("--copies",),
    "seeded by pip": ("--seeder", "pip"),
    "with linked packages": ("--symlink-app-data",),
    "made by venv": ("--creator", "venv"),
}


def place(clients: Clients, name: str) -> Path:
    path = clients.home / name
    path.mkdir()
    return path


def written(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text, encoding="utf-8")


def lines(output: str, word: str) -> list[list[str]]:
    """Return the first two words and the rest of every line that begins with a word."""
    return [line.split(maxsplit=2) for line in output.splitlines() if line.startswith(f"{word} ")]


@pytest.mark.parametrize("flavor", ["install_only", "full"])
def test_hatch_installs_it_and_makes_environments(
    clients: Clients, install_only: Path, archive: Path, flavor: str
) -> None:
    source, prefix = (archive, "python/install") if flavor == "full" else (install_only, "python")
    here = place(clients, f"hatch {flavor}")
    series = clients.version.rpartition(".")[0]
    name = series.replace(".", "_")
    written(here, "pyproject.toml", HATCH_PROJECT.format(series=series))
    (here / HATCH_KNOWS).parent.mkdir(parents=True)
    (here / HATCH_KNOWS).symlink_to(source.parent)
    code = "import markupsafe._speedups, ssl, sys; print('runs', sys.version.split()[0], sys.base_prefix)"
    with served(here) as url:
        more = {
            f"HATCH_PYTHON_CUSTOM_SOURCE_{name}": f"{url}/{HATCH_KNOWS}/{source.name}",
            f"HATCH_PYTHON_CUSTOM_VERSION_{name}": clients.version,
            f"HATCH_PYTHON_CUSTOM_PATH_{name}": f"{prefix}/bin/python3",
            "HATCH_DATA_DIR": str(here / "data"),
            "HATCH_CACHE_DIR": str(here / "cache"),
        }
        clients("hatch", "python", "install", "--private", "--dir", "pythons", series, cwd=here, more=more)
        assert clients.version in clients("hatch", "python", "show", "--ascii", "--dir", "pythons", cwd=here, more=more)
        clients("hatch", "env", "create", cwd=here, more=more)
        ((_, version, base),) = lines(clients("hatch", "run", "python", "-c", code, cwd=here, more=more), "runs")
    assert version == clients.version
    assert Path(base).resolve().is_relative_to((here / "data").resolve())
    used(Path(base) / "bin" / "python3", here, clients.version)
    moved = (here / "pythons").rename(here / "pythons that moved")
    used(moved / series / prefix / "bin" / "python3", here, clients.version)


@pytest.mark.parametrize("flavor", ["install_only", "full"])
def test_pbs_installer_unpacks_it(clients: Clients, install_only: Path, archive: Path, flavor: str) -> None:
    here = place(clients, f"pbs {flavor}")
    clients("python", "-c", PBS, archive if flavor == "full" else install_only, here / "python", cwd=here)
    used(here / "python" / ("install/bin/python3" if flavor == "full" else "bin/python3"), here, clients.version)
    moved = (here / "python").rename(here / "moved")
    used(moved / ("install/bin/python3" if flavor == "full" else "bin/python3"), here, clients.version)


@pytest.mark.parametrize("way", VIRTUALENV)
def test_virtualenv_makes_environments(clients: Clients, way: str) -> None:
    here = place(clients, f"virtualenv {way}")
    more = {"VIRTUALENV_OVERRIDE_APP_DATA": str(here / "data")}
    options = [*VIRTUALENV[way], "--no-periodic-update", "--python", clients.tree / "bin" / "python3"]
    clients("virtualenv", *options, "made", cwd=here, more=more)
    python = here / "made" / "bin" / "python"
    assert python.is_symlink() == (way != "copies")
    argv = [python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "markupsafe"]
    checked(argv, env=environment(here), cwd=here)
    code = "import markupsafe._speedups, ssl, sqlite3, sys; print(sys.version.split()[0], sys.prefix, sys.base_prefix, sep='\\n')"
    version, prefix, base = checked([python, "-c", code], env=environment(here), cwd=here).splitlines()
    assert version == clients.version
    assert (Path(prefix).resolve(), Path(base).resolve()) == ((here / "made").resolve(), clients.tree.resolve())


def test_tox_runs_with_two_of_our_versions(clients: Clients, second_tree: Path) -> None:
    here = place(clients, "tox")
    trees = {_series(tree): tree for tree in (clients.tree, second_tree)}
    assert len(trees) == 2, "the second archive is of the same series"
    names = [f"py{series.replace('.', '')}" for series in trees]
    written(here, "tox.toml", TOX_PROJECT.format(environments=json.dumps(names)))
    found = ":".join(str(tree / "bin") for tree in trees.values())
    told = lines(clients("tox", "run", "--workdir", "work", cwd=here, more={"PATH": f"{found}:/usr/bin:/bin"}), "runs")
    assert {base: version.rpartition(".")[0] for _, version, base in told} == {
        str(tree.resolve()): series for series, tree in trees.items()
    }


def _series(tree: Path) -> str:
    (stdlib,) = (tree / "lib").glob("python3.*")
    return stdlib.name.removeprefix("python")


def test_pipx_installs_an_application_that_survives_moves(clients: Clients, plain_wheel: Path) -> None:
    """An environment records the path of its base: a path that stays valid is all that a move needs."""
    here = place(clients, "pipx")
    tree, stable = linked_copy(clients.tree, here / "first"), here / "python"
    stable.symlink_to(tree.name)
    more = {"PIPX_HOME": str(here / "home"), "PIPX_BIN_DIR": str(here / "bin"), "PIPX_MAN_DIR": str(here / "man")}
    clients("pipx", "install", "--python", stable / "bin" / "python3", plain_wheel, cwd=here, more=more)
    assert _application(here) == "42"
    tree.rename(here / "second")
    stable.unlink()
    stable.symlink_to("second")
    assert _application(here) == "42"
    (here / "second").rename(here / "third")
    third = here / "third" / "bin" / "python3"
    clients("pipx", "reinstall", "--python", third, "plain-c", cwd=here, more=more)
    shutil.rmtree(stable, ignore_errors=True)
    assert _application(here) == "42"


def _application(here: Path) -> str:
    return checked([here / "bin" / "plain-c"], env=environment(here), cwd=here).strip()


@pytest.fixture(scope="session")
def second_tree(second_archive: Path, workshop: Path, say: Callable[[str], None]) -> Path:
    say(f"unpacking {second_archive.name}")
    unpack(second_archive, workshop / "second")
    return (workshop / "second").rename(workshop / "the second Maß") / "python" / "install"


@pytest.fixture(scope="session")
def plain_wheel(clients: Clients) -> Path:
    """Return a wheel of our project with a C extension and a console script."""
    here = place(clients, "wheel")
    source = source_distribution("plain_c", here)
    argv = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        here,
        source,
    ]
    clients("python", *argv, cwd=here)
    (wheel,) = here.glob("*.whl")
    return wheel
