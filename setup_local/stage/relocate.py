"""Makes an installation correct wherever it is: Makefile, sysconfig, pkg-config files, programs."""

from __future__ import annotations

from collections.abc import Iterable

from setup_local.catalog.cpython import Companion
from setup_local.catalog.sysconfig import Settings
from setup_local.errors import StageError
from setup_local.stage import build_details, embedding, files, sysconfigdata
from setup_local.stage.installation import Installation
from setup_local.stage.scripts import relocate_scripts, update_records
from setup_local.stage.system_libraries import system_libraries

_NOT_SHARED, _SHARED = "/* #undef Py_ENABLE_SHARED */", "#define Py_ENABLE_SHARED 1"
# The configuration directory is three levels below the prefix.
_MAKEFILE_PREFIX = "prefix:=\t$(abspath $(dir $(lastword $(MAKEFILE_LIST)))../../..)"


def relocate(
    installation: Installation,
    settings: Settings,
    archives: tuple[str, ...],
    companion: Companion | None = None,
    *,
    frameworks: Iterable[str] = (),
) -> None:
    """Edit every file that names the configured prefix or the toolchain of the build.

    `archives` are the static libraries, in link order, that a program with the static libpython must link. `companion`
    is the shared libpython next to a program that contains libpython itself. `frameworks` are those that built-in
    modules need.
    """
    path = installation.config / "Makefile"
    changed = sysconfigdata.neutral(files.read(path), settings)
    if leaked := _named(changed.text, sysconfigdata.leaks(changed.before, settings)):
        raise StageError(f"still names {leaked}, a directory of the build machine", where=path)
    files.write(path, changed.text)
    files.replace_once(path, f"\nprefix=\t\t{settings.prefix}\n", f"\n{_MAKEFILE_PREFIX}\n")
    data = files.only(installation.stdlib, "_sysconfigdata*.py")
    values = sysconfigdata.relocate(data, changed, settings)
    system = system_libraries(changed.after).words(frameworks)
    shared = bool(values.get("Py_ENABLE_SHARED"))
    embedding.write_python_config(installation, settings.embedding, values, archives, system)
    build_details.relocate(installation.stdlib, installation.root, settings.prefix, companion)
    if companion:
        files.replace_once(installation.header, _NOT_SHARED, _SHARED)
    _pkg_config(installation, settings)
    embedding.write_pkg_config(installation, settings.embedding, archives, system, shared=shared)
    relocate_scripts(installation.root, installation.interpreter)
    update_records(installation.stdlib / "site-packages")


def _named(text: str, leaked: tuple[str, ...]) -> str | None:
    return next((word for word in leaked if word in text), None)


def _pkg_config(installation: Installation, settings: Settings) -> None:
    """Make pkg-config files follow the tree."""
    for path in sorted(installation.packages.glob("*.pc")):
        if not path.is_symlink():
            files.replace_once(path, f"prefix={settings.prefix}\n", "prefix=${pcfiledir}/../..\n")
