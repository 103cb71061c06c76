"""Prints as JSON the result of `dir()` for each module named as an argument; empty if it cannot be imported."""

from __future__ import annotations

import importlib
import json
import sys


def _names(module: str) -> list[str]:
    try:
        return sorted(dir(importlib.import_module(module)))
    except ImportError:
        return []


sys.stdout.write(json.dumps({name: _names(name) for name in sys.argv[1:]}) + "\n")
