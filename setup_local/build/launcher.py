"""How programs of a target run on the machine that builds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.emulation import EMULATOR, ROOT
from setup_local.build.loader import build_loader
from setup_local.plan.model import Plan


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """What starts programs of a target here: the words before each; none where the kernel starts them by itself."""

    words: tuple[str | Path, ...] = ()

    def command(self, program: Path, args: Iterable[str | Path] = ()) -> list[str | Path]:
        """Return the words that run a program with these arguments."""
        return [*self.words, program, *args]


def find_launcher(plan: Plan, sysroot: Path, emulation: Path | None = None) -> Launcher:
    """Return the launcher of a plan's programs.

    For musl they are started by the loader of the sysroot that they were built for. `emulation` is the result of the step
    that collects QEMU and a glibc, where the processor here is another one (qemu-user(1), `-L`).
    """
    loader = build_loader(plan, sysroot)
    words: tuple[str | Path, ...] = (loader,) if loader else ()
    if emulation is None:
        return Launcher(words=words)
    return Launcher(words=(emulation / EMULATOR, "-L", emulation / ROOT, *words))
