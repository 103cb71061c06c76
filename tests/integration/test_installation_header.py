"""`installation.h`: a library finds its bundled files from the program or the module that it is linked into."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from setup_local.catalog.libraries import RECIPES

PROGRAM = """
#include <installation.h>
#ifdef LIBRARY
const char *find(const char *name) {
    static char path[PATH_MAX];
    return setup_local_bundled(name, path, sizeof path);
}
#else
#ifdef LOADER
#include <dlfcn.h>
int main(int argc, char **argv) {
    const char *(*find)(const char *) = (const char *(*)(const char *))dlsym(dlopen(argv[1], RTLD_NOW), "find");
    const char *found = find("share/data");
    return puts(found ? found : "nothing") < 0 || argc < 2;
}
#else
int main(void) {
    char path[PATH_MAX];
    const char *found = setup_local_bundled("share/data", path, sizeof path);
    return puts(found ? found : "nothing") < 0;
}
#endif
#endif
"""


def _compile(target: Path, *flags: str) -> Path:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.fail("gcc is missing; scripts/install-test-requirements installs it")
    target.parent.mkdir(parents=True, exist_ok=True)
    source = target.with_suffix(".c")
    source.write_text(PROGRAM, encoding="ascii")
    options = ["-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-Wno-unused-function", f"-I{RECIPES}", *flags]
    subprocess.run([compiler, *options, source, "-o", target, "-ldl"], check=True)
    return target


def _found(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd, env={"PATH": "/nowhere"})
    return done.stdout.strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with a program at an interpreter's path in an installation, and with the file to find."""
    prefix = tmp_path_factory.mktemp("header") / "first"
    _compile(prefix / "bin" / "python3.13")
    (prefix / "bin" / "python3").symlink_to("python3.13")
    (prefix / "share").mkdir()
    (prefix / "share" / "data").touch()
    return prefix


@pytest.fixture
def prefix(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "Maß und\tZahl", symlinks=True))


def test_from_the_program(prefix: Path, tmp_path: Path) -> None:
    assert _found(prefix / "bin" / "python3") == str(prefix / "share" / "data")
    assert _found("./python3", cwd=prefix / "bin") == str(prefix / "share" / "data")
    (tmp_path / "link").symlink_to(prefix / "bin" / "python3")
    assert _found(tmp_path / "link") == str(prefix / "share" / "data")


def test_after_a_move(prefix: Path, tmp_path: Path) -> None:
    assert _found(prefix / "bin" / "python3") == str(prefix / "share" / "data")
    moved = prefix.rename(tmp_path / "moved")
    assert _found(moved / "bin" / "python3") == str(moved / "share" / "data")


def test_from_a_module_in_lib_dynload(prefix: Path, tmp_path: Path) -> None:
    module = _compile(prefix / "lib" / "python3.13" / "lib-dynload" / "_curses.so", "-shared", "-fPIC", "-DLIBRARY")
    loader = _compile(tmp_path / "elsewhere" / "bin" / "loader", "-DLOADER")
    assert _found(loader, module) == str(prefix / "share" / "data")


def test_from_an_environment_with_a_copied_interpreter(prefix: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    shutil.copy(prefix / "bin" / "python3.13", environment / "bin" / "python3")
    assert _found(environment / "bin" / "python3") == "nothing"
    settings = environment / "pyvenv.cfg"
    settings.write_text(f"include-system-site-packages = false\nhome = {prefix}/bin\n", encoding="utf-8")
    assert _found(environment / "bin" / "python3") == str(prefix / "share" / "data")


def test_from_an_environment_whose_home_holds_only_a_link(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "python3").symlink_to(prefix / "bin" / "python3")
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    shutil.copy(prefix / "bin" / "python3.13", environment / "bin" / "python3")
    (environment / "pyvenv.cfg").write_text(f"home = {tmp_path}/links\n", encoding="utf-8")
    assert _found(environment / "bin" / "python3") == str(prefix / "share" / "data")


def test_what_is_not_there_is_not_found(prefix: Path) -> None:
    os.unlink(prefix / "share" / "data")
    assert _found(prefix / "bin" / "python3") == "nothing"


def test_it_looks_no_further_up_than_the_prefix_of_a_module(prefix: Path, tmp_path: Path) -> None:
    deep = prefix / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    shutil.copy(prefix / "bin" / "python3.13", deep / "python3")
    assert _found(deep / "python3") == "nothing"
    assert tmp_path in prefix.parents
