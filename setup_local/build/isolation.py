"""Chooses how steps are isolated from the host: bubblewrap, Docker, or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from setup_local import paths
from setup_local.build import containers
from setup_local.build.sandbox import Isolation, Root, Sandbox, bwrap_problem
from setup_local.errors import HostError
from setup_local.values import SandboxChoice

_PACKAGE_HINT = "install the package bubblewrap, or use --sandbox none"


def choose_sandbox(
    choice: SandboxChoice, cache: Path, also_visible: Sequence[Path] = (), root: Root | None = None
) -> Isolation:
    """Return the sandbox to use; `HostError` if one is required, by name or for `root`, and does not work here.

    `also_visible` are directories that steps need and that may be below `/tmp`.
    """
    own = (cache, paths.PACKAGE.parent, *also_visible)
    match choice:
        case SandboxChoice.NONE:
            return Sandbox(program=None)
        case SandboxChoice.DOCKER:
            return containers.docker_sandbox(root, own)
        case SandboxChoice.BWRAP | SandboxChoice.AUTO:
            problem = bwrap_problem()
            if problem is None:
                visible = own if root else (*own[:2], Path(sys.prefix), Path(sys.base_prefix), *also_visible)
                return Sandbox(program=shutil.which("bwrap"), visible=visible, root=root)
            if choice is SandboxChoice.BWRAP:
                raise HostError(f"bubblewrap cannot be used: {problem}", hint=_PACKAGE_HINT)
            if root:
                return containers.docker_sandbox(root, own, instead=f"bubblewrap cannot be used: {problem}")
            return Sandbox(program=None)
        case _:
            assert_never(choice)
