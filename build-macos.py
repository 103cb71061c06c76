#!/usr/bin/env python3
"""Build a portable CPython distribution for macOS: `./build-macos.py --help`."""

import sys

from setup_local.bootstrap import main

if __name__ == "__main__":
    main(["build", "--system", "darwin", *sys.argv[1:]])
