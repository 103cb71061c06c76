"""Prints, as JSON, how an installed interpreter fares on this machine; needs nothing but the standard library.

    python ask.py ZONE TERM...

Every question is asked apart, so that one thing that is broken does not hide the others.
"""  # noqa: INP001 -- a program for another interpreter, no module of this package

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
import sysconfig
from collections.abc import Callable

MODULES = ("_ctypes", "_sqlite3", "_ssl", "bz2", "curses", "dbm", "decimal", "lzma", "readline", "uuid", "zlib")
CONFIG = ("prefix", "exec_prefix", "BINDIR", "LIBDIR", "LIBPL", "INCLUDEPY", "LIBDEST", "DESTSHARED")
PLACES = ("certificate_file", "certificate_directory", "bundled_certificates")
MODE, HASHED, CHECKED, HEADER = 4, 1, 2, 16  # the header of a .pyc file (PEP 552)


def error_of(action: Callable[..., object], *arguments: object) -> str:
    """Return why an action fails, an empty text if it does not."""
    try:
        action(*arguments)
    except BaseException as error:  # noqa: BLE001 -- whatever is wrong is the answer
        return f"{type(error).__name__}: {error}"
    return ""


def tls() -> dict[str, object]:
    """Return OpenSSL's version, where it looks for certificates, and how many there are."""
    import ssl  # noqa: PLC0415 -- a broken module must not break the rest

    places = ssl.get_default_verify_paths()
    loaded = len(ssl.create_default_context().get_ca_certs())
    names = os.listdir(places.capath) if places.capath else []
    hashed = sum(bool(re.fullmatch(r"[0-9a-f]{8}\.\d+", name)) for name in names)
    return {
        "tls": ssl.OPENSSL_VERSION,
        "certificate_file": places.cafile or "",
        "certificate_directory": places.capath or "",
        "certificates": loaded or hashed,
        "bundled_certificates": bundled_date(places.cafile) if places.cafile else "",
    }


def bundled_date(certificates: str) -> str:
    """Return the date of a set that came with this installation, an empty text for any other."""
    directory = os.path.dirname(os.path.realpath(certificates))
    if os.path.commonpath([directory, os.path.realpath(sys.base_prefix)]) != os.path.realpath(sys.base_prefix):
        return ""
    return first_line(os.path.join(directory, "VERSION")) or "an unknown date"


def first_line(path: str) -> str:
    """Return the first line of a file, an empty text if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.readline().strip()
    except OSError:
        return ""


def terminals(names: list[str]) -> dict[str, str]:
    """Return the error of each terminal that was tried, up to the first that is known."""
    found = {}
    for name in names:
        found[name] = error_of(lambda name=name: importlib.import_module("curses").setupterm(name, 1))
        if not found[name]:
            break
    return found


def bytecode_state(source: str) -> str:
    """Return whether the bytecode of a source file is `valid`, `missing` or `stale`."""
    try:
        with open(importlib.util.cache_from_source(source), "rb") as stream:
            header = stream.read(HEADER)
    except OSError:
        return "missing"
    flags = int.from_bytes(header[MODE : MODE + 4], "little")
    if header[:MODE] != importlib.util.MAGIC_NUMBER or len(header) < HEADER:
        return "stale"
    if flags & HASHED:
        return "valid" if not flags & CHECKED or header[8:] == source_hash(source) else "stale"
    state = os.stat(source)
    stamp = (int(state.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (state.st_size & 0xFFFFFFFF).to_bytes(
        4, "little"
    )
    return "valid" if header[8:] == stamp else "stale"


def source_hash(source: str) -> bytes:
    """Return the hash that a checked .pyc file holds of its source."""
    with open(source, "rb") as stream:
        return importlib.util.source_hash(stream.read())


def bytecode(stdlib: str) -> dict[str, object]:
    """Return the state of every module of the standard library, without tests, templates and installed packages."""
    states: dict[str, list[str]] = {"valid": [], "missing": [], "stale": []}
    for directory, names, files in os.walk(stdlib):
        names[:] = sorted(name for name in names if name.isidentifier() and name not in ("test", "tests", "lib2to3"))
        for name in sorted(files):
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                states[bytecode_state(path)].append(os.path.relpath(path, stdlib))
    return {"valid": len(states["valid"]), "missing": states["missing"][:20], "stale": states["stale"][:20]}


def tk() -> str:
    """Return the version of Tk; Tcl must find its library, too."""
    module = importlib.import_module("tkinter")
    interpreter = module.Tcl()
    interpreter.eval("info library")
    return f"Tk {module.TkVersion}, Tcl {interpreter.eval('info patchlevel')}"


def pip() -> str:
    """Return pip's version; its command line must be importable, too."""
    importlib.import_module("pip._internal.cli.main")
    return str(importlib.import_module("pip").__version__)


def zones(name: str) -> str:
    """Return the database, and its version, in which a time zone is found."""
    module = importlib.import_module("zoneinfo")
    module.ZoneInfo(name)
    for directory in module.TZPATH:
        if os.path.isfile(os.path.join(directory, name)):
            return zones_version(directory, directory)
    if importlib.util.find_spec("tzdata"):
        return f"the package tzdata, {importlib.import_module('tzdata').IANA_VERSION}"
    return zones_version("the bundled database", os.path.join(sys.base_prefix, "share", "zoneinfo"))


def zones_version(name: str, directory: str) -> str:
    """Return a database's name with its version, if its text form says which that is."""
    version = first_line(os.path.join(directory, "tzdata.zi")).partition("# version ")[2]
    return f"{name}, {version}" if version else name


def asked(question: Callable[[], object], name: str) -> dict[str, object]:
    """Return a question's answer under its name and its error under `<name>_error`."""
    found: list[object] = []
    error = error_of(lambda: found.append(question()))
    return {name: found[0] if found else "", f"{name}_error": error}


def left_out() -> list[str]:
    """Return the extension modules that this Python was made without."""
    return str(sysconfig.get_config_var("MODDISABLED_NAMES") or "").split()


def lacks(error: str, names: list[str]) -> bool:
    """Tell whether an error only says that a module is not there which was left out."""
    return any(error == f"ModuleNotFoundError: No module named '{name}'" for name in names)


def computed_paths() -> dict[str, str]:
    """Return every path that the interpreter computes for its own installation."""
    config = {f"config {name}": str(sysconfig.get_config_var(name)) for name in CONFIG}
    own = {f"sys.{name}": getattr(sys, name) for name in ("prefix", "base_prefix", "executable")}
    return {**own, **sysconfig.get_paths(), **config}


def facts(wanted_zone: str, terms: list[str]) -> dict[str, object]:
    """Return everything as a dictionary."""
    without = left_out()
    broken = {name: error_of(importlib.import_module, name) for name in MODULES}
    secure: dict[str, object] = dict.fromkeys(("tls", *PLACES), "")
    secure["certificates"] = 0
    error_of(lambda: secure.update(tls()))
    return {
        "version": sys.version.split()[0],
        "paths": computed_paths(),
        **secure,
        "terminal": terminals(terms),
        **asked(tk, "tk"),
        **asked(lambda: zones(wanted_zone), "zone"),
        **asked(pip, "pip"),
        "broken_modules": {name: error for name, error in broken.items() if error and not lacks(error, without)},
        "left_out": sorted(name for name, error in broken.items() if error and lacks(error, without)),
        "bytecode": bytecode(sysconfig.get_path("stdlib")),
    }


if __name__ == "__main__":
    json.dump(facts(sys.argv[1], sys.argv[2:]), sys.stdout, sort_keys=True)
