from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from setup_local.catalog.catalogs import load_catalogs
from setup_local.commands.emit import emit
from setup_local.errors import ReconcileError, RequestError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import LinkMode, Request, ToolchainChoice

TARGET = "x86_64-unknown-linux-gnu"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emit, arguments)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree that agrees exactly with the catalog's data about 3.13.5."""
    request = Request(python="3.13.5", target_triple=TARGET, glibc=None, toolchain=ToolchainChoice.AUTO)
    plan = resolve(request, load_catalogs())
    for name, text in texts(plan).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for extension in plan.extensions:
        for source in extension.sources:
            (tmp_path / "Modules" / source).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "Modules" / source).touch()
        for include in extension.includes:
            if not include.startswith("deps:"):
                (tmp_path / include).mkdir(parents=True, exist_ok=True)
                (tmp_path / include / "a.h").touch()
    for edit in (edit for patch in plan.python_patches for edit in patch.edits):
        (tmp_path / edit.file).parent.mkdir(parents=True, exist_ok=True)
        with (tmp_path / edit.file).open("a") as file:
            file.write(edit.find)
    return tmp_path


def texts(plan: Plan) -> dict[str, str]:
    core = [item for item in plan.extensions if item.in_core]
    rest = [item for item in plan.extensions if not item.in_core]
    static = [item for item in rest if item.link is not LinkMode.SHARED]
    shared = [item for item in rest if item.link is LinkMode.SHARED]
    lines = [" ".join((item.name, *item.sources)) for item in (*static, *shared)]
    lines.insert(len(static), "*shared*")
    return {
        "Include/patchlevel.h": f'#define PY_VERSION "{plan.python}"\n',
        "Modules/config.c.in": "".join(f'{{"{e.name}", {e.init_function}}},\n' for e in core if not e.sources),
        "Modules/Setup.bootstrap.in": "".join(" ".join((e.name, *e.sources)) + "\n" for e in core if e.sources),
        "Modules/Setup.stdlib.in": "*@MODULE_BUILDTYPE@*\n" + "\n".join(lines) + "\n",
    }


def test_it_prints_setup_local() -> None:
    first, second = run("--python", "cpython-3.13.5"), run("--python", "3.13.5", "--target-triple", TARGET)
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert first.stdout.startswith("# Modules/Setup.local of CPython 3.13.5 for x86_64-unknown-linux-gnu.\n")
    assert "\nDEPS=../deps\n" in first.stdout


def test_the_list_has_every_module_and_the_reasons() -> None:
    rows = {line.split()[0]: line for line in run("--list", "--python", "3.13.5").stdout.splitlines()}
    assert rows["_ssl"].split()[1] == "static"
    assert "openssl" in rows["_ssl"]
    assert rows["_tkinter"].split()[1] == "shared"
    assert rows["posix"].split()[1] == "core"
    assert "gdbm is under the GPL" in rows["_gdbm"]
    assert "absent" in rows["winreg"]


def test_the_list_as_json() -> None:
    document = json.loads(run("--json", "--python", "3.11.2").stdout)
    assert document["python"] == "3.11.2"
    rows = {row["name"]: row for row in document["extensions"]}
    assert rows["_crypt"]["link"] == "shared"
    assert rows["zlib"]["libraries"] == ["zlib 1.3.1"]
    assert rows["zlib"]["licenses"] == ["Zlib"]
    assert len({frozenset(row) for row in rows.values()}) == 1


def test_a_tree_that_agrees(tree: Path) -> None:
    result = run("--check", str(tree))
    assert result.exception is None
    assert "CPython 3.13.5: catalog and source tree agree" in result.stdout
    assert json.loads(run("--check", str(tree), "--json").stdout)["disagreements"] == []


def test_a_tree_that_disagrees_is_told_in_full(tree: Path) -> None:
    (tree / "Modules" / "_ssl.c").unlink()
    setup = tree / "Modules" / "Setup.stdlib.in"
    setup.write_text(setup.read_text().replace("_csv _csv.c\n", "_new _new.c\n"))
    result = run("--check", str(tree))
    assert isinstance(result.exception, ReconcileError)
    assert str(result.exception).startswith("3 disagreements in 3 modules")
    for module, what in (("_ssl", "does not exist"), ("_csv", "declares it"), ("_new", "Setup.stdlib declares it")):
        assert any(module in line and what in line for line in result.stdout.splitlines())
    rows = json.loads(run("--check", str(tree), "--json").stdout)["disagreements"]
    assert {row["module"] for row in rows} == {"_ssl", "_csv", "_new"}


def test_a_patch_that_no_longer_fits_is_a_disagreement(tree: Path) -> None:
    getpath = tree / "Modules" / "getpath.py"
    getpath.write_text(getpath.read_text() * 2)
    result = run("--check", str(tree))
    assert str(result.exception).startswith("3 disagreements")
    assert (
        "cpython-getpath.toml searches for 'if not executable:' in Modules/getpath.py, which contains it 2 times"
        in result.stdout
    )


def test_another_python_than_the_trees_is_a_disagreement(tree: Path) -> None:
    result = run("--check", str(tree), "--python", "3.11.2")
    assert isinstance(result.exception, ReconcileError)
    assert "the tree is 3.13.5, the plan is for 3.11.2" in result.stdout


def test_what_is_no_source_tree_is_refused(tmp_path: Path) -> None:
    result = run("--check", str(tmp_path))
    assert isinstance(result.exception, RequestError)
    assert "is not a CPython source tree" in str(result.exception)


@pytest.mark.parametrize("arguments", [("--python", "3.2"), ("--target-triple", "sparc-sun-solaris")])
def test_what_does_not_exist_is_refused(arguments: tuple[str, ...]) -> None:
    assert isinstance(run(*arguments).exception, RequestError)


def test_features_are_listed() -> None:
    rows = {row["name"]: row for row in json.loads(run("--features", "--json").stdout)["features"]}
    assert rows["sqlite"] == {"name": "sqlite", "title": "databases of SQLite", "with": "", "modules": ["_sqlite3"]}
    assert "_testcapi" in rows["test-modules"]["modules"]
    assert "GNU readline in the place of libedit" in run("--features").stdout


def test_modules_can_be_chosen() -> None:
    text = run("--python", "3.13.5", "--with", "gdbm", "--without", "tkinter,ssl").stdout
    assert "# Left out: not wanted (--without ssl)\n_ssl\n_hashlib\n" in text
