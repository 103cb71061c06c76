"""A debugger finds the detached debug information of the stripped installation, wherever both are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from installed import NOBODY, Installation, as_ordinary_user, libpython, run

from setup_local.audit.archive import read_members
from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.elf import read_elf
from setup_local.catalog.flavors import load_flavors
from setup_local.flavors.repack import repack

CATALOG = load_flavors()
FLAVORS = {flavor.name: flavor for flavor in CATALOG.flavor}
EVAL = "_PyEval_EvalFrameDefault"
PROGRAM = """
import os
def inner(depth):
    if depth:
        inner(depth - 1)
    os.abort()
inner(2)
"""


@pytest.fixture(scope="module")
def packed(archive: Path, workshop: Path) -> dict[str, Path]:
    made = ("install_only_stripped", "minimal", "debuginfo")
    return {name: repack(archive, FLAVORS[name], CATALOG, output=workshop / "debug", threads=2) for name in made}


def unpacked(archive: Path, place: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)
        tar.extractall(place)
    return place / "python"


@pytest.fixture(scope="module")
def stripped(packed: dict[str, Path], workshop: Path) -> Path:
    """Return an installation that was moved after it was unpacked."""
    first = unpacked(packed["install_only_stripped"], workshop / "first place")
    return first.rename(workshop / "zweites Maß")


@pytest.fixture(scope="module")
def symbols(packed: dict[str, Path], workshop: Path) -> Path:
    return unpacked(packed["debuginfo"], workshop / "symbols elsewhere") / "lib" / "debug"


@pytest.fixture(scope="module")
def home(workshop: Path) -> Path:
    path = workshop / "home of a debugger"
    path.mkdir()
    (path / "deep.py").write_text(PROGRAM)
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def gdb(home: Path, *words: str | Path) -> str:
    program = shutil.which("gdb")
    if program is None:
        pytest.skip("there is no gdb; scripts/install-test-requirements installs it")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    words = (program, "-nx", "-batch", *words)
    return run(as_ordinary_user(words), env=env, cwd=home, seconds=300).stdout


def test_every_stripped_file_has_its_debug_information(packed: dict[str, Path]) -> None:
    debug = {member.name for member, _ in read_members(packed["debuginfo"])}
    for name in ("install_only_stripped", "minimal"):
        linked = [read() for _, read in read_members(packed[name])]
        found = [read_elf(data) for data in linked if detect(data[:8]) is FileKind.ELF]
        ids = [elf.build_id for elf in found if elf.linked and (elf.exported or elf.interpreter)]
        assert ids
        assert {f"python/lib/debug/.build-id/{item[:2]}/{item[2:]}.debug" for item in ids} <= debug


def test_gdb_knows_lines_with_the_start_file(stripped: Path, symbols: Path, home: Path) -> None:
    said = gdb(home, "-ix", symbols / "gdbinit.py", "-ex", f"info line {EVAL}", libpython(stripped))
    assert re.search(rf'Line \d+ of "Python/ceval\.c" starts at address 0x\w+ <{EVAL}>', said), said


def test_gdb_knows_lines_of_libraries_with_one_command(stripped: Path, symbols: Path, home: Path) -> None:
    setting = f"set debug-file-directory {symbols}"
    library = next(iter(stripped.glob("lib/libssl-*.so")), libpython(stripped))
    said = gdb(home, "-iex", setting, "-ex", "info line SSL_new", library)
    assert re.search(r'Line \d+ of "ssl/ssl_lib\.c" starts at address 0x\w+ <SSL_new>', said), said


def test_gdb_knows_no_lines_without(stripped: Path, home: Path) -> None:
    said = gdb(home, "-ex", f"info line {EVAL}", libpython(stripped))
    assert "No line number information" in said, said


def test_gdb_shows_python_functions_of_a_program_that_aborts(stripped: Path, symbols: Path, home: Path) -> None:
    commands = ("run", "bt", "py-bt")
    said = gdb(
        home,
        *("-iex", "set debuginfod enabled off", "-ix", symbols / "gdbinit.py"),
        *(word for command in commands for word in ("-ex", command)),
        *("--args", stripped / "bin" / "python3", "deep.py"),
    )
    if "ptrace: Operation not permitted" in said:
        pytest.skip("programs may not be traced here")
    assert re.search(r"os_abort.* at .*/?Modules/posixmodule\.c:\d+", said), said
    assert re.search(rf"{EVAL} .*Python/(ceval|generated_cases)\.c", said), said
    assert len(re.findall(r'File ".*deep\.py", line 5, in inner', said)) == 2, said


def test_symbols_may_be_unpacked_over_the_installation(packed: dict[str, Path], workshop: Path, home: Path) -> None:
    place = workshop / "one place"
    root = unpacked(packed["minimal"], place)
    unpacked(packed["debuginfo"], place)
    said = gdb(home, "-ix", root / "lib" / "debug" / "gdbinit.py", "-ex", f"info line {EVAL}", libpython(root))
    assert f"<{EVAL}>" in said
    assert "Python/ceval.c" in said, said


@pytest.mark.parametrize("tool", [["readelf", "-n"], ["eu-readelf", "-n"]], ids=lambda tool: tool[0])
def test_other_tools_read_the_same_build_id(tool: list[str], stripped: Path, symbols: Path) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"there is no {tool[0]}")
    program = stripped / "bin" / "python3"
    wanted = read_elf(program.read_bytes()).build_id
    for file in (program, symbols / ".build-id" / wanted[:2] / f"{wanted[2:]}.debug"):
        said = subprocess.run([*tool, file], check=False, capture_output=True, text=True).stdout
        assert re.findall(r"Build ID: ([0-9a-f]+)", said) == [wanted]


def test_both_halves_make_the_whole_again(stripped: Path, symbols: Path, tmp_path: Path) -> None:
    if shutil.which("eu-unstrip") is None:
        pytest.skip("there is no eu-unstrip (elfutils)")
    program = libpython(stripped)
    identity = read_elf(program.read_bytes()).build_id
    debug = symbols / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
    subprocess.run(["eu-unstrip", program, debug, "-o", tmp_path / "whole"], check=True)
    whole = read_elf((tmp_path / "whole").read_bytes())
    assert (whole.build_id, whole.linked) == (identity, True)
    assert whole.symbols.functions >= read_elf(debug.read_bytes()).symbols.functions
    assert ".debug_line" in whole.debug_sections


def test_extensions_are_compiled_without_our_debug_flags(installation: Installation) -> None:
    shown = installation.run(["-c", "import sysconfig; print(*sysconfig.get_config_vars().values())"])
    assert not re.search(r"(?<!\S)-g|build-id|prefix-map|/usr/src/debug", shown)
