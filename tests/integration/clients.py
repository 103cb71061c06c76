"""The clients of our archives: other projects' tools, installed from the package index into a moved tree."""

from __future__ import annotations

import http.server
import os
import shutil
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from installed import checked, environment, run

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "clients.txt"
EMBEDDERS = ROOT / "requirements" / "embedders.txt"
PROJECTS = Path(__file__).resolve().parent / "projects"
# The programs that a compiler calls, and those that build tools expect on any machine.
TOOLS = ("ar", "as", "ld", "ranlib", "strip", "readelf", "pkg-config", "sh", "uname", "sed", "readlink", "dirname")
# Uses every part that a broken installation would lack, and prints the paths that it derives from its location.
USE = """
import ctypes, lzma, sqlite3, ssl, sys, sysconfig, zlib
print(sys.version.split()[0])
print(sys.base_prefix)
print(sysconfig.get_config_var("LIBDIR"))
"""


def used(python: Path, cwd: Path, version: str) -> None:
    """Check that an interpreter works, and that all its paths are right.

    uv writes the installation path into sysconfig's data as plain text; our sysconfig still follows a move.
    """
    found, prefix, libraries = checked([python, "-c", USE], env=environment(cwd), cwd=cwd).splitlines()
    home = python.resolve().parent.parent
    assert found == version
    assert Path(prefix).resolve() == home
    assert Path(libraries).resolve() == home / "lib"


def with_packages(place: Path, pins: str, home: Path) -> Path:
    """Create an environment with the packages of `requirements/<pins>` and return its interpreter."""
    checked([sys.executable, "-m", "venv", place], env=environment(home), cwd=home)
    python = place / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:"]
    done = run([*install, "--requirement", ROOT / "requirements" / pins], env=environment(home), cwd=home, seconds=300)
    if done.returncode:
        pytest.fail(f"these tests need the package index: {done.stdout.strip().splitlines()[-1]}", pytrace=False)
    return python


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve a directory on loopback with a plain static server; yield its URL."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@dataclass(frozen=True, kw_only=True)
class Clients:
    """`tree` is our installation (`bin`, `lib`, ...); `programs` contains the scripts of the clients' packages."""

    tree: Path
    programs: Path
    home: Path
    version: str

    @property
    def python(self) -> Path:
        """Return the interpreter that can import the clients' packages."""
        return self.programs / "python"

    def __call__(
        self, program: str, *words: str | Path, cwd: Path, more: Mapping[str, str] | None = None, seconds: float = 200
    ) -> str:
        """Run a client and return its output; fail with all of it if the exit status is not 0."""
        env = environment(self.home, more)
        return checked([self.programs / program, *words], env=env, cwd=cwd, seconds=seconds)


def installed_clients(
    tree: Path, version: str, place: Path, requirements: Path = REQUIREMENTS, *, binary: bool = True
) -> Clients:
    """Create an environment with our Python and install every client from the package index; fail without it.

    Unless `binary` is set, packages for which the index has no wheel are built from source.
    """
    place.mkdir()
    checked([tree / "bin" / "python3", "-m", "venv", "environment"], env=environment(place), cwd=place)
    clients = Clients(tree=tree, programs=place / "environment" / "bin", home=place, version=version)
    argv = [clients.python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", requirements]
    only_binary = ["--only-binary=:all:"] if binary else []
    done = run([*argv, *only_binary], env=environment(place), cwd=place, seconds=300 if binary else 1800)
    if done.returncode:
        last = done.stdout.strip().splitlines()[-1]
        pytest.fail(f"the clients cannot be installed; these tests need the package index: {last}", pytrace=False)
    return clients


def only(family: Mapping[str, str], directory: Path) -> Path:
    """Fill a directory with links through which only one compiler is found.

    `family` maps names (`cc`) to programs (`gcc`). Fails if a program is missing.
    """
    if directory.is_dir():
        return directory
    directory.mkdir(parents=True)
    for name, program in {**family, **{tool: tool for tool in TOOLS}}.items():
        found = shutil.which(program)
        if found is None:
            pytest.fail(f"{program} is missing; scripts/install-test-requirements installs it")
        (directory / name).symlink_to(found)
    return directory


def source_distribution(project: str, into: Path) -> Path:
    """Pack one of our projects as a source distribution (`name-1.0.tar.gz`) and return its path."""
    name = f"{project}-1.0"
    into.mkdir(parents=True, exist_ok=True)
    information = into / "PKG-INFO"
    information.write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n", encoding="utf-8")
    path = into / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(PROJECTS / project, name)
        tar.add(information, f"{name}/PKG-INFO")
    return path


def compile_flags(root: Path, path: Path, package: str) -> list[str]:
    """Return pkg-config's flags for a package of a full archive's tree."""
    env = environment(root, {"PATH": str(path), "PKG_CONFIG_LIBDIR": str(root / "install" / "lib" / "pkgconfig")})
    # The shell removes pkg-config's escapes, which it writes before every byte of a non-ASCII letter.
    script = f"eval \"printf '%s\\n' $(pkg-config --cflags --libs {package})\""
    return checked(["/bin/sh", "-c", script], env=env, cwd=root).splitlines()


def linked_copy(source: Path, place: Path) -> Path:
    """Copy a tree with hard links, because its files do not change."""
    shutil.copytree(source, place, symlinks=True, copy_function=os.link)
    return place
