"""A program of one's own with the whole interpreter in it, linked from the full archive, and packers of programs.

Both are moved, and run again with nothing left at the old place.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from clients import PROJECTS, Clients, compile_flags, linked_copy, only
from elftools.elf.elffile import ELFFile
from installed import checked, environment, libpython
from test_client_builds import FAMILIES

# C code from the package index, which calls the interpreter that is in the program.
USE = """
import ctypes, sqlite3, ssl, sys
import markupsafe._speedups, numpy
print(sys.executable)
print(numpy.linalg.det(numpy.eye(3)), markupsafe.escape("<"), sqlite3.sqlite_version_info > (3,))
"""


def program_flags(root: Path, path: Path, way: str) -> list[str]:
    """Return the flags that one of the two ways tells."""
    if way == "pkg-config":
        return compile_flags(root, path)
    config = root / "install" / "bin" / "python3-config"
    told = checked([config, "--embed", "--cflags", "--ldflags"], env=environment(root, {"PATH": str(path)}), cwd=root)
    return shlex.split(told)


@pytest.fixture(scope="session")
def packages(clients: Clients) -> Path:
    """Return the directory of the packages from the index."""
    (found,) = clients.programs.parent.glob("lib/python3*/site-packages")
    return found


@pytest.mark.parametrize("way", ["pkg-config", "python3-config"])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_embedding_program(family: str, way: str, full_tree: Path, packages: Path, tmp_path: Path) -> None:
    root = linked_copy(full_tree, tmp_path / "first Maß")
    shared = libpython(root / "install").parent.name == "lib"
    path = only(FAMILIES[family], tmp_path / "programs")
    source = PROJECTS / "embedding" / "embedding.c"
    program = root / "install" / "bin" / "embedding"
    env = environment(tmp_path, {"PATH": str(path)})
    beside = ["-Wl,-rpath,$ORIGIN/../lib"] if shared else []  # what is told leads to where the tree lies now
    checked([path / "cc", source, "-o", program, *program_flags(root, path, way), *beside], env=env, cwd=tmp_path)
    with (libpython(root / "install") if shared else program).open("rb") as stream:
        symbols = {symbol.name for symbol in ELFFile(stream).get_section_by_name(".dynsym").iter_symbols()}
    assert {"PyObject_Call", "PyModule_Create2"} <= symbols, "extensions could not be loaded"
    assert not {"SSL_new", "sqlite3_open", "deflate"} & symbols, "these would replace the libraries that wheels bring"
    embedded(program, packages, tmp_path)
    root.rename(tmp_path / "then there")
    embedded(tmp_path / "then there" / "install" / "bin" / "embedding", packages, tmp_path)


@pytest.mark.parametrize("way", ["pkg-config", "python3-config"])
def test_an_embedding_program_elsewhere(way: str, full_tree: Path, packages: Path, tmp_path: Path) -> None:
    """A shared libpython is found where the flags say, and the standard library beside it."""
    if libpython(full_tree / "install").parent.name != "lib":
        pytest.skip("this libpython is in the program, which says itself where its library is")
    path = only(FAMILIES["gcc"], tmp_path / "programs")
    program = tmp_path / "embedding"
    flags = program_flags(full_tree, path, way)
    source = PROJECTS / "embedding" / "embedding.c"
    checked([path / "cc", source, "-o", program, *flags], env=environment(tmp_path, {"PATH": str(path)}), cwd=tmp_path)
    embedded(program, packages, tmp_path)


def embedded(program: Path, packages: Path, home: Path) -> None:
    told = checked([program, "-c", USE], env=environment(home, {"PYTHONPATH": str(packages)}), cwd=home)
    assert told.splitlines() == [str(program), "1.0 &lt; True"]


def test_pyinstaller_packs_a_program(full_tree: Path, packages: Path, clients: Clients, tmp_path: Path) -> None:
    """PyInstaller's starter loads a shared libpython, which one command links from the full archive."""
    root = linked_copy(full_tree, tmp_path / "tree")
    series = clients.version.rpartition(".")[0]
    name = f"libpython{series}.so.1.0"
    whole = [
        "-Wl,--whole-archive",
        f"-lpython{series}",
        "-Wl,--no-whole-archive",
        *compile_flags(root, Path("/usr/bin")),
    ]
    link = [
        "cc",
        "-shared",
        f"-Wl,-soname,{name}",
        "-o",
        root / "install" / "lib" / name,
        f"-L{root / 'install' / 'lib'}",
    ]
    if not (root / "install" / "lib" / name).exists():
        checked([*link, *whole], env=environment(tmp_path), cwd=tmp_path)
    pack = [root / "install" / "bin" / "python3", "-m", "PyInstaller", "--onefile", "--log-level", "WARN"]
    more = {"PYTHONPATH": str(packages)}
    checked([*pack, PROJECTS / "packed" / "packed.py"], env=environment(tmp_path, more), cwd=tmp_path)
    program = (tmp_path / "dist" / "packed").rename(tmp_path / "packed Maß")
    root.rename(tmp_path / "gone")
    told = dict(
        line.rsplit(" ", 1) for line in checked([program], env=environment(tmp_path), cwd=tmp_path).splitlines()
    )
    assert (told["frozen"], told["version"], told["own process"]) == ("True", clients.version, "True")
    assert (told["database"], told["tls"], told["zone"]) == ("42", "TLSv1_2", "Europe/Berlin")
    assert told["tcl"] == f"{told['prefix']}/_tcl_data"
