"""An archive for Windows: its programs run here in Wine (`scripts/install-wine`).

If Wine lacks a function that a wheel needs, the test is skipped with that reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from installed import DIST
from windows_tree import WINE_VARIABLE, Tree, windows_path
from windows_wheels import add_cpp_runtime, download

from setup_local.describe.probe import ROOT
from setup_local.errors import HostError

# Wheels with compiled code: a program that uses each, and its output.
WHEELS = {
    "orjson": ("import orjson; print(orjson.dumps({'a': 1}).decode())", '{"a":1}'),
    "cryptography": (
        "from cryptography.fernet import Fernet as F; f = F(F.generate_key()); print(f.decrypt(f.encrypt(b'x')).decode())",
        "x",
    ),
    "lxml": ("from lxml import etree; print(etree.fromstring('<a><b>1</b></a>').xpath('string(//b)'))", "1"),
    "pydantic": (
        "import pydantic\nclass M(pydantic.BaseModel):\n    x: int\nprint(M(x='3').x)",
        "3",
    ),
    "pillow": (
        "from PIL import Image; print(Image.new('RGB', (4, 4), 'red').resize((2, 2)).getpixel((0, 0)))",
        "(255, 0, 0)",
    ),
    "psutil": ("import os, psutil; print(psutil.Process().pid == os.getpid())", "True"),
}
WRONGLY_TAGGED = ("orjson",)
CHECKOUT = Path(__file__).parents[2]
HOST_ERROR = 12
STAND_INS_STATUS = 7


def test_version(tree: Tree) -> None:
    printed = tree.run(["-c", "import sys; print(sys.version); print(sys.winver)"])
    assert printed.startswith(str(tree.description["python_version"]))
    assert tree.run(["-V"]).split()[1] == tree.description["python_version"]


def test_the_interpreter_agrees_with_the_description(tree: Tree) -> None:
    code = (
        "import importlib.machinery as m, importlib.util as u, json, os, sys, sysconfig as s; root = sys.base_prefix\n"
        "below = lambda v: str(v).replace(root, '{root}').replace(os.sep, '/')\n"
        "print(json.dumps({'vars': {k: below(v) for k, v in s.get_config_vars().items() if k not in ('userbase', 'VPATH')},"
        " 'paths': {k: below(v) for k, v in s.get_paths().items()}, 'abstract': s.get_paths(expand=False),"
        " 'modules': sorted(sys.builtin_module_names), 'suffixes': m.EXTENSION_SUFFIXES, 'magic': u.MAGIC_NUMBER.hex(),"
        " 'platform': s.get_platform()}))"
    )
    said, described = json.loads(tree.run(["-I", "-c", code])), tree.description
    install = {name: value.replace(ROOT, "install") for name, value in said["paths"].items()}
    assert install == described["python_paths"]
    assert said["abstract"] == described["python_paths_abstract"]
    modules = described["build_info"]["extensions"]
    assert said["modules"] == sorted(name for name, (module,) in modules.items() if "shared_lib" not in module)
    assert said["suffixes"] == described["python_suffixes"]["extension"]
    assert said["magic"] == described["python_bytecode_magic_number"]
    assert said["platform"] == described["python_platform_tag"]
    prefix = described["python_config_vars"]["prefix"]
    own = {name for name in described["python_config_vars"] if name.startswith("SETUP_LOCAL_")}
    variables = {name: value.replace(ROOT, prefix) for name, value in said["vars"].items()}
    assert variables == {name: text for name, text in described["python_config_vars"].items() if name not in own}


def test_the_checks_of_on_windows_pass(tree: Tree, workshop: Path) -> None:
    scripts = workshop / "dist"
    shutil.copytree(DIST, scripts)
    printed = tree.run([scripts / "on_windows.py"], seconds=1200)
    assert "FAILED" not in printed
    assert printed.count("ok test_") > 15


def test_it_can_be_moved(tree: Tree, workshop: Path) -> None:
    moved = workshop / "moved to a place with blanks é"
    shutil.copytree(tree.root, moved)
    other = Tree(moved, Path(os.environ[WINE_VARIABLE]))
    code = "import subprocess, sys; from pathlib import Path; print(subprocess.run([Path(sys.prefix, 'Scripts', 'pip3.exe'), '-V'], capture_output=True).stdout.decode('mbcs'))"
    assert "moved to a place with blanks" in other.run(["-X", "utf8", "-c", code])


@pytest.fixture
def checkout(workshop: Path) -> Path:
    """Return a copy of the checkout: Wine sees the workshop at its own path, and other directories at different ones."""
    copy = workshop / "checkout"
    if not copy.exists():
        shutil.copytree(CHECKOUT / "setup_local", copy / "setup_local", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(CHECKOUT / "build-windows.py", copy)
        shutil.copytree(DIST, copy / "dist-tests")
    return copy


def test_a_build_on_windows_needs_wsl(tree: Tree, checkout: Path) -> None:
    done = tree.ended([checkout / "build-windows.py"])
    assert done.returncode == HOST_ERROR
    assert done.stderr.startswith("setup-local: error: builds on Windows run in the Windows Subsystem for Linux")
    assert len(done.stderr.splitlines()) == 1


def test_a_build_on_windows_runs_in_wsl(tree: Tree, checkout: Path) -> None:
    """The command line that `wsl.exe` gets, which a stand-in records, plans the same build on Linux."""
    start = [checkout / "dist-tests" / "stand_in_wsl.py", checkout / "build-windows.py"]
    options = ["--target-triple", "i686-pc-windows-msvc", "--output=C:\\my dist", "--dry-run"]
    printed = json.loads(tree.run([*start, *options]).splitlines()[-1])
    assert printed["status"] == STAND_INS_STATUS
    *others, last = [asked["words"] for asked in printed["asked"]]
    assert [words[1] for words in others] == ["python3", "wslpath", "wslpath"]
    assert {asked["WSLENV"] for asked in printed["asked"]} == {"SETUP_LOCAL_CACHE/p"}
    assert last[:3] == ["--exec", "python3", f"/mnt/z{checkout}/setup-local"]
    assert last[3:] == ["build", "--system", "windows", *options[:2], "--output=/mnt/c/my dist", "--dry-run"]
    plan = subprocess.run([CHECKOUT / "setup-local", *last[3:]], capture_output=True, text=True, check=True).stdout
    assert "-i686-pc-windows-msvc-noopt-full.tar.zst" in plan


def test_a_place_that_wsl_does_not_have_is_one_line(tree: Tree, checkout: Path) -> None:
    start = [checkout / "dist-tests" / "stand_in_wsl.py", checkout / "build-windows.py"]
    done = tree.ended([*start, "--output", "Q:\\dist"])
    assert json.loads(done.stdout.splitlines()[-1])["status"] == HOST_ERROR
    assert "error: Q:\\dist cannot be reached from the Windows Subsystem for Linux" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", sorted(WHEELS))
def test_wheels_from_the_index(name: str, tree: Tree, workshop: Path) -> None:
    if tree.is_freethreaded and name in WRONGLY_TAGGED:
        pytest.skip("its last wheel without an ABI in its tag (cp313-none) is for Python with the GIL")
    code, expected = WHEELS[name]
    place = workshop / "wheels" / name
    try:
        download(place, [name], tree)
    except HostError as error:
        if not tree.is_freethreaded:
            raise
        pytest.skip(f"no wheel for Python without the GIL: {error}")
    add_cpp_runtime(tree, workshop)
    start = f"import sys; sys.path.insert(0, {windows_path(place)!r})\n"
    assert tree.run(["-c", start + code]).split() == expected.split()
