"""Where interpreters run: directly on the host, or all of them inside one root directory, through bubblewrap."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar

from setup_local.errors import HostError

_INSIDE = PurePosixPath("/run")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A root directory, or the host if `root` is `None`.

    `shown` are directories of the host, by their names below `/run` in the root. `writable` is the only one that can be
    written to.
    """

    MOUNTS: ClassVar[tuple[str, ...]] = ("dev", "proc", "run", "tmp")

    root: Path | None = None
    shown: Mapping[str, Path] = field(default_factory=dict)
    writable: str = ""

    def path(self, name: str) -> PurePosixPath:
        """Return the path of a shown directory as seen by programs that run here."""
        return PurePosixPath(self.shown[name]) if self.root is None else _INSIDE / name

    def argv(self, command: Sequence[str], *, writable_root: bool = False) -> list[str]:
        """Return the argv that runs a command here."""
        if self.root is None:
            return list(command)
        program = shutil.which("bwrap")
        if program is None:
            raise HostError("bubblewrap is needed to run in a root directory", hint="install the package bubblewrap")
        words = [program, "--die-with-parent", "--bind" if writable_root else "--ro-bind", str(self.root), "/"]
        words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", str(_INSIDE)]  # noqa: S108
        for name, directory in self.shown.items():
            words += ["--bind" if name == self.writable else "--ro-bind", str(directory), str(_INSIDE / name)]
        return [*words, "--", *command]
