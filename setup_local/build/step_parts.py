"""The common parts of a plan's steps: their inputs, names, environment and unpacked sources."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import fetch
from setup_local.build import toolchain
from setup_local.build.llvm import HostLlvm
from setup_local.build.steps import Job
from setup_local.build.xcode import Xcode
from setup_local.catalog.targets import Target
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan

Sources = Mapping[str, Obtained]


@dataclass(frozen=True, kw_only=True)
class GraphInputs:
    """The inputs of the graph besides the plan.

    `sources` are the obtained sources by identity, `setup_local` is the text of Setup.local, and `host_llvm` or
    `host_xcode` the host's compiler if the plan uses it.
    """

    sources: Sources
    setup_local: str
    host_llvm: HostLlvm | None = None
    host_xcode: Xcode | None = None


@dataclass(frozen=True, kw_only=True)
class Toolkit:
    """The toolkit for one target: the names of the steps that make the compilers and the C library's sysroot."""

    compilers: str
    libc: str
    target: Target
    floor: str

    @property
    def names(self) -> tuple[str, str]:
        """Return both names, as a step's `needs`."""
        return (self.compilers, self.libc)

    def without(self, inputs: Mapping[str, Path]) -> list[Path]:
        """Return the results that a step uses besides the toolkit."""
        return [path for name, path in inputs.items() if name not in self.names]

    def environment(self, job: Job) -> dict[str, str]:
        """Return the complete environment of a step that compiles for the target."""
        compilers, libc = job.inputs[self.compilers], job.inputs[self.libc]
        return {**job.env, **toolchain.compile_environment(compilers, libc, self.target, self.floor)}

    def compiler(self, job: Job) -> str:
        """Return the words that start its C compiler in the environment of another toolkit."""
        libc = f"{toolchain.SYSROOT_VARIABLE}={job.inputs[self.libc]}"
        return f"env {libc} {job.inputs[self.compilers] / 'bin' / 'clang'}"


def emulation_step(plan: Plan) -> str:
    """Return the name of the step that collects the emulator for the target; empty if the host runs its programs."""
    return f"emulation:{plan.target.arch.name}-{plan.target.libc.value}" if plan.emulation else ""


def library_step(name: str, *, native: bool = False) -> str:
    """Return the name of the step that builds a library; `native` ones are for programs that run during the build."""
    return f"native-library:{name}" if native else f"library:{name}"


def pins(obtained: Iterable[Obtained]) -> list[object]:
    """Return the properties of sources that affect the unpacked trees, as ingredients."""
    forms = (item.form for item in obtained)
    return [(form.sha256, form.kind, form.root, form.extent) for form in forms]


def unpacked(obtained: Obtained, work: Path) -> Path:
    """Unpack a source; return its tree."""
    into = work / "source" / obtained.source.name
    shutil.rmtree(into, ignore_errors=True)
    return fetch.unpack(obtained, into)
