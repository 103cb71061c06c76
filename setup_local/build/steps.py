"""Defines build steps, and the key under which a step's result is kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from setup_local.build.code_digests import CodeDigests
from setup_local.build.store import KEY_LENGTH


class Runner(Protocol):
    """Runs one command of a step: sandboxed, logged, in exactly the environment given."""

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        """Run `argv` to its end; `env` replaces the step's environment. Raises `StepError`."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The arguments of a step's action.

    `out` is its empty result directory, `work` scratch space, `inputs` the results of the steps it needs,
    `env` the base environment (PATH of the system, locale, MAKEFLAGS of the jobserver).
    """

    out: Path
    work: Path
    inputs: Mapping[str, Path]
    env: Mapping[str, str]
    run: Runner


@dataclass(frozen=True, kw_only=True)
class Step:
    """One unit of work whose result is kept in the store.

    `ingredients` is everything that affects the result besides the results of `needs`, the code of `action` and the
    bytes of the files `data`: any dataclass, mapping, sequence, enum or path-free scalar. Directories in `data` count
    with everything below. `weight` is a rough wall time in seconds, used until the step has run here.
    """

    name: str
    ingredients: object
    action: Callable[[Job], None] = field(repr=False)
    needs: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()
    weight: float = 10


class ResumableStep(Step):
    """A step that gets its scratch space back as it was when the step was killed."""


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, default=_plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def files_digest(files: Iterable[Path]) -> str:
    """Return one hash over the names and bytes of files; directories count with everything below.

    Raises `FileNotFoundError` for a path that does not exist: it would be ignored silently.
    """
    hasher = hashlib.sha256()
    for root in files:
        root.stat()
        below = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in below:
            if path.is_file() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                hasher.update(f"{path.relative_to(root.parent)} {content}\n".encode())
    return hasher.hexdigest()


def step_keys(steps: Sequence[Step], *, code: CodeDigests, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the key of each step: a hash of all that affects its result, and of the keys of what it needs.

    `environment` is the environment of every step. Steps must come after what they need.
    """
    keys: dict[str, str] = {}
    for step in steps:
        whole = {
            "name": step.name,
            "ingredients": step.ingredients,
            "code": code.of(step.action),
            "data": files_digest(step.data),
            "environment": environment,
            "needs": {name: keys[name] for name in step.needs},
        }
        keys[step.name] = digest(whole)[:KEY_LENGTH]
    return keys


def chain_weights(steps: Sequence[Step], weights: Mapping[str, float]) -> dict[str, float]:
    """Return for each step the weight of the heaviest chain that starts with it; steps without a weight are done."""
    below: dict[str, float] = {step.name: 0.0 for step in steps}
    for step in reversed(steps):
        total = below[step.name] + weights.get(step.name, 0.0)
        for needed in step.needs:
            below[needed] = max(below[needed], total)
    return {step.name: below[step.name] + weights.get(step.name, 0.0) for step in steps}
