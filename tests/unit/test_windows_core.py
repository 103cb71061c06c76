"""Commands that build CPython for Windows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from setup_local.build.windows.compiler import Compiler, object_name
from setup_local.build.windows.core import CodeMaker, forwarder_definition, freeze_commands, libraries_of
from setup_local.build.windows.cpython import CoreBuild, cpython_commands, with_modules
from setup_local.build.windows.link import Link, link_command
from setup_local.build.windows.sysroot import without_sizes
from setup_local.catalog.patches import load_patch
from setup_local.catalog.windows import WindowsModule, WindowsNames, load_windows
from setup_local.describe.windows import read_abi_flags
from setup_local.errors import StepError
from setup_local.plan.vcxproj import Frozen, Project, Unit
from setup_local.values import Linkage

CATALOG = load_windows()
PORT = CATALOG.ports["x86_64"]
NAMES = WindowsNames(version=(3, 13, 5), port=PORT)
FREETHREADED = dataclasses.replace(NAMES, flags="t")
COMPILER = Compiler(
    program=Path("/zig"),
    resources=Path("/clang"),
    sysroot=Path("/sysroot"),
    headers=CATALOG.compiler.headers,
    search=CATALOG.compiler.search,
    target=PORT.target,
    dlltool=("-m", PORT.dlltool),
    rcflags=CATALOG.compiler.resources,
    cflags=("-m64",),
)
MAKER = CodeMaker(compiler=COMPILER, code=CATALOG.code, cflags=PORT.cflags, deps="../deps", external="externals")
PROJECT = Project(name="x", target="x", units=(), resources=(), libraries=(), subsystem="", stack=0)


def test_sources_of_libraries_are_not_compiled_with_cpython() -> None:
    units = [
        Unit(source="Modules/a.c", defines=("X",), includes=("Include", "externals/zlib")),
        Unit(source="externals/zlib/crc32.c", defines=(), includes=()),
    ]
    (command,) = MAKER.objects(units, "core").values()
    assert command.outputs == ("objects/core/Modules_a.c.o",)
    assert "-DX" in command.words
    assert "-IInclude" in command.words
    assert not any("externals" in word for word in command.words)
    assert command.words.index("-I../deps/include") < command.words.index("-IInclude")


def test_some_macros_are_replaced() -> None:
    unit = Unit(source="a.c", defines=tuple(CATALOG.code.replaced), includes=())
    (command,) = MAKER.objects([unit], "core").values()
    for old, new in CATALOG.code.replaced.items():
        assert f"-D{old}" not in command.words
        assert f"-D{new}" in command.words


def test_programs_and_dlls_have_their_own_entry_points() -> None:
    link = Link(target="a.exe", start="crt2u.o", objects=["a.o"], stack=5)
    assert "/entry:mainCRTStartup" in link.shape(PORT.dll_entry)
    assert "/stack:5" in link.shape(PORT.dll_entry)
    assert "/entry:WinMainCRTStartup" in dataclasses.replace(link, subsystem="windows").shape(PORT.dll_entry)
    dll = dataclasses.replace(link, is_dll=True, implib="a.lib", definition="a.def")
    assert {"/dll", "/entry:DllMainCRTStartup", "/implib:a.lib", "/def:a.def"} <= set(dll.shape(PORT.dll_entry))
    assert link_command(COMPILER, CATALOG, PORT, dll).outputs == ("a.exe", "a.lib")
    assert link_command(COMPILER, CATALOG, PORT, dll).inputs == ("a.o", "a.def")


def test_the_entry_point_of_32_bit_dlls_has_a_decorated_name() -> None:
    port = CATALOG.ports["i686"]
    words = link_command(
        COMPILER, CATALOG, port, Link(target="a.dll", start="dllcrt2.o", objects=["a.o"], is_dll=True)
    ).answers
    assert "/entry:DllMainCRTStartup@12" in words
    assert set(port.ldflags) <= set(words)


def test_decorated_functions_also_have_the_name_that_microsofts_linker_gives_them() -> None:
    link = Link(target="a.pyd", start="dllcrt2.o", objects=["a.o"], is_dll=True, stdcall=("send@16",))
    assert "/export:send@16,EXPORTAS,_send@16" in link.shape(PORT.dll_entry)


def test_functions_that_the_source_does_not_export_are_named_to_the_linker() -> None:
    link = Link(target="a.pyd", start="dllcrt2.o", objects=["a.o"], is_dll=True, exports=("DllGetClassObject,PRIVATE",))
    assert "/export:DllGetClassObject,PRIVATE" in link.shape(PORT.dll_entry)


def test_modules_are_separate_files_on_request() -> None:
    assert CATALOG.linked(Linkage.STATIC) is CATALOG
    assert not all(module.is_shared for module in CATALOG.modules)
    shared = CATALOG.linked(Linkage.SHARED)
    assert [module.name for module in shared.modules] == [module.name for module in CATALOG.modules]
    assert all(module.is_shared for module in shared.modules)


def test_names_contain_version_and_abi_flags() -> None:
    assert (NAMES.dll, NAMES.forwarder, NAMES.module, NAMES.tag) == ("python313", "python3", ".pyd", "cp313-win_amd64")
    assert (FREETHREADED.dll, FREETHREADED.forwarder) == ("python313t", "python3t")
    assert (FREETHREADED.module, FREETHREADED.tag) == (".cp313t-win_amd64.pyd", "cp313t-win_amd64")
    programs = {program.project: program for program in CATALOG.programs}
    assert programs["python"].paths(NAMES) == ("python.exe",)
    assert programs["python"].paths(FREETHREADED) == ("python.exe", "python3.13t.exe")
    assert programs["venvlauncher"].paths(FREETHREADED) == ("Lib/venv/scripts/nt/venvlaunchert.exe",)
    assert CATALOG.projects.filled(FREETHREADED)["PyStdlibPydExt"] == ".cp313t-win_amd64.pyd"
    assert CATALOG.projects.filled(FREETHREADED)["SysWinVer"] == "3.13t"


@pytest.mark.parametrize(("arch", "winver"), [("x86_64", "3.13"), ("i686", "3.13-32"), ("aarch64", "3.13-arm64")])
def test_the_users_packages_of_each_processor_have_their_own_directory(arch: str, winver: str) -> None:
    names = dataclasses.replace(NAMES, port=CATALOG.ports[arch])
    assert CATALOG.projects.filled(names)["SysWinVer"] == winver


@pytest.mark.parametrize("names", [NAMES, FREETHREADED], ids=["with the GIL", "without"])
def test_the_name_of_the_stable_abis_dll_is_complete_in_the_code(names: WindowsNames) -> None:
    unit = Unit(source="a.c", defines=(f'PY3_DLLNAME=L"{names.forwarder}"',), includes=())
    maker = dataclasses.replace(MAKER, code=CATALOG.code.named(names))
    (command,) = maker.objects([unit], "core").values()
    assert f'-DPY3_DLLNAME=L"{names.forwarder}.dll"' in command.words


def test_abi_flags_are_those_of_the_configuration_that_was_compiled() -> None:
    (edit,) = load_patch("cpython-windows-freethreaded.toml").edits
    assert read_abi_flags(edit.find) == "", "this Python would be described as one with the GIL, and refused"
    assert read_abi_flags(edit.replace) == "t"


def test_without_the_gil_there_is_no_stable_abi(tmp_path: Path) -> None:
    build = CoreBuild(
        tree=tmp_path, names=FREETHREADED, compiler=COMPILER, catalog=CATALOG, deps="deps", python="python3"
    )
    module = WindowsModule(name="_x", is_shared=True, is_limited=True)
    assert build.interpreter_library(module) == "products/python313t.lib"
    with_it = dataclasses.replace(build, names=NAMES)
    assert with_it.interpreter_library(module) == "products/python3.lib"


def test_the_forwarder_exports_the_names_in_its_source() -> None:
    text = "EXPORT_FUNC(PyArg_Parse)\nEXPORT_DATA(PyBool_Type)\n#define EXPORT_FUNC(name) x\n"
    assert forwarder_definition(text, "python3.dll", "python313") == (
        'LIBRARY "python3.dll"\nEXPORTS\nPyArg_Parse=python313.PyArg_Parse\nPyBool_Type=python313.PyBool_Type DATA\n'
    )


def test_modules_are_added_to_the_table() -> None:
    text = "/* -- ADDMODULE MARKER 1 -- */\n{\n/* -- ADDMODULE MARKER 2 -- */\n}"
    assert with_modules(text, ["_x"]) == (
        "/* -- ADDMODULE MARKER 1 -- */\nextern PyObject* PyInit__x(void);\n\n{\n"
        '/* -- ADDMODULE MARKER 2 -- */\n    {"_x", PyInit__x},\n\n}'
    )
    with pytest.raises(StepError, match="0 times"):
        with_modules("no place", ["_x"])


def test_import_libraries_that_projects_name() -> None:
    project = dataclasses.replace(PROJECT, libraries=("ws2_32.lib", "pathcch.lib", "libcrypto.lib"))
    assert libraries_of([project], {"pathcch": "api-x"}, ["ws2_32", "api-x"]) == ["ws2_32", "api-x"]


def test_sizes_of_arguments_are_removed_from_names() -> None:
    assert without_sizes("EXPORTS\nsend@16\nWSAFDIsSet @151\n") == "EXPORTS\nsend\nWSAFDIsSet @151\n"


def test_modules_are_frozen_by_a_python_of_the_host() -> None:
    (command,) = freeze_commands([Frozen(module="abc", source="Lib/abc.py", header="abc.h")], "/python3")
    assert command.words[0] == "/python3"
    assert command.words[-3:] == ("abc", "Lib/abc.py", "abc.h")


def test_objects_of_one_directory_have_different_names() -> None:
    assert object_name("Modules/_sre/sre.c") != object_name("Modules/sre.c")


@pytest.mark.parametrize(("limited", "library"), [(False, "products/python313.lib"), (True, "products/python3.lib")])
def test_shared_modules_are_files_that_link_the_interpreter(tmp_path: Path, *, limited: bool, library: str) -> None:
    (tmp_path / "PCbuild").mkdir()
    projects = CATALOG.projects
    for name in (projects.frozen, projects.core, projects.forwarder, "_x"):
        text = rf'<Project><ItemGroup><ClCompile Include="..\Modules\{name}.c" /></ItemGroup></Project>'
        (tmp_path / "PCbuild" / f"{name}.vcxproj").write_text(text, encoding="utf-8")
    module = WindowsModule(
        name="_x",
        is_shared=True,
        is_limited=limited,
        imports=("gdi32", "ws2_32"),
        resources=("x.res",),
        stdcall=("f@4",),
    )
    catalog = dataclasses.replace(CATALOG, modules=(module,), programs=())
    build = CoreBuild(
        tree=tmp_path,
        names=NAMES,
        compiler=COMPILER,
        catalog=catalog,
        deps="deps",
        python="python3",
    )
    commands = {command.outputs[0]: command for command in cpython_commands(build)}
    assert commands["products/_x.pyd"].inputs == ("objects/_x/Modules__x.c.o", "deps/lib/x.res", library)
    assert "/sysroot/lib/libgdi32.a" in commands["products/_x.pyd"].answers
    assert "objects/_x/Modules__x.c.o" not in commands["products/python313.dll"].inputs
    assert not set(catalog.code.builtin) & set(commands["objects/_x/Modules__x.c.o"].words)
    assert "/export:f@4,EXPORTAS,_f@4" not in commands["products/_x.pyd"].answers
    for_32_bits = dataclasses.replace(build, names=dataclasses.replace(NAMES, port=CATALOG.ports["i686"]))
    commands = {command.outputs[0]: command for command in cpython_commands(for_32_bits)}
    assert "/export:f@4,EXPORTAS,_f@4" in commands["products/_x.pyd"].answers
