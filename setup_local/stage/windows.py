"""Lays out a Windows distribution: the tree of python.org's installation, with the parts of the build next to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local.build.launcher import HostPython
from setup_local.catalog.windows import WindowsCatalog, WindowsNames
from setup_local.errors import StageError
from setup_local.plan.model import Plan
from setup_local.plan.windows import windows_names
from setup_local.render import render
from setup_local.stage import files, licenses, objects, tcl
from setup_local.stage.bytecode import compile_library
from setup_local.stage.staged import RUN_TESTS, TREE, StagedTree
from setup_local.stage.tree import Results, link_order, place_profile
from setup_local.stage.windows_pip import install_pip

# The source of the statically linked C runtime, by name.
RUNTIME = "ziglang"
PYTHON_EXE = "install/python.exe"
INITTAB_SOURCE = "PC/config.c"
INITTAB_OBJECT = "objects/core/PC_config.c.o"
_PRODUCTS = "products"
_CORE = "core"
_BYTECODE = frozenset({"__pycache__"})
# Files that are loaded by their own name are next to python.exe; import libraries are where setuptools searches for
# them.
_PLACES = {".exe": "", ".dll": "", ".lib": "libs", ".pyd": "DLLs"}


def stage_windows(plan: Plan, results: Results, runtime: Path, out: Path, jobs: int = 2) -> StagedTree:
    """Lay out `out/python` from the results of the build steps.

    `runtime` is the sysroot; mingw-w64's static library in it is part of every link. Raises `StageError`, `OutputError`.
    """
    root = out / TREE
    install = root / "install"
    recipe = plan.recipes.windows
    names = windows_names(plan)
    _place_installation(recipe, names, results.cpython, install)
    tcl_paths = tcl.place_scripts(results.libraries, install / "tcl")
    launcher = f"pip/_vendor/distlib/{names.port.launcher}"
    install_pip(install, f"{plan.python.major}.{plan.python.minor}", launcher)
    shares = _place_objects(plan, results.cpython, root / "build")
    place_profile(plan, results.cpython / "build", root / "build")
    support = {RUNTIME: runtime} if recipe.runtime.archive else {}
    archives = _place_archives(plan, results, support, root / "build" / "lib")
    libraries = {**results.libraries, **support}
    licenses.collect(root, results.cpython, libraries, text="LICENSE")
    files.write(root / RUN_TESTS, render("run_tests.py.j2", {"python_exe": PYTHON_EXE}), executable=True)
    if results.build_python is None:
        raise StageError("needs a Python that runs here, but none was built", where=PYTHON_EXE)
    compile_library(install, HostPython(program=results.build_python), plan.sysconfig.bytecode.checked, jobs)
    return StagedTree(
        root=root,
        python_exe=PYTHON_EXE,
        libpython="",
        shared_libpython=f"install/{names.dll}.dll",
        objects=shares,
        inittab=objects.inittab(files.read(root / "build" / INITTAB_SOURCE)),
        inittab_cflags=recipe.code.builtin,
        required=frozenset(recipe.table.modules),
        system_libraries=recipe.imports.static,
        archives=archives,
        licenses={name: licenses.file_name(name) for name in (licenses.CPYTHON, *libraries)},
        tcl_library_paths=tcl_paths,
        inittab_object=INITTAB_OBJECT,
        inittab_source=INITTAB_SOURCE,
    )


def _place_installation(recipe: WindowsCatalog, names: WindowsNames, built: Path, install: Path) -> None:
    """Place programs, DLLs, import libraries, the standard library and the headers."""
    programs = [program.paths(names) for program in recipe.programs]
    own = {Path(paths[0]).name: paths for paths in programs}
    for path in sorted((built / _PRODUCTS).iterdir()):
        if path.suffix in _PLACES:
            for place in own.get(path.name, (f"{_PLACES[path.suffix]}/{path.name}".lstrip("/"),)):
                files.place(path, install / place)
    files.place_tree(built / "Lib", install / "Lib", without=_BYTECODE)
    files.place_tree(built / "Include", install / "Include")
    files.place(built / "PC" / "pyconfig.h", install / "Include" / "pyconfig.h")
    files.place(built / "LICENSE", install / "LICENSE.txt")


def _place_objects(plan: Plan, built: Path, target: Path) -> objects.Objects:
    """Place the objects of each module and those of the core, and the linker's map of these; return the objects' owners."""
    for path in sorted((built / _PRODUCTS).glob("*.map")):  # only optimized builds have one
        files.place(path, target / path.name)
    planned = {item.name for item in plan.linked_extensions}
    owned: dict[str, tuple[str, ...]] = dict.fromkeys(planned, ())
    for directory in sorted(path for path in (built / "objects").iterdir() if path.is_dir()):
        names = tuple(f"objects/{directory.name}/{path.name}" for path in sorted(directory.glob("*.o")))
        for name in names:
            place = name if directory.name in {_CORE, *planned} else f"Programs/{Path(name).name}"
            files.place(built / name, target / place)
        owned[directory.name] = names
    files.place(built / INITTAB_SOURCE, target / INITTAB_SOURCE)
    core = tuple(name for name in owned[_CORE] if name != INITTAB_OBJECT)
    return objects.Objects(core=core, extensions={name: owned[name] for name in sorted(planned)})


def _place_archives(plan: Plan, results: Results, support: Mapping[str, Path], target: Path) -> dict[str, str]:
    """Place the static libraries that are linked; return the library of each, in link order.

    `support` is the sysroot by the name of its source, unless its static libraries are not ours to pass on.
    """
    owners = {
        path.name: (name, path)
        for name, prefix in results.libraries.items()
        for path in sorted((prefix / "lib").glob("*.a"))
    }
    linked = link_order(extension.archives for extension in plan.linked_extensions)
    if missing := [archive for archive in linked if archive not in owners]:
        raise StageError(f"no library provides {', '.join(missing)}", where=target)
    for name, sysroot in support.items():
        archive = plan.recipes.windows.runtime.archive
        owners[archive] = (name, sysroot / "lib" / archive)
    rest = [archive for archive, (name, _) in owners.items() if name not in {item.name for item in plan.libraries}]
    archives = {archive: owners[archive][0] for archive in dict.fromkeys((*linked, *rest))}
    for archive in archives:
        files.place(owners[archive][1], target / archive)
    return archives
