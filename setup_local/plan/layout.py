"""Chooses whether the linked interpreter gets a post-link layout, the last step of an optimized build."""

from __future__ import annotations

from setup_local.catalog.cpython import Relayout
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.values import (
    OPTIMIZED,
    WITHOUT_LAYOUT,
    WITHOUT_LAYOUT_WORD,
    BuildOption,
    LayoutChoice,
    Linkage,
    Request,
    ToolchainChoice,
)


def choose_layout(request: Request, relayout: Relayout | None, facts: Facts) -> tuple[Relayout | None, tuple[str, ...]]:
    """Return the post-link layout of the interpreter, and the words in archive names if that is not the default.

    Raises `RequestError` if there is no layout to leave out, or if the layout's tool is not available.
    """
    if relayout is None or not _is_possible(relayout, facts):
        if request.layout is LayoutChoice.NONE:
            raise RequestError(
                "there is no layout to leave out",
                hint=f"only builds with {OPTIMIZED} and a static libpython have one",
            )
        return None, ()
    if request.layout is LayoutChoice.NONE:
        return None, (WITHOUT_LAYOUT_WORD,)
    if facts.cross:
        raise RequestError("the layout needs a workload, which cannot run here", hint=WITHOUT_LAYOUT)
    if request.toolchain is ToolchainChoice.LLVM:
        raise RequestError("the host's LLVM does not include the tool for the layout", hint=WITHOUT_LAYOUT)
    return relayout, ()


def takes_layout_tools(request: Request, relayout: Relayout | None, facts: Facts) -> bool:
    """Return whether LLVM's tools include those for the layout.

    Linkage does not matter: a profile made with these tools is used for static and shared variants alike.
    """
    return relayout is not None and relayout.when.matches(facts) and request.layout is not LayoutChoice.NONE


def _is_possible(relayout: Relayout, facts: Facts) -> bool:
    """Return whether an interpreter can have a post-link layout.

    A program that only starts a shared libpython has no hot code of its own; in a static one, BOLT's counters are
    never written at exit.
    """
    linked = facts.libpython is Linkage.STATIC and BuildOption.STATIC not in facts.options
    return linked and relayout.when.matches(facts)
