"""Runs CPython's own tests in Wine, without the system load tracker that the test runner starts only on Windows.

    python regression.py [ARGUMENT OF regrtest ...]

Wine has no performance counters, and the runner exits if it cannot read one.
"""

from __future__ import annotations

from test.libregrtest.logger import Logger
from test.libregrtest.main import main

if __name__ == "__main__":
    Logger.start_load_tracker = lambda _: None
    main()
