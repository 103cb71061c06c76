"""How programs of a target run on the build host, and which Python does the work of its interpreter there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.emulation import EMULATOR, ROOT
from setup_local.build.loader import build_loader
from setup_local.errors import StepError
from setup_local.plan.model import Plan


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """How programs of a target are started here: the words before each; none if the kernel starts them directly."""

    words: tuple[str | Path, ...] = ()

    def command(self, program: Path, args: Iterable[str | Path] = ()) -> list[str | Path]:
        """Return the words that run a program with these arguments."""
        return [*self.words, program, *args]


@dataclass(frozen=True, kw_only=True)
class HostPython:
    """A Python of the target's version that runs on this machine: the target's interpreter if it runs here, or another.

    With `is_other`, it must be given the path of the target's standard library.
    """

    program: Path
    launcher: Launcher = Launcher()
    is_other: bool = False

    def command(self, args: Iterable[str | Path]) -> list[str | Path]:
        """Return the words that run it with these arguments."""
        return self.launcher.command(self.program, args)


def choose_python(interpreter: Path, launcher: Launcher | None, other: Path | None) -> HostPython:
    """Return the Python that does an interpreter's work here: `other` if one was built for that, else the interpreter.

    Raises `StepError` if there is neither.
    """
    if other:
        return HostPython(program=other, is_other=True)
    if launcher is None:
        raise StepError("does not run on this machine, and no other Python was built for it", where=interpreter.name)
    return HostPython(program=interpreter, launcher=launcher)


def find_launcher(plan: Plan, sysroot: Path, emulation: Path | None = None) -> Launcher | None:
    """Return the launcher of a plan's programs, None if they do not run here.

    These are programs of another operating system, or of another processor without an emulator. Programs for musl use
    the loader of the sysroot that they were built for. `emulation` is the result of the step that collects QEMU and a
    glibc, if the processor here is another one. QEMU finds loaders below a directory (qemu-user(1), `-L`): as a program
    of its own, a loader may be placed where the program is linked to be (musl on i686).
    """
    loader = build_loader(plan, sysroot)
    if emulation:
        return Launcher(words=(emulation / EMULATOR, "-L", sysroot if loader else emulation / ROOT))
    if not plan.host.runs_programs_of(plan.target):
        return None
    return Launcher(words=(loader,) if loader else ())
