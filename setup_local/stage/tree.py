"""Combines build results into one staged tree: `python/install`, `python/build`, `python/licenses`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local.build import makefile
from setup_local.build.launcher import Launcher, choose_python
from setup_local.catalog.cpython import Companion
from setup_local.errors import StageError
from setup_local.plan.model import LAYOUT_FILE, PROFILE_FILE, Plan
from setup_local.render import render
from setup_local.stage import files, licenses, objects, tcl
from setup_local.stage.bytecode import compile_library
from setup_local.stage.installation import Installation, find
from setup_local.stage.installer import edit_pip
from setup_local.stage.relocate import relocate
from setup_local.stage.staged import RUN_TESTS, SHARED_LIBRARIES, TREE, StagedTree
from setup_local.stage.system_libraries import system_libraries
from setup_local.stage.without_debug import clean_tree
from setup_local.values import LinkMode

_DATA = "share"
_NO_SHARED_MODULES = "All extension modules of this interpreter are built in.\n"
_BYTECODE = frozenset({"__pycache__"})
GDB_COMMANDS = "python-gdb.py"


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of the build steps, as directories.

    `libraries` are by name; one that is not in the plan is run-time support of the toolchain (polyfill, builtins),
    which everything links. `shared` contains the shared libraries that modules need, if there are any; `build_python`
    is a Python that runs here, if one was built.
    """

    cpython: Path
    libraries: Mapping[str, Path]
    shared: Path | None = None
    build_python: Path | None = None


def stage_tree(plan: Plan, results: Results, out: Path, *, launcher: Launcher | None, jobs: int = 2) -> StagedTree:
    """Lay out `out/python` from the results of the build steps and make it relocatable.

    `launcher` defines how the interpreter runs here, None if it does not. Raises `StageError`, `OutputError`.
    """
    companion = plan.configure.companion
    root = out / TREE
    variables = makefile.variables(files.read(results.cpython / "build" / "Makefile"))
    system = system_libraries(variables)
    shares = objects.classify(plan, variables)
    archives = _place_results(plan, results, root, shares)
    tcl_paths = tcl.place_scripts(results.libraries, root / "install" / "lib")
    installation = _installed(plan, root, tcl_paths)
    frameworks = [name for item in plan.extensions if item.link is LinkMode.STATIC for name in item.frameworks]
    relocate(installation, plan.sysconfig, _built_in_archives(plan, archives), companion, frameworks=frameworks)
    licenses.collect(root, installation.stdlib, results.libraries)
    python_exe = f"install/bin/{installation.interpreter}"
    files.write(root / RUN_TESTS, render("run_tests.py.j2", {"python_exe": python_exe}), executable=True)
    python = choose_python(root / python_exe, launcher, results.build_python)
    compile_library(root / "install", python, plan.sysconfig.bytecode.checked, jobs)
    return StagedTree(
        root=root,
        python_exe=python_exe,
        libpython=_libpython(root, installation),
        shared_libpython=_shared_libpython(root, variables, companion),
        objects=shares,
        inittab=objects.inittab(files.read(root / "build" / objects.INITTAB_SOURCE)),
        inittab_cflags=plan.sysconfig.inittab.cflags,
        required=_required(installation, plan),
        system_libraries=system.names,
        frameworks=system.frameworks,
        archives=archives,
        licenses={name: licenses.file_name(name) for name in (licenses.CPYTHON, *results.libraries)},
        tcl_library_paths=tcl_paths,
    )


def _place_results(plan: Plan, results: Results, root: Path, shares: objects.Objects) -> dict[str, str]:
    """Place everything that was built, without unnecessary debug information; return the static libraries."""
    built = results.cpython / "build"
    files.place_tree(results.cpython / "install", root / "install", without=_BYTECODE)
    _place_data(results.libraries.values(), root / "install")
    if results.shared:
        files.place_tree(results.shared / "lib", root / SHARED_LIBRARIES)
    _place_objects(built, root / "build", shares)
    place_profile(plan, built, root / "build")
    archives = _place_archives(plan, results.libraries, root / "build" / "lib")
    clean_tree(root)
    return archives


def _installed(plan: Plan, root: Path, tcl_paths: tuple[str, ...]) -> Installation:
    """Return the installation, with its final programs and notes."""
    installation = find(root / "install", f"{plan.python.major}.{plan.python.minor}", plan.abi_flags)
    _drop_programs(installation.root / "bin", plan.left_out_programs)
    _tidy(installation)
    _place_note(installation, plan)
    tcl.let_tkinter_find(installation.stdlib, tcl_paths)
    edit_pip(installation.stdlib, plan.pip_patch)
    return installation


def _place_note(installation: Installation, plan: Plan) -> None:
    """Keep the directory of shared modules, even if there are none: the interpreter uses it to find its location."""
    if not any(item.link is LinkMode.SHARED for item in plan.linked_extensions):
        files.write(installation.stdlib / "lib-dynload" / "README.txt", _NO_SHARED_MODULES)


