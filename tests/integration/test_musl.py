"""Archives for musl: the dynamic one where only Debian's musl package is, the static one without a C library."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import DATA, INDEX_VARIABLES, Installation, run
from test_old_glibc import INSIDE, enter

from setup_local import fetch, paths
from setup_local.binfmt.elf import read_elf
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Source, Sources
from setup_local.errors import SourceError

PACKAGES = DATA / "musl-packages.toml"
WHEEL = "markupsafe==3.0.3"
MUSLLINUX = "musllinux_1_2_x86_64"
INSTALL_AND_USE = """
import runpy, sys
sys.argv = ["pip", "install", "-q", "--no-index", "--find-links", "/opt/wheels", "--target", "/tmp/site", "markupsafe"]
try:
    runpy.run_module("pip", run_name="__main__")
except SystemExit as end:
    assert not end.code, end
sys.path.insert(0, "/tmp/site")
import markupsafe._speedups as found
print(found.__file__, found._escape_inner("<"))
"""


def _packages() -> dict[str, Source]:
    return {item.version: item for item in convert(Sources, read_toml(PACKAGES, "sources"), where=PACKAGES).sources}


@pytest.fixture
def dynamic(installation: Installation) -> Installation:
    if installation.c_library != "musl":
        pytest.skip("this archive is not linked against musl's shared library")
    return installation


@pytest.fixture
def static(installation: Installation) -> Installation:
    if installation.c_library != "static":
        pytest.skip("this archive is not static")
    return installation


def _empty_root(root: Path, installation: Installation, scripts: Path) -> Path:
    """Return a root directory with the installation and the scripts, without any other program or C library."""
    for name in ("etc", "proc", "dev", "tmp", "opt", "lib"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    (root / "etc/passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\n", encoding="ascii")
    ignore = shutil.ignore_patterns("test", "__pycache__")
    shutil.copytree(installation.prefix, f"{root}{INSIDE}", symlinks=True, ignore=ignore, copy_function=os.link)
    shutil.copytree(scripts, root / "opt/scripts")
    return root


def _musl_root(version: str, root: Path, installation: Installation, scripts: Path) -> Path:
    """Return such a root directory with a version of Debian's musl."""
    fetcher = fetch.Fetcher(paths.cache_root(), report=lambda _: None, environ=os.environ)
    try:
        package = fetcher.obtain(_packages()[version])
    except SourceError as error:
        pytest.skip(f"Debian's musl {version} is not available here: {error.what.splitlines()[-1].strip()}")
    tree = fetch.unpack(package, root.with_name("package"))
    shutil.copytree(tree, root, symlinks=True)
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")  # as on Debian since 13
    return _empty_root(root, installation, scripts)


def _inside(root: Path, *arguments: str) -> str:
    command = [*enter(root), f"{INSIDE}/bin/python3", "-B", *arguments]
    done = run(command, env={"HOME": "/tmp", "LANG": "C.UTF-8"}, cwd=root, seconds=180)
    assert done.returncode == 0, done.stdout
    return done.stdout


def _show(output: str, say: Callable[[str], None]) -> None:
    for line in output.splitlines():
        say(line)
    assert "ok   test_c_library_is_really_the_one_that_is_meant" in output


@pytest.mark.parametrize("version", _packages())
def test_with_nothing_but_debians_musl(
    version: str, dynamic: Installation, scripts: Path, tmp_path: Path, say: Callable[[str], None]
) -> None:
    root = _musl_root(version, tmp_path / "root", dynamic, scripts)
    _show(_inside(root, "/opt/scripts/other_c_library.py", version), say)


def _download_wheel(series: str, into: Path, home: Path) -> None:
    words = ["pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--dest", into]
    words += ["--platform", MUSLLINUX, "--python-version", series, WHEEL]
    index = {name: value for name, value in os.environ.items() if name.startswith(INDEX_VARIABLES)}
    done = run(
        [sys.executable, "-m", *words], env={"PATH": os.defpath, "HOME": str(home), **index}, cwd=home, seconds=120
    )
    if done.returncode:
        pytest.skip(f"the wheel is not available here: {done.stdout.splitlines()[-1]}")


def test_a_wheel_for_musl_with_compiled_code_works(
    dynamic: Installation, scripts: Path, tmp_path: Path, say: Callable[[str], None]
) -> None:
    """The bundled pip itself accepts such wheels, and installs one in the root directory."""
    version = list(_packages())[-1]
    root = _musl_root(version, tmp_path / "root", dynamic, scripts)
    assert MUSLLINUX in _inside(root, "-m", "pip", "debug", "--verbose")
    series = ".".join(dynamic.version.split(".")[:2])
    _download_wheel(series, root / "opt/wheels", tmp_path)
    output = _inside(root, "-c", INSTALL_AND_USE)
    say(output.splitlines()[-1])
    assert "linux-musl.so &lt;" in output


def test_with_nothing_at_all(static: Installation, scripts: Path, tmp_path: Path, say: Callable[[str], None]) -> None:
    root = _empty_root(tmp_path / "root", static, scripts)
    _show(_inside(root, "/opt/scripts/other_c_library.py", "none"), say)


def test_the_static_program_has_nothing_dynamic(static: Installation) -> None:
    elf = read_elf(static.python.resolve().read_bytes())
    assert not elf.has_dynamic
    assert elf.interpreter is None
    assert list(static.prefix.glob("lib/python3.*/lib-dynload/*.so")) == []


def test_the_dynamic_program_needs_musl_alone(dynamic: Installation) -> None:
    programs = [dynamic.python.resolve(), *dynamic.prefix.glob("lib/python3.*/lib-dynload/*.so")]
    assert len(programs) > 1
    for path in programs:
        elf = read_elf(path.read_bytes())
        assert elf.needed == ("libc.so",), path
        assert elf.version_needs == (), path
    assert read_elf(programs[0].read_bytes()).interpreter == "/lib/ld-musl-x86_64.so.1"
