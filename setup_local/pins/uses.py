"""Lists what every pin is used for."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.catalog.bootstrap_chain import load_chain
from setup_local.catalog.catalogs import PYTHON, Catalogs
from setup_local.catalog.sources import Requirement, Source, exactly


def requirements(catalogs: Catalogs) -> Iterator[tuple[str, Requirement]]:
    """Yield everything that is built from a source: its name, and its requirement."""
    yield PYTHON, Requirement(name=PYTHON)
    for library in catalogs.libraries:
        yield library.name, library.requirement
        yield from ((library.name, Requirement(name=name)) for name in library.extra_sources)
    yield from (("toolchain", requirement) for requirement in catalogs.toolchain.requirements)
    yield from (("toolchain for macOS", requirement) for requirement in catalogs.darwin.requirements)
    yield from (("debug information for macOS", requirement) for requirement in catalogs.dsym.requirements)
    yield "musl", catalogs.musl.requirement
    for target in catalogs.targets:
        yield from (("emulation", requirement) for requirement in catalogs.emulation.requirements(target))
    yield from (("emulation", Requirement(name=name)) for name in catalogs.emulation.installed)
    yield from ((f"stage {stage.name} of the bootstrap chain", stage.requirement) for stage in load_chain().stages)
    yield from (("the linker for link-time optimization", item) for item in catalogs.lto_linker.requirements)
    tools = catalogs.llvm_tools
    for pins in (tools.packages.sources, tools.source.sources):
        yield from (("LLVM's tools", exactly(name, version)) for name, version in pins.items())


def users(source: Source, catalogs: Catalogs) -> tuple[str, ...]:
    """Return what can be built from a source, without repetition."""
    fitting = (who for who, requirement in requirements(catalogs) if source in catalogs.sources.candidates(requirement))
    return tuple(dict.fromkeys(fitting))


def unused(catalogs: Catalogs) -> tuple[Source, ...]:
    """Return the pins that nothing can be built from."""
    used = {item for _, requirement in requirements(catalogs) for item in catalogs.sources.candidates(requirement)}
    return tuple(source for source in catalogs.sources.sources if source not in used)
