"""Makes an installation right wherever it lies: Makefile, sysconfig, pkg-config files, programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build import makefile
from setup_local.errors import StageError
from setup_local.render import render
from setup_local.stage import build_details, files, sysconfigdata
from setup_local.stage.installer import edit_pip
from setup_local.stage.scripts import relocate_scripts, update_records
from setup_local.stage.settings import Settings

# A program that embeds a shared libpython has no other way to find it than its own run path.
_RUN_PATH = "-Wl,-rpath,${libdir}"
# The configuration directory lies three below the prefix.
_MAKEFILE_PREFIX = "prefix:=\t$(abspath $(dir $(lastword $(MAKEFILE_LIST)))../../..)"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where things are in an installation; `stdlib` and `config` are below `root`.

    `abi_flags` stand behind the version in most names (`python3.13t`).
    """

    root: Path
    version: str
    stdlib: Path
    config: Path
    abi_flags: str = ""

    @property
    def interpreter(self) -> str:
        """Return the interpreter's file name in `bin/`."""
        return f"python{self.version}{self.abi_flags}"


def find(root: Path, version: str, abi_flags: str = "") -> Installation:
    """Return an installation's places; raise `StageError` if it is none, or of another ABI."""
    stdlib = files.only(root / "lib", f"python{version}*")
    config = files.only(stdlib, f"config-{version}{abi_flags}-*")
    return Installation(root=root, version=version, abi_flags=abi_flags, stdlib=stdlib, config=config)


def relocate(installation: Installation, settings: Settings, archives: tuple[str, ...]) -> None:
    """Edit every file that names the configured prefix or the toolchain of the build.

    `archives` are the static libraries that a program which embeds this Python must link, in link order.
    """
    path = installation.config / "Makefile"
    changed = sysconfigdata.neutral(files.read(path), settings)
    if leaked := _named(changed.text, sysconfigdata.leaks(changed.before, settings)):
        raise StageError(f"still names {leaked}, a directory of the build machine", where=path)
    files.write(path, changed.text)
    files.replace_once(path, f"\nprefix=\t\t{settings.prefix}\n", f"\n{_MAKEFILE_PREFIX}\n")
    data = files.only(installation.stdlib, "_sysconfigdata*.py")
    values = sysconfigdata.relocate(data, changed, settings)
    system = _system_libraries(changed.after)
    shared = bool(values.get("Py_ENABLE_SHARED"))
    _python_config(installation, values, archives, system)
    build_details.relocate(installation.stdlib, installation.root, settings.prefix)
    private = system if shared else (*_export_flags(archives), *_archive_flags(archives), *system)
    _pkg_config(installation, settings, private, _RUN_PATH if shared else "")
    relocate_scripts(installation.root, installation.interpreter)
    edit_pip(installation.stdlib)
    update_records(installation.stdlib / "site-packages")


def _named(text: str, leaked: tuple[str, ...]) -> str | None:
    return next((word for word in leaked if word in text), None)


def _system_libraries(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the flags for the parts of the C library that libpython is linked with."""
    return tuple(dict.fromkeys(word for name in ("LIBS", "SYSLIBS") for word in makefile.words(name, variables)))


def _archive_flags(archives: tuple[str, ...]) -> tuple[str, ...]:
    """Return the flags for static libraries, which lie beside the installation."""
    names = (archive.removeprefix("lib").removesuffix(".a") for archive in archives)
    return ("-L${prefix}/../build/lib", *(f"-l{name}" for name in names))


def _export_flags(archives: tuple[str, ...]) -> tuple[str, ...]:
    """Return the flags with which a program that embeds this Python offers the C API, and nothing else, to extensions.

    What static libraries define would take the place of the libraries that wheels bring.
    """
    return ("-Wl,--export-dynamic", *((f"-Wl,--exclude-libs,{':'.join(archives)}",) if archives else ()))


def _pkg_config(installation: Installation, settings: Settings, private: tuple[str, ...], run_path: str) -> None:
    """Make pkg-config files follow the tree.

    `private` is what libpython needs besides, `run_path` the flag by which a program finds a shared one.
    """
    for path in sorted((installation.root / "lib" / "pkgconfig").glob("*.pc")):
        if path.is_symlink():
            continue
        files.replace_once(path, f"prefix={settings.prefix}\n", "prefix=${pcfiledir}/../..\n")
        if path.stem.endswith("-embed"):
            (line,) = re.findall(r"(?m)^Libs\.private:.*$", files.read(path))
            files.replace_once(path, line, f"Libs.private: {' '.join(private)}")
            (libs,) = re.findall(r"(?m)^Libs:.*$", files.read(path))
            files.replace_once(path, libs, f"{libs} {run_path}".rstrip())


def _python_config(
    installation: Installation,
    values: sysconfigdata.Variables,
    archives: tuple[str, ...],
    system: tuple[str, ...],
) -> None:
    """Write `python3.x-config`, and drop the copy in Python that would need the configured prefix."""
    text = render(
        "python-config.sh.j2",
        {
            "ldversion": str(values["LDVERSION"]),
            "abiflags": str(values["ABIFLAGS"]),
            "extension_suffix": str(values["EXT_SUFFIX"]),
            "config_directory": installation.config.relative_to(installation.root).as_posix(),
            "system_libraries": " ".join(system),
            "archives": " ".join(archives),
            "shared": int(bool(values.get("Py_ENABLE_SHARED"))),
            "export_flags": " ".join(_export_flags(archives)),
            "cflags": " ".join(str(values[name]) for name in ("BASECFLAGS", "OPT")),
            "link_flags": str(values["LINKFORSHARED"]),
        },
    )
    files.write(installation.root / "bin" / f"{installation.interpreter}-config", text, executable=True)
    (installation.config / "python-config.py").unlink(missing_ok=True)
