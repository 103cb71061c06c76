"""The libraries that the loader maps for the interpreter and its modules: the tree's own, and the host's C library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from installed import Installation, libpython

from setup_local.audit.policy import load_policy
from setup_local.binfmt.elf import read_elf

# Imports at least one module for each library, except missing modules, and prints the mapped files.
LOADED = """
import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, sys, uuid, xml.parsers.expat, zlib
for name in ("curses", "readline", "_tkinter", "_dbm"):
    try:
        __import__(name)
    except ImportError:
        pass
lines = open("/proc/self/maps", encoding="utf-8").read().splitlines()
files = {line.split(None, 5)[5] for line in lines if len(line.split(None, 5)) == 6}
print(*sorted(name for name in files if ".so" in name), sep="\\n")
"""
BOTH = """
import ctypes, sys, zlib
other = ctypes.CDLL(sys.argv[1])
other.zlibVersion.restype = ctypes.c_char_p
assert zlib.decompress(zlib.compress(b"text" * 99)) == b"text" * 99
print(zlib.ZLIB_RUNTIME_VERSION, other.zlibVersion().decode())
"""


def test_of_the_host_only_the_c_library_is_loaded(installation: Installation) -> None:
    policy = load_policy(installation.description["target_triple"])
    loaded = [Path(line) for line in installation.run(["-B", "-c", LOADED]).splitlines()]
    prefix = installation.prefix.resolve()
    foreign = [path for path in loaded if not path.is_relative_to(prefix)]
    # The parts of a current C library have other file names: libm.so.6, or libm-2.31.so.
    known = {Path(name).name.partition(".so")[0] for name in (*(item.name for item in policy.needed), policy.loader)}
    assert [path for path in foreign if path.name.partition(".so")[0].partition("-2.")[0] not in known] == []
    if "shared-library" in installation.description["python_extension_module_loading"]:
        assert len(loaded) > len(foreign)


def test_another_libpython_that_the_environment_names_is_not_taken(installation: Installation) -> None:
    library = libpython(installation.prefix)
    if library.parent.name != "lib":
        pytest.skip("this libpython is in the program")
    other = installation.home / "other libraries"
    installation.environment()
    other.mkdir(mode=0o755)
    (other / library.name).write_bytes(b"no library")
    told = installation.run(["-B", "-c", "print('started')"], env={"LD_LIBRARY_PATH": str(other)})
    assert told == "started\n"
    shutil.rmtree(other)


def test_ours_and_the_hosts_library_are_in_one_process(installation: Installation) -> None:
    # A machine that runs programs for other processors has their libraries as well.
    machine = read_elf(installation.python.read_bytes()).machine
    present = (path for path in Path("/lib").rglob("libz.so.1.*") if path.is_file())
    found = next((path for path in present if read_elf(path.read_bytes()).machine == machine), None)
    if found is None:
        pytest.skip("this machine has no shared zlib for the processor of the archive")
    ours, theirs = installation.run(["-B", "-c", BOTH, str(found)]).split()
    assert found.name.endswith(theirs)
    assert ours == installation.run(["-B", "-c", "import zlib; print(zlib.ZLIB_RUNTIME_VERSION)"]).strip()
