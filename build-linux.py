#!/usr/bin/env python3
"""Build a portable CPython distribution for Linux: `./build-linux.py --help`."""

import sys

from setup_local.bootstrap import main

if __name__ == "__main__":
    main(["build", "--system", "linux", *sys.argv[1:]])
