"""Tiny profiles of both kinds of counters: `llvm-profdata merge` of LLVM 14 made them from a text with one function."""

from __future__ import annotations

from pathlib import Path

from setup_local.values import Counters

PROFILES = {kind: Path(__file__).parents[1] / "data" / "profiles" / f"{kind.value}.profdata" for kind in Counters}
PROFILE = PROFILES[Counters.INTERMEDIATE]