def place_profile(plan: Plan, built: Path, target: Path) -> None:
    """Place the files with which an optimized build can be repeated."""
    if plan.profiling:
        files.place(built / PROFILE_FILE, target / PROFILE_FILE)
    if plan.configure.relayout:
        files.place(built / LAYOUT_FILE, target / LAYOUT_FILE)


def _place_data(libraries: Iterable[Path], install: Path) -> None:
    """Place the data that libraries need at run time: their `share` goes into the installation's."""
    for prefix in libraries:
        if (prefix / _DATA).is_dir():
            files.place_tree(prefix / _DATA, install / _DATA)


def _place_objects(build: Path, target: Path, shares: objects.Objects) -> None:
    """Place the object files that make up the distribution, and the source of the table of modules."""
    missing = [name for name in shares.all if not (build / name).is_file()]
    if missing:
        listed = ", ".join(missing[:5])
        raise StageError(f"{len(missing)} object files were not built: {listed}", where=build)
    for name in (*shares.all, objects.INITTAB_SOURCE, GDB_COMMANDS):
        files.place(build / name, target / name)


def link_order(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return every archive of several link lines once, each after all archives that need it."""
    every = [archive for archives in lists for archive in archives]
    return tuple(reversed(dict.fromkeys(reversed(every))))


def _built_in_archives(plan: Plan, archives: Iterable[str]) -> tuple[str, ...]:
    """Return the archives that a program linking libpython needs, without those that only shared modules use."""
    of_shared = {archive for item in plan.extensions if item.link is LinkMode.SHARED for archive in item.archives}
    of_static = {archive for item in plan.extensions if item.link is LinkMode.STATIC for archive in item.archives}
    return tuple(archive for archive in archives if archive in of_static or archive not in of_shared)


def _place_archives(plan: Plan, libraries: Mapping[str, Path], target: Path) -> dict[str, str]:
    """Place the static libraries that are linked; return their libraries, in link order.

    Those that only the toolchain knows come last: everything else may need them.
    """
    owners = {path.name: name for name, prefix in libraries.items() for path in sorted((prefix / "lib").glob("*.a"))}
    linked = link_order(extension.archives for extension in plan.linked_extensions)
    if missing := [archive for archive in linked if archive not in owners]:
        raise StageError(f"no library provides {', '.join(missing)}", where=target)
    planned = {item.name for item in plan.libraries}
    support = [archive for archive, name in owners.items() if name not in planned]
    archives = {archive: owners[archive] for archive in (*linked, *support)}
    for archive, name in archives.items():
        files.place(libraries[name] / "lib" / archive, target / archive)
    return archives


def _drop_programs(directory: Path, patterns: Iterable[str]) -> None:
    """Remove the programs that do not start without a module that was left out."""
    for path in [path for pattern in patterns for path in directory.glob(pattern)]:
        path.unlink()


def _tidy(installation: Installation) -> None:
    """Add the names that users type, and remove files that only a build directory could use."""
    programs = installation.root / "bin"
    _one_program(programs, f"python{installation.version}", installation.interpreter)
    if not (programs / "python").exists():
        (programs / "python").symlink_to(installation.interpreter)
    if (programs / "pip3").is_file() and not (programs / "pip").exists():
        files.place(programs / "pip3", programs / "pip")
        record = files.only(installation.stdlib / "site-packages", "pip-*.dist-info/RECORD")
        files.write(record, files.read(record) + "../../../bin/pip,sha256=,0\n")
    for path in installation.root.glob("lib/libpython*.a"):
        copy = installation.config / path.name
        if copy.is_file() and not path.is_symlink():
            path.unlink()
            path.symlink_to(copy.relative_to(path.parent))


def _one_program(programs: Path, name: str, interpreter: str) -> None:
    """Make the name without ABI flags a link: `make install` creates a separate file for it."""
    path = programs / name
    if name != interpreter and path.is_file() and not path.is_symlink():
        path.unlink()
        path.symlink_to(interpreter)


def _libpython(root: Path, installation: Installation) -> str:
    """Return the path of the static libpython in the directory for embedding."""
    return files.only(installation.config, f"lib{installation.interpreter}.a").relative_to(root).as_posix()


def _shared_libpython(root: Path, variables: Mapping[str, str], companion: Companion | None) -> str | None:
    """Return the path of the shared libpython, None in a build without one; raise `StageError` if it is missing."""
    if companion is None and makefile.words("PY_ENABLE_SHARED", variables) != ("1",):
        return None
    (name,) = (companion.soname,) if companion else makefile.words("INSTSONAME", variables)
    return files.only(root, f"install/lib/{name}").relative_to(root).as_posix()


def _required(installation: Installation, plan: Plan) -> frozenset[str]:
    """Return the modules that CPython itself always links (`Modules/Setup.bootstrap`, since 3.11)."""
    bootstrap = installation.config / "Setup.bootstrap"
    named = objects.module_names(files.read(bootstrap)) if bootstrap.is_file() else ()
    return frozenset(named) | {extension.name for extension in plan.extensions if extension.in_core}
