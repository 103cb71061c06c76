"""Only adds the directories of the modules next to the tests, and of the unit tests' samples, to the path."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "fuzz"), str(TESTS / "unit")]
