"""Project files of MSBuild: conditions, properties, definitions, items."""

from __future__ import annotations

import pytest

from setup_local.errors import CatalogError
from setup_local.plan.msbuild import condition, evaluate, expand

PROJECT = """<?xml version="1.0"?>
<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003">
  <Import Project="common.props" />
  <Import Project="elsewhere.props" />
  <PropertyGroup>
    <Given>mine</Given>
    <Name Condition="$(Name) == ''">core</Name>
    <Name Condition="'$(Configuration)' == 'Debug'">core_d</Name>
    <Computed Condition="$([System.Version]::Parse($(X)).Major) == '3'">never</Computed>
  </PropertyGroup>
  <ItemDefinitionGroup>
    <ClCompile>
      <PreprocessorDefinitions>ONE;%(PreprocessorDefinitions)</PreprocessorDefinitions>
      <PreprocessorDefinitions Condition="$(More)">TWO;%(PreprocessorDefinitions)</PreprocessorDefinitions>
    </ClCompile>
  </ItemDefinitionGroup>
  <ItemGroup>
    <ClCompile Include="$(Name).c" />
    <ClCompile Include="own.c">
      <PreprocessorDefinitions>OWN;%(PreprocessorDefinitions)</PreprocessorDefinitions>
    </ClCompile>
    <ClCompile Include="debug.c" Condition="'$(Configuration)' == 'Debug'" />
  </ItemGroup>
  <Target Name="Never"><ItemGroup><ClCompile Include="target.c" /></ItemGroup></Target>
</Project>
"""
COMMON = """<Project><ItemDefinitionGroup><ClCompile>
<PreprocessorDefinitions>ZERO;%(PreprocessorDefinitions)</PreprocessorDefinitions>
</ClCompile></ItemDefinitionGroup></Project>"""


def read(name: str) -> str | None:
    return COMMON if name == "common.props" else None


def test_a_project_is_read_from_top_to_bottom() -> None:
    found = evaluate(PROJECT, {"Given": "yours", "More": "true"}, read)
    assert found.properties["Given"] == "yours"
    assert found.properties["Name"] == "core"
    assert "Computed" not in found.properties
    assert found.definitions["ClCompile.PreprocessorDefinitions"].split(";")[:3] == ["TWO", "ONE", "ZERO"]
    assert [item.include for item in found.items] == ["core.c", "own.c"]
    assert found.items[1].metadata["PreprocessorDefinitions"].split(";")[:2] == ["OWN", "TWO"]


def test_another_configuration_has_other_items() -> None:
    found = evaluate(PROJECT, {"Configuration": "Debug"}, read)
    assert [item.include for item in found.items] == ["core_d.c", "own.c", "debug.c"]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("'$(A)' == 'x'", True),
        ("$(A) != 'x'", False),
        ("'$(A)' == 'X' and $(B) == ''", True),
        ("$(B) != '' or '$(A)'=='x'", True),
        ("!($(C))", False),
        ("$(C) and Exists('$(A)')", False),
        ("!HasTrailingSlash($(D))", False),
        ("$(B)", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:  # noqa: FBT001
    assert condition(text, {"A": "x", "C": "true", "D": "dir\\"}) is holds


@pytest.mark.parametrize("text", ["'a' ==", "'a' == 'b' 'c'", "( 'a' == 'a'", "'a' < 'b'"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(CatalogError):
        condition(text, {})


def test_what_is_not_xml_is_refused() -> None:
    with pytest.raises(CatalogError, match="not XML"):
        evaluate("<Project>", {}, read)


def test_properties_that_are_not_set_are_empty() -> None:
    assert expand("$(A)-$(B)", {"A": "x"}) == "x-"
