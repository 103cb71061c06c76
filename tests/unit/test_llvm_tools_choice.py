"""The origin of LLVM's tools: packages first, LLVM's source where there are none, or the requested one."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import World

from setup_local.commands.means_options import choose_toolchain
from setup_local.errors import RequestError, SourceError
from setup_local.values import (
    OPTIMIZED,
    WITHOUT_LAYOUT,
    LayoutChoice,
    LlvmToolsChoice,
    Request,
    ToolchainChoice,
)


def tools(
    world: World,
    choice: LlvmToolsChoice = LlvmToolsChoice.AUTO,
    options: str = OPTIMIZED,
    layout: LayoutChoice = LayoutChoice.AUTO,
) -> set[str]:
    """Return the sources of the tools that a build uses, all of them fetched."""
    supply = world.supply(Request(python="cpython-3.13.5", options=options, llvm_tools=choice, layout=layout))
    assert (supply.plan.configure.relayout is None) == (layout is LayoutChoice.NONE or options != OPTIMIZED)
    return {source.name for source in (supply.plan.profiling.tools if supply.plan.profiling else ())}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_packages_are_taken_where_they_can_be_had(world: World) -> None:
    assert tools(world) == set(world.catalogs.llvm_tools.packages.sources)
    assert not any("compiling the tools" in line for line in world.said)


def test_without_one_of_the_packages_the_tools_are_compiled_and_that_is_said(world: World) -> None:
    world.lose("libtinfo6")
    assert tools(world) == set(world.catalogs.llvm_tools.source.sources)
    assert [line for line in world.said if "so the tools are compiled once: libtinfo6-" in line]


def test_source_can_be_asked_for(world: World) -> None:
    assert tools(world, LlvmToolsChoice.SOURCE) == set(world.catalogs.llvm_tools.source.sources)


def test_packages_that_are_asked_for_are_not_replaced(world: World) -> None:
    world.lose("libtinfo6")
    with pytest.raises(SourceError, match="libtinfo6"):
        tools(world, LlvmToolsChoice.PACKAGES)


def test_with_neither_the_last_way_is_the_error(world: World) -> None:
    world.lose("libtinfo6", "llvm")
    with pytest.raises(SourceError, match=r"llvm-22\.1\.8") as caught:
        tools(world)
    assert WITHOUT_LAYOUT not in str(caught.value), "without layout, the merger of profiles is missing all the same"


@pytest.mark.parametrize("lost", [("bolt-22", "cmake"), ("bolt-22", "bolt")])
def test_where_only_the_layout_is_impossible_one_line_names_the_way_out(world: World, lost: tuple[str, ...]) -> None:
    world.lose(*lost)
    with pytest.raises(SourceError) as caught:
        tools(world)
    assert str(caught.value).startswith("the layout's tools are not available: ")
    assert str(caught.value).endswith("(do without it: --options pgo+lto --no-layout)")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("choice", "left_out"),
    [(LlvmToolsChoice.AUTO, {"bolt-22", "libbolt-22-dev"}), (LlvmToolsChoice.SOURCE, {"bolt"})],
)
def test_without_layout_its_tools_are_not_asked_for(world: World, choice: LlvmToolsChoice, left_out: set[str]) -> None:
    with_layout = tools(world, choice)
    world.lose(*left_out)
    assert tools(world, choice, layout=LayoutChoice.NONE) == with_layout - left_out


def test_a_plain_build_asks_for_no_tools(world: World) -> None:
    world.lose("libtinfo6", "llvm", "cmake")
    assert tools(world, options="noopt") == set()


def test_a_directory_of_an_llvm_means_that_toolchain(tmp_path: Path) -> None:
    assert choose_toolchain(ToolchainChoice.AUTO, tmp_path) is ToolchainChoice.LLVM
    assert choose_toolchain(ToolchainChoice.LLVM, tmp_path) is ToolchainChoice.LLVM
    assert choose_toolchain(ToolchainChoice.AUTO, None) is ToolchainChoice.AUTO
    with pytest.raises(RequestError, match="--llvm is a directory for --toolchain llvm, not zig"):
        choose_toolchain(ToolchainChoice.ZIG, tmp_path)
