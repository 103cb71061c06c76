"""Users' programs that contain the whole interpreter or use a shared libpython, and packers of programs.

They are moved, and run again after the old place is gone.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from clients import PROJECTS, Clients, compile_flags, linked_copy, only
from elftools.elf.elffile import ELFFile
from installed import checked, environment
from test_client_builds import FAMILIES

# C code from the package index that calls the interpreter in the program.
USE = """
import ctypes, sqlite3, ssl, sys
import markupsafe._speedups, numpy
print(sys.executable)
print(numpy.linalg.det(numpy.eye(3)), markupsafe.escape("<"), sqlite3.sqlite_version_info > (3,))
"""


def program_flags(root: Path, path: Path, way: str, *, static: bool = False) -> list[str]:
    """Return the flags from one of the two tools, for the static or the shared libpython."""
    if way == "pkg-config":
        return compile_flags(root, path, "python3-embed-static" if static else "python3-embed")
    config = root / "install" / "bin" / "python3-config"
    form = ["--static"] if static else []
    told = checked(
        [config, "--embed", *form, "--cflags", "--ldflags"], env=environment(root, {"PATH": str(path)}), cwd=root
    )
    return shlex.split(told)


@pytest.fixture(scope="session")
def packages(clients: Clients) -> Path:
    """Return the directory of the packages from the index."""
    (found,) = clients.programs.parent.glob("lib/python3*/site-packages")
    return found


@pytest.mark.parametrize("way", ["pkg-config", "python3-config"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_program_with_the_whole_interpreter_in_it(
    family: str, way: str, full_tree: Path, packages: Path, tmp_path: Path
) -> None:
    root = linked_copy(full_tree, tmp_path / "first Maß")
    path = only(FAMILIES[family], tmp_path / "programs")
    source = PROJECTS / "embedding" / "embedding.c"
    program = root / "install" / "bin" / "embedding"
    flags = program_flags(root, path, way, static=True)
    checked([path / "cc", source, "-o", program, *flags], env=environment(tmp_path, {"PATH": str(path)}), cwd=tmp_path)
    exports_the_c_api_alone(program)
    embedded(program, packages, tmp_path)
    root.rename(tmp_path / "then there")
    embedded(tmp_path / "then there" / "install" / "bin" / "embedding", packages, tmp_path)


@pytest.mark.parametrize("way", ["pkg-config", "python3-config"])
def test_a_program_elsewhere_that_needs_libpython(way: str, full_tree: Path, packages: Path, tmp_path: Path) -> None:
    """The shared libpython is found at the path in the flags, and the standard library beside it."""
    path = only(FAMILIES["gcc"], tmp_path / "programs")
    program = tmp_path / "embedding"
    flags = program_flags(full_tree, path, way)
    source = PROJECTS / "embedding" / "embedding.c"
    checked([path / "cc", source, "-o", program, *flags], env=environment(tmp_path, {"PATH": str(path)}), cwd=tmp_path)
    (library,) = (full_tree / "install" / "lib").glob("libpython3.*.so.1.0")
    exports_the_c_api_alone(library)
    embedded(program, packages, tmp_path)


def exports_the_c_api_alone(file: Path) -> None:
    with file.open("rb") as stream:
        symbols = {symbol.name for symbol in ELFFile(stream).get_section_by_name(".dynsym").iter_symbols()}
    assert {"PyObject_Call", "PyModule_Create2"} <= symbols, "extensions could not be loaded"
    assert not {"SSL_new", "sqlite3_open", "deflate"} & symbols, "these would replace the libraries that wheels bring"


def embedded(program: Path, packages: Path, home: Path) -> None:
    told = checked([program, "-c", USE], env=environment(home, {"PYTHONPATH": str(packages)}), cwd=home)
    assert told.splitlines() == [str(program), "1.0 &lt; True"]


def test_pyinstaller_packs_a_program(full_tree: Path, packages: Path, clients: Clients, tmp_path: Path) -> None:
    """PyInstaller's bootloader loads the shared libpython."""
    root = linked_copy(full_tree, tmp_path / "tree")
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
