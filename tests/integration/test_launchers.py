"""Scripts that installers write: they run where they were installed, and after everything was moved.

The wheels are generated here. The tree is moved to a path with spaces, non-ASCII letters and more characters than a
`#!` line allows, and every script is also started through a symbolic link outside the tree.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from installed import unpack
from test_index import ROOT, UV, checked, environment

OTHER_PIP = "pip==24.0"
ENTRY = "import sys\ndef main():\n    print('entry', sys.prefix, *sys.argv[1:])\n"
SCRIPTS = {
    "plain": b"#!python\nimport sys\nprint('plain', sys.prefix, *sys.argv[1:])\n",
    "latin": b"#!python\n# -*- coding: latin-1 -*-\nimport sys\nprint('latin\xdf', sys.prefix, *sys.argv[1:])\n",
    "documented": b"#!python\n'''Usage'''\nimport sys\nprint(__doc__, sys.prefix, *sys.argv[1:])\n",
    "future": b"#!python\n'''x'''\nfrom __future__ import annotations\nimport sys\nprint('f', sys.prefix, *sys.argv[1:])\n",
}
WORDS = {"entry": "entry", "plain": "plain", "latin": "latinß", "documented": "Usage", "future": "f"}
FAR = "Maß und Zahl/" + "/".join(["ein langer Weg"] * 12)
ARGUMENTS = ("a b", "$HOME", "ß")
"""A shell must not interpret any of these."""


def make_wheel(directory: Path, name: str, files: Mapping[str, bytes], entry_points: str = "") -> None:
    info = f"{name}-1.dist-info"
    texts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points.encode(),
    }
    record = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
    with zipfile.ZipFile(directory / f"{name}-1-py3-none-any.whl", "w") as packed:
        for path, text in {**texts, f"{info}/RECORD": record.encode()}.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = 0o100755 << 16
            packed.writestr(member, text)


@pytest.fixture(scope="module")
def place(archive: Path, workshop: Path) -> Path:
    """Return a directory with the unpacked archive and a directory of wheels."""
    directory = workshop / "launchers"
    wheels = directory / "wheels"
    wheels.mkdir(parents=True)
    make_wheel(wheels, "entry", {"entry.py": ENTRY.encode()}, "[console_scripts]\nentry = entry:main\n")
    make_wheel(wheels, "scripts", {f"scripts-1.data/scripts/{name}": text for name, text in SCRIPTS.items()})
    unpack(archive, directory / "unpacked")
    return directory


@pytest.fixture
def tree(place: Path) -> Path:
    """Return a fresh installation that a test may change and move."""
    tree = Path(tempfile.mkdtemp(prefix="tree-", dir=place)) / "python"
    return Path(shutil.copytree(place / "unpacked" / "python" / "install", tree, symlinks=True, copy_function=os.link))


def call(place: Path, *argv: str | Path) -> str:
    more = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return checked(list(argv), env=environment(place, more), cwd=place)


def offline(place: Path) -> tuple[str | Path, ...]:
    return "--no-index", "--find-links", place / "wheels"


def hold_scripts(place: Path, prefix: Path, names: Mapping[str, str] = WORDS) -> None:
    """Check that every script runs with its own interpreter, also through a link, and gets its arguments unchanged."""
    for name, word in names.items():
        link = place / f"link to {name}"
        link.unlink(missing_ok=True)
        link.symlink_to(prefix / "bin" / name)
        for script in (prefix / "bin" / name, link):
            assert call(place, script, *ARGUMENTS) == f"{word} {prefix} {' '.join(ARGUMENTS)}\n", script


def moved(tree: Path) -> Path:
    """Move a tree to a path that no plain `#!` line can contain."""
    far = tree.parent / FAR / "python"
    far.parent.mkdir(parents=True)
    return tree.rename(far)


def hold_that_none_names(prefix: Path, gone: Path) -> None:
    for script in (prefix / "bin").iterdir():
        if script.is_file() and not script.is_symlink() and os.access(script, os.X_OK):
            assert bytes(gone) not in script.read_bytes(), script


@pytest.mark.parametrize("installer", [["bin/pip"], ["bin/python3", "-m", "pip"]], ids=["pip", "python -m pip"])
def test_what_pip_installs_follows_the_tree(place: Path, tree: Path, installer: list[str]) -> None:
    program, *words = installer
    call(place, tree / program, *words, "install", *offline(place), "entry", "scripts")
    hold_scripts(place, tree)
    far = moved(tree)
    hold_that_none_names(far, tree)
    hold_scripts(place, far)
    assert call(place, far / "bin" / "pip", "check") == "No broken requirements found.\n"
    call(place, far / "bin" / "pip", "uninstall", "-y", "entry", "scripts")
    assert not [name for name in WORDS if (far / "bin" / name).exists()]


def test_what_is_installed_through_a_link_to_the_interpreter_follows_the_tree(place: Path, tree: Path) -> None:
    link = tree.parent / "snake"
    link.symlink_to(tree / "bin" / "python3")
    call(place, link, "-m", "pip", "install", *offline(place), "entry", "scripts")
    far = moved(tree)
    hold_scripts(place, far)


def test_pip_installs_itself_anew_from_ensurepip(place: Path, tree: Path) -> None:
    version = call(place, tree / "bin" / "pip", "--version").split()[1]
    bundled = next(tree.glob("lib/python*/ensurepip/_bundled/pip-*.whl")).parent
    words = ("--no-index", "--find-links", bundled, "--force-reinstall")
    call(place, tree / "bin" / "pip", "install", *words, f"pip=={version}")
    far = moved(tree)
    hold_that_none_names(far, tree)
    assert call(place, far / "bin" / "pip", "--version").split()[1] == version
    call(place, far / "bin" / "pip3", "install", *offline(place), "entry")
    hold_scripts(place, far, {"entry": "entry"})


@pytest.mark.parametrize("kind", ["--symlinks", "--copies"])
def test_a_virtual_environment_can_be_moved_too(place: Path, tree: Path, kind: str) -> None:
    first = tree.parent / "env"
    call(place, tree / "bin" / "python3", "-m", "venv", kind, first)
    call(place, first / "bin" / "pip", "install", *offline(place), "entry", "scripts")
    hold_scripts(place, first)
    far = moved(first)
    hold_that_none_names(far, first)
    hold_scripts(place, far)


def test_scripts_elsewhere_name_their_interpreter(place: Path, tree: Path) -> None:
    target = tree.parent / "target"
    call(place, tree / "bin" / "pip", "install", *offline(place), "--target", target, "entry", "scripts")
    for name in WORDS:
        first = (target / "bin" / name).read_text(encoding="latin-1").splitlines()[0]
        assert first.startswith(f"#!{tree}/bin/python3")


def from_index(place: Path, pip: Path, requirement: str) -> None:
    """Install something from the package index; skip the test without it."""
    try:
        call(place, pip, "install", requirement)
    except pytest.fail.Exception as error:
        pytest.skip(f"the package index does not give {requirement}: {str(error).splitlines()[-1]}")


def repaired(place: Path, tree: Path) -> str:
    """Run `setup-local check --fix`, and check that no findings remain."""
    return call(place, sys.executable, ROOT / "setup-local", "check", "--fix", tree)


def test_a_pip_that_came_later_is_found_and_repaired(place: Path, tree: Path) -> None:
    from_index(place, tree / "bin" / "pip", OTHER_PIP)
    call(place, tree / "bin" / "pip", "install", *offline(place), "entry")
    assert (tree / "bin" / "entry").read_text().startswith(f"#!{tree}/bin/python3")
    told = repaired(place, tree)
    assert "bin/entry: now starts the python3" in told
    assert "pip/_vendor/distlib/scripts.py: now writes relocatable scripts" in told
    call(place, tree / "bin" / "pip", "install", *offline(place), "scripts")
    far = moved(tree)
    hold_scripts(place, far)
    assert call(place, far / "bin" / "pip", "check") == "No broken requirements found.\n"


@pytest.fixture(scope="module")
def uv(place: Path) -> Path:
    """Return uv, installed from the package index; skip the test without it."""
    python = place / "unpacked" / "python" / "install" / "bin" / "python3"
    call(place, python, "-m", "venv", place / "uv")
    from_index(place, place / "uv" / "bin" / "pip", UV)
    return place / "uv" / "bin" / "uv"


def test_uv_writes_such_scripts_into_its_relocatable_environments(place: Path, tree: Path, uv: Path) -> None:
    first = tree.parent / "env"
    call(place, uv, "venv", "--no-config", "--relocatable", "--python", tree / "bin" / "python3", first)
    call(place, uv, "pip", "install", "--no-config", "--python", first / "bin" / "python", *offline(place), "entry")
    hold_scripts(place, first, {"entry": "entry"})
    hold_scripts(place, moved(first), {"entry": "entry"})


def test_what_uv_installs_into_the_tree_is_repaired(place: Path, tree: Path, uv: Path) -> None:
    python = tree / "bin" / "python3"
    words = ("--no-config", "--break-system-packages", "--python", python)
    call(place, uv, "pip", "install", *words, *offline(place), "entry", "scripts")
    assert "bin/entry: now starts the python3" in repaired(place, tree)
    far = moved(tree)
    hold_scripts(place, far)
    away = ("--no-config", "--break-system-packages", "--python", far / "bin" / "python3")
    call(place, uv, "pip", "uninstall", *away, "entry", "scripts")
    assert not [name for name in WORDS if (far / "bin" / name).exists()]
