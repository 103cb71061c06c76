"""The catalog's data about CPython for Windows, compared with a source tree."""

from __future__ import annotations

import dataclasses

import pytest

from setup_local.catalog.windows import WindowsCatalog, WindowsLibrary, WindowsModule, load_windows
from setup_local.plan.reconcile import Kind
from setup_local.plan.reconcile_windows import WindowsSource, reconcile_windows

REAL = load_windows()
PORT = REAL.ports["x86_64"]
CATALOG: WindowsCatalog = dataclasses.replace(
    REAL,
    table=dataclasses.replace(REAL.table, modules=("zlib", "marshal"), init={"marshal": "PyMarshal_Init"}),
    modules=(WindowsModule(name="_socket"),),
    libraries=(WindowsLibrary(name="zlib", archives=("libz.a",), sources=("crc32.c",), project="pythoncore"),),
    programs=(),
    absent={"_wmi": "why"},
)
PROJECT = r"""<Project><ItemDefinitionGroup><Link>
<AdditionalDependencies>{library}</AdditionalDependencies></Link></ItemDefinitionGroup>
<ItemGroup>{units}</ItemGroup></Project>"""


def project(*units: str, library: str = "ws2_32.lib") -> str:
    return PROJECT.format(library=library, units="".join(f'<ClCompile Include="{unit}" />' for unit in units))


TEXTS = {
    "PC/config.c": '{"zlib", PyInit_zlib},\n{"marshal", PyMarshal_Init},\n',
    "PCbuild/pcbuild.proj": '<ExtensionModules Include="_socket;_wmi" />',
    "PCbuild/pythoncore.vcxproj": project(r"..\Modules\a.c", r"$(zlibDir)\crc32.c", library="pathcch.lib"),
    "PCbuild/python3dll.vcxproj": project(library=r"out\liblzma.lib"),
    "PCbuild/_socket.vcxproj": project(r"..\Modules\socketmodule.c"),
}
FILES = frozenset({"Modules/a.c", "Modules/socketmodule.c"})


def found(texts: dict[str, str], files: frozenset[str] = FILES) -> list[tuple[Kind, str]]:
    source = WindowsSource(text=(TEXTS | texts).__getitem__, files=files, version=(3, 13, 5))
    return [(item.kind, item.module) for item in reconcile_windows(CATALOG, PORT, source)]


def test_a_matching_tree_has_no_disagreements() -> None:
    assert found({}) == []


def test_libraries_without_a_dll_are_known() -> None:
    (static,) = REAL.imports.within
    assert found({"PCbuild/_socket.vcxproj": project(r"..\Modules\socketmodule.c", library=f"{static}.lib")}) == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"PC/config.c": TEXTS["PC/config.c"] + '{"new", PyInit_new},'}, (Kind.NOT_IN_CATALOG, "new")),
        ({"PC/config.c": '{"zlib", PyInit_zlib},'}, (Kind.NOT_UPSTREAM, "marshal")),
        ({"PC/config.c": '{"zlib", Other},\n{"marshal", PyMarshal_Init},'}, (Kind.INIT, "zlib")),
        ({"PCbuild/pcbuild.proj": '<ExternalModules Include="_socket;_wmi;_x" />'}, (Kind.NOT_IN_CATALOG, "_x")),
        (
            {"PCbuild/pcbuild.proj": TEXTS["PCbuild/pcbuild.proj"] + '<TestModules Include="_t" />'},
            (Kind.NOT_IN_CATALOG, "_t"),
        ),
        ({"PCbuild/pcbuild.proj": '<ExtensionModules Include="_socket" />'}, (Kind.NOT_UPSTREAM, "_wmi")),
        ({"PCbuild/_socket.vcxproj": project(r"..\Modules\b.c")}, (Kind.NO_SUCH_SOURCE, "_socket")),
        (
            {"PCbuild/_socket.vcxproj": project(r"..\Modules\socketmodule.c", library="new.lib")},
            (Kind.NOT_IN_CATALOG, "_socket"),
        ),
        (
            {"PCbuild/pythoncore.vcxproj": project(r"$(zlibDir)\crc32.c", r"$(zlibDir)\new.c")},
            (Kind.OTHER_SOURCES, "zlib"),
        ),
    ],
)
def test_each_disagreement_is_found(texts: dict[str, str], expected: tuple[Kind, str]) -> None:
    assert found(texts) == [expected]
