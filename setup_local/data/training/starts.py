"""Trains the start of the interpreter, with and without what programs import first."""

from __future__ import annotations

import subprocess
import sys

STARTS = (
    ("-I", "-S", "-c", "pass"),
    ("-S", "-c", "pass"),
    ("-c", "pass"),
    ("-c", "import json, asyncio, http.client"),
    ("-I", "-c", "import argparse, dataclasses, logging, pathlib, re, subprocess, tempfile, typing"),
)
ROUNDS = 12


def main() -> None:
    """Start this interpreter again and again."""
    for _ in range(ROUNDS):
        for arguments in STARTS:
            subprocess.run([sys.executable, *arguments], check=True)


if __name__ == "__main__":
    main()
