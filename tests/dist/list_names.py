"""Prints as JSON what `dir()` finds in each module that is named as an argument; nothing, if it cannot be imported."""

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
