"""Reading sources, defines, directories and libraries from CPython's project files."""

from __future__ import annotations

import pytest

from setup_local.errors import CatalogError
from setup_local.plan.vcxproj import Frozen, ProjectReader

SOCKET = r"""<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003">
  <Import Project="pyproject.props" />
  <ItemDefinitionGroup>
    <Link>
      <AdditionalDependencies>Ws2_32.lib;%(AdditionalDependencies)</AdditionalDependencies>
      <AdditionalOptions>/EXPORT:DllGetClassObject,PRIVATE /EXPORT:Other /OPT:REF %(AdditionalOptions)</AdditionalOptions>
      <SubSystem>Console</SubSystem>
      <StackReserveSize>2000000</StackReserveSize>
    </Link>
  </ItemDefinitionGroup>
  <ItemGroup>
    <ClCompile Include="..\Modules\socketmodule.c" />
    <ClCompile Include="$(zlibDir)\crc32.c"><PreprocessorDefinitions>A="$(Text)"</PreprocessorDefinitions></ClCompile>
    <ResourceCompile Include="..\PC\python_nt.rc" />
    <None Include="..\Lib\abc.py"><ModName>abc</ModName><OutFile>$(Frozen)Python\frozen_modules\abc.h</OutFile></None>
  </ItemGroup>
</Project>"""
COMMON = r"""<Project><ItemDefinitionGroup><ClCompile>
  <AdditionalIncludeDirectories>$(PySourcePath)Include;$(zlibDir);..\Modules\x</AdditionalIncludeDirectories>
  <PreprocessorDefinitions>WIN32;NDEBUG;WIN32</PreprocessorDefinitions>
</ClCompile></ItemDefinitionGroup></Project>"""
TEXTS = {"_socket.vcxproj": SOCKET, "pyproject.props": COMMON}
PROPERTIES = {"PySourcePath": "{tree}\\", "zlibDir": "{tree}\\externals\\zlib", "Frozen": "{tree}\\", "Text": "x"}


def reader(**properties: str) -> ProjectReader:
    return ProjectReader(text=TEXTS.__getitem__, properties=PROPERTIES | properties, imports=("pyproject.props",))


def test_a_project() -> None:
    project = reader().read("_socket")
    assert [unit.source for unit in project.units] == ["Modules/socketmodule.c", "externals/zlib/crc32.c"]
    assert project.units[0].defines == ("WIN32", "NDEBUG")
    assert project.units[0].includes == ("Include", "externals/zlib", "Modules/x")
    assert project.units[1].defines == ('A="x"',)
    assert project.resources == ("PC/python_nt.rc",)
    assert project.libraries == ("ws2_32.lib",)
    assert project.exports == ("DllGetClassObject,PRIVATE", "Other")
    assert (project.subsystem, project.stack) == ("console", 2000000)
    assert project.frozen == (Frozen(module="abc", source="Lib/abc.py", header="Python/frozen_modules/abc.h"),)


def test_functions_that_are_not_evaluated_are_refused() -> None:
    with pytest.raises(CatalogError, match="not evaluated"):
        reader(Text="$([System.IO.File]::ReadAllText(`x`))").read("_socket")
