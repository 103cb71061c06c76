"""Whether the interpreter gets a post-link layout: by default where possible, and the name shows it."""

from __future__ import annotations

import dataclasses

import pytest

from setup_local.archive_name import parse_name
from setup_local.catalog.catalogs import load_catalogs
from setup_local.commands.variant_options import choose_layout
from setup_local.errors import RequestError
from setup_local.plan.resolve import resolve
from setup_local.values import OPTIMIZED, LayoutChoice, Linkage, LlvmToolsChoice, Request, ToolchainChoice

FASTEST = Request(python="3.13.5", options=OPTIMIZED)
WITHOUT = dataclasses.replace(FASTEST, layout=LayoutChoice.NONE)


@pytest.mark.parametrize("tools", LlvmToolsChoice)
def test_the_layout_does_not_depend_on_where_its_tools_come_from(tools: LlvmToolsChoice) -> None:
    plan = resolve(dataclasses.replace(FASTEST, llvm_tools=tools), load_catalogs())
    assert plan.configure.relayout == load_catalogs().cpython.relayout
    assert plan.options_text == "pgo+lto"


def test_a_layout_that_is_left_out_changes_the_link_and_is_named() -> None:
    plan = resolve(WITHOUT, load_catalogs())
    assert plan.configure.relayout is None
    assert plan.options_text == "pgo+lto+without_layout"
    assert plan.optimizations_text == "pgo+lto"


def test_indexes_can_read_the_name_of_an_archive_without_layout() -> None:
    found = parse_name(resolve(WITHOUT, load_catalogs()).archive_name)
    assert found is not None
    assert found.build_options == "pgo+lto+without_layout"


@pytest.mark.parametrize("changed", [{"options": "noopt"}, {"options": "pgo"}, {"libpython": Linkage.SHARED}])
def test_what_has_no_layout_cannot_leave_it_out(changed: dict[str, object]) -> None:
    request = dataclasses.replace(WITHOUT, **changed)
    with pytest.raises(RequestError, match="there is no layout to leave out"):
        resolve(request, load_catalogs())
    plan = resolve(dataclasses.replace(request, layout=LayoutChoice.AUTO), load_catalogs())
    assert plan.configure.relayout is None
    assert "without_layout" not in plan.archive_stem


def test_with_the_hosts_llvm_the_layout_must_be_left_out_by_name() -> None:
    request = dataclasses.replace(FASTEST, toolchain=ToolchainChoice.LLVM)
    with pytest.raises(RequestError) as caught:
        resolve(request, load_catalogs())
    assert caught.value.hint == "do without it: --options pgo+lto --no-layout"
    plan = resolve(dataclasses.replace(request, layout=LayoutChoice.NONE), load_catalogs())
    assert plan.archive_stem.endswith("-pgo+lto+without_layout")


def test_the_bootstrapped_toolchain_has_the_tool_for_the_layout() -> None:
    plan = resolve(dataclasses.replace(FASTEST, toolchain=ToolchainChoice.BOOTSTRAP), load_catalogs())
    assert plan.configure.relayout == load_catalogs().cpython.relayout
    assert plan.toolchain == "bootstrap"


def test_the_options_of_the_command_line() -> None:
    assert choose_layout(optimized=False, no_layout=True) is LayoutChoice.NONE
    assert choose_layout(optimized=True, no_layout=False) is LayoutChoice.AUTO
    with pytest.raises(RequestError, match="--optimized includes the layout"):
        choose_layout(optimized=True, no_layout=True)
