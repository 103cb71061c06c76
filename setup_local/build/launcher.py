"""How programs of a target run on the machine that builds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.loader import build_loader
from setup_local.plan.model import Plan


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """What starts programs of a target here: the words before each; none where the kernel starts them by itself."""

    words: tuple[str | Path, ...] = ()

    def command(self, program: Path, args: Iterable[str | Path] = ()) -> list[str | Path]:
        """Return the words that run a program with these arguments."""
        return [*self.words, program, *args]


def find_launcher(plan: Plan, sysroot: Path) -> Launcher:
    """Return the launcher of a plan's programs: for musl, the loader of the sysroot that they were built for."""
    loader = build_loader(plan, sysroot)
    return Launcher(words=(loader,) if loader else ())
