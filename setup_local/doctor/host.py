"""Gathers facts about the host from files, the environment and the C library, without running any program."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from setup_local.build.host import PROGRAMS
from setup_local.doctor.model import HostFacts
from setup_local.doctor.tables import HostTables

_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")  # in order of precedence (locale(7))
_CPUINFO = Path("/proc/cpuinfo")
_HASHED = re.compile(r"[0-9a-f]{8}\.\d")


def host_facts(environ: Mapping[str, str], cache: Path, tables: HostTables) -> HostFacts:
    """Return the facts about this host; `cache` is where builds would keep their files."""
    name = os.uname()
    libc, libc_version = _libc(tables.musl_loaders)
    existing = next(path for path in (cache, *cache.parents) if os.path.exists(path))
    term = environ.get("TERM", "")
    directories = _terminfo_directories(environ, tables.terminfo_directories)
    programs = (*tables.c_compilers, *tables.cxx_compilers, *PROGRAMS, "bwrap")
    return HostFacts(
        system=name.sysname,
        release=name.release,
        machine=name.machine,
        libc=libc,
        libc_version=libc_version,
        cpu_flags=cpu_flags(_text(_CPUINFO)),
        certificates=tuple(place.path for place in tables.certificates if is_store(Path(place.path))),
        term=term,
        terminfo={item: _terminfo(item, directories) for item in dict.fromkeys((term, *tables.terms)) if item},
        locale=next((f"{item}={environ[item]}" for item in _LOCALE if environ.get(item)), ""),
        display=environ.get("DISPLAY", ""),
        wayland=environ.get("WAYLAND_DISPLAY", ""),
        fonts=tuple(item for item in tables.font_directories if _holds_something(Path(item))),
        zoneinfo=next((item for item in tables.zoneinfo_directories if os.path.isfile(f"{item}/{tables.zone}")), ""),
        programs={item: found for item in programs if (found := shutil.which(item, path=environ.get("PATH", "")))},
        cache=str(cache),
        free=shutil.disk_usage(existing).free,
    )


def cpu_flags(cpuinfo: str) -> frozenset[str]:
    """Return the flags that every processor of a `/proc/cpuinfo` has."""
    rows = [line.partition(":")[2].split() for line in cpuinfo.splitlines() if line.split(":")[0].strip() == "flags"]
    return frozenset(rows[0]).intersection(*rows[1:]) if rows else frozenset()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _libc(musl_loaders: Iterable[str]) -> tuple[str, str]:
    """Return the name and version of the C library in this process; musl reports no version."""
    try:
        function = ctypes.CDLL(None).gnu_get_libc_version
    except (OSError, AttributeError):
        return ("musl", "") if any(os.path.exists(item) for item in musl_loaders) else ("", "")
    function.restype = ctypes.c_char_p
    return "glibc", function().decode("ascii")


def is_store(path: Path) -> bool:
    """Return whether a file is readable and not empty, or a directory has files named by hash (openssl-rehash(1))."""
    try:
        if path.is_dir():
            return any(_HASHED.match(name) for name in os.listdir(path))
        return path.is_file() and path.stat().st_size > 0 and os.access(path, os.R_OK)
    except OSError:
        return False


def _holds_something(path: Path) -> bool:
    """Return whether a file is not empty, or a directory has entries."""
    try:
        return any(path.iterdir()) if path.is_dir() else path.stat().st_size > 0
    except OSError:
        return False


def _terminfo_directories(environ: Mapping[str, str], known: Iterable[str]) -> tuple[Path, ...]:
    """Return the directories of the terminal database in ncurses' order (terminfo(5))."""
    own = Path(environ.get("HOME") or "/", ".terminfo")
    listed = (Path(item) for item in environ.get("TERMINFO_DIRS", "").split(":") if item)
    first = (Path(environ["TERMINFO"]),) if environ.get("TERMINFO") else ()
    return (*first, own, *listed, *map(Path, known))


def _terminfo(name: str, directories: Iterable[Path]) -> str:
    """Return the directory that has an entry, in a subdirectory named by its first letter or that letter's code."""
    if "/" in name:
        return ""
    letters = (name[0], f"{ord(name[0]):x}")
    return next((str(item) for item in directories if any(os.path.isfile(item / sub / name) for sub in letters)), "")
