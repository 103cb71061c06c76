#!/usr/bin/env python3
"""Build a portable CPython distribution for Windows, on Linux: `./build-windows.py --help`."""

import sys

from setup_local.bootstrap import main

if __name__ == "__main__":
    main(["build", "--system", "windows", *sys.argv[1:]])
