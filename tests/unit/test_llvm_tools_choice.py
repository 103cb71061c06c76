"""Where LLVM's tools come from: packages first, LLVM's source where there are none, or what was asked for."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from setup_local import pipeline
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.sources import Form, Source, Sources
from setup_local.commands.build import choose_toolchain
from setup_local.errors import RequestError, SourceError
from setup_local.fetch import Fetcher
from setup_local.plan.resolve import resolve
from setup_local.values import OPTIMIZED, LlvmToolsChoice, Request, ToolchainChoice


class World:
    """The real catalogs with tiny sources, which a mirror directory holds."""

    def __init__(self, top: Path) -> None:
        self.mirror, self.cache = top / "mirror", top / "cache"
        self.mirror.mkdir()
        self.said: list[str] = []
        catalogs = load_catalogs()
        tiny = tuple(self._tiny(source) for source in catalogs.sources.sources)
        self.catalogs: Catalogs = dataclasses.replace(catalogs, sources=Sources(sources=tiny))

    def _tiny(self, source: Source) -> Source:
        data = source.identity.encode()
        form = Form(file=f"{source.identity}.tar", sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        (self.mirror / form.file).write_bytes(data)
        return Source(name=source.name, version=source.version, forms=(form,))

    def lose(self, *names: str) -> None:
        for source in self.catalogs.sources.select(names):
            (self.mirror / source.forms[0].file).unlink()

    def tools(self, choice: LlvmToolsChoice = LlvmToolsChoice.AUTO, options: str = OPTIMIZED) -> set[str]:
        """Return which sources of tools a build would take, all of them fetched."""
        fetcher = Fetcher(self.cache, mirrors=(str(self.mirror),), offline=True, report=lambda _: None, environ={})
        request = Request(
            python="cpython-3.13.5",
            target_triple="x86_64-unknown-linux-gnu",
            glibc=None,
            toolchain=ToolchainChoice.AUTO,
            options=options,
            llvm_tools=choice,
        )
        planned = resolve(request, self.catalogs)
        plan = pipeline.with_obtainable_tools(planned, request, self.catalogs, fetcher, self)
        return {
            item.source.name for item in fetcher.obtain_all(plan.profiling.tools if plan.profiling else ()).values()
        }

    def message(self, text: str) -> None:
        self.said.append(text)

    def planned(self, total: int, cached: int) -> None: ...
    def started(self, name: str) -> None: ...
    def finished(self, name: str, seconds: float) -> None: ...
    def failed(self, name: str) -> None: ...


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_packages_are_taken_where_they_can_be_had(world: World) -> None:
    assert world.tools() == set(world.catalogs.llvm_tools.packages.sources)
    assert not any("compiling the tools" in line for line in world.said)


def test_without_one_of_the_packages_the_tools_are_compiled_and_that_is_said(world: World) -> None:
    world.lose("libtinfo6")
    assert world.tools() == set(world.catalogs.llvm_tools.source.sources)
    assert [line for line in world.said if "compiling the tools, once: libtinfo6-" in line]


def test_source_can_be_asked_for(world: World) -> None:
    assert world.tools(LlvmToolsChoice.SOURCE) == set(world.catalogs.llvm_tools.source.sources)


def test_packages_that_are_asked_for_are_not_replaced(world: World) -> None:
    world.lose("libtinfo6")
    with pytest.raises(SourceError, match="libtinfo6"):
        world.tools(LlvmToolsChoice.PACKAGES)


def test_with_neither_the_last_way_is_the_error(world: World) -> None:
    world.lose("libtinfo6", "llvm")
    with pytest.raises(SourceError, match=r"llvm-22\.1\.8"):
        world.tools()


def test_a_plain_build_asks_for_no_tools(world: World) -> None:
    world.lose("libtinfo6", "llvm", "cmake")
    assert world.tools(options="noopt") == set()


def test_a_directory_of_an_llvm_means_that_toolchain(tmp_path: Path) -> None:
    assert choose_toolchain(ToolchainChoice.AUTO, tmp_path) is ToolchainChoice.LLVM
    assert choose_toolchain(ToolchainChoice.LLVM, tmp_path) is ToolchainChoice.LLVM
    assert choose_toolchain(ToolchainChoice.AUTO, None) is ToolchainChoice.AUTO
    with pytest.raises(RequestError, match="--llvm is a directory for --toolchain llvm, not zig"):
        choose_toolchain(ToolchainChoice.ZIG, tmp_path)
