"""The root file system of an environment as a step: `root/`, `Dockerfile` and `root.sha256` in its result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from setup_local import paths
from setup_local.build.sandbox import Root
from setup_local.build.step_parts import pins
from setup_local.build.steps import Job, Step
from setup_local.build.toolchain import SYSTEM_PATH
from setup_local.catalog.environments import Environment
from setup_local.fetch import Obtained
from setup_local.fetch.rootfs import make_root, tree_digest
from setup_local.render import render

TEMPLATE = "base.Dockerfile.j2"
DOCKERFILE = "Dockerfile"
TREE = "root"
_DIGEST = "root.sha256"


def environment_step(environment: Environment, packages: Iterable[Obtained]) -> Step:
    """Return the step that builds an environment's root file system from its packages."""
    taken = tuple(packages)

    def action(job: Job) -> None:
        make_root(environment, taken, job.out / TREE)
        sha256 = tree_digest(job.out / TREE)
        (job.out / _DIGEST).write_text(f"{sha256}\n", encoding="ascii")
        (job.out / DOCKERFILE).write_text(dockerfile(environment, sha256), encoding="utf-8")

    return Step(
        name=f"environment:{environment.name}",
        ingredients=[environment.contents, environment.title, environment.suite, environment.snapshot, pins(taken)],
        data=(paths.TEMPLATES / TEMPLATE,),
        action=action,
        weight=20,
    )


def dockerfile(environment: Environment, sha256: str) -> str:
    """Return the Dockerfile for an image of the root file system with this hash."""
    values = {
        "name": environment.name,
        "title": environment.title,
        "suite": environment.suite,
        "snapshot": environment.snapshot,
        "path": SYSTEM_PATH,
        "sha256": sha256,
    }
    return render(TEMPLATE, values)


def read_root(name: str, result: Path) -> Root:
    """Return the root file system that a step has built."""
    sha256 = (result / _DIGEST).read_text(encoding="ascii").strip()
    return Root(name=name, directory=result / TREE, sha256=sha256)
