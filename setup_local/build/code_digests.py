"""Digests of the code of actions, cached between runs until one of the files they were computed from changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.atomic_write import atomic_write
from setup_local.build.code_keys import Code, Place, module_file, place_of

# The code that reads code affects every digest.
_READERS = tuple(f"setup_local.build.{name}" for name in ("code_digests", "code_graph", "code_keys"))


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    """A digest, the modules that it was computed from, and a hash of their content."""

    digest: str
    seen: str
    modules: tuple[str, ...]


class CodeDigests:
    """Digests of actions; `memory` is the file that keeps them, `load` returns the content of a module's file."""

    def __init__(self, memory: Path | None = None, load: Callable[[Path], bytes] = Path.read_bytes) -> None:
        self._memory = memory
        self._load = cache(load)
        self._code = Code(self._load)
        self._known: dict[Place, str] = {}
        self._remembered = _recall(memory)
        self._new = False

    def of(self, action: Callable[..., object]) -> str:
        """Return one hash over all code that an action runs. Raises `ValueError` for code that cannot be followed."""
        root = place_of(action)
        if root not in self._known:
            self._known[root] = self._recalled(root) or self._read(root)
        return self._known[root]

    def save(self) -> None:
        """Write the memory; if that fails, the code is read again the next time."""
        if self._memory and self._new:
            document = {name: asdict(entry) for name, entry in self._remembered.items()}
            with suppress(OSError), atomic_write(self._memory) as fresh:
                fresh.write_text(json.dumps(document), encoding="utf-8")

    def _recalled(self, root: Place) -> str | None:
        entry = self._remembered.get(_name(root))
        return entry.digest if entry and entry.seen == self._seen(entry.modules) else None

    def _read(self, root: Place) -> str:
        reached = self._code.reached(root)
        text = "".join(f"{place} {digest}\n" for place, digest in sorted(reached.pieces.items()))
        digest = hashlib.sha256(text.encode()).hexdigest()
        modules = tuple(sorted(reached.modules))
        self._remembered[_name(root)] = _Remembered(digest=digest, seen=self._seen(modules), modules=modules)
        self._new = True
        return digest

    def _seen(self, modules: Iterable[str]) -> str:
        """Return a hash of the bytes of modules and of those that read them; a missing module has none."""
        hasher = hashlib.sha256()
        for name in (*modules, *_READERS):
            file = module_file(name)
            hasher.update(f"{name} {hashlib.sha256(self._load(file) if file else b'').hexdigest()}\n".encode())
        return hasher.hexdigest()


def memory_file(cache_root: Path) -> Path:
    """Return the path of the digests of this checkout's code."""
    return cache_root / f"code-{hashlib.sha256(bytes(paths.PACKAGE)).hexdigest()[:8]}.json"


def _name(root: Place) -> str:
    return f"{root.module}:{root.name}"


def _recall(memory: Path | None) -> dict[str, _Remembered]:
    """Return the content of a memory; nothing if it cannot be read."""
    try:
        document = json.loads(memory.read_bytes()) if memory else {}
        return {
            name: _Remembered(digest=entry["digest"], seen=entry["seen"], modules=tuple(entry["modules"]))
            for name, entry in document.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
