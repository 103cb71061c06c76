"""Workloads that pyperformance lacks: compression, hashes, and the start of a given command.

Runs inside the measured interpreter, as a pyperf script: uses only the standard library and pyperf.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import os
import random
import sys
import zlib
from collections.abc import Callable

import pyperf

SEED = 20
WORDS = 40_000
SMALL = b"0123456789abcdef" * 4


def text() -> bytes:
    """Return about 250 kB that compress like prose: few words are frequent, most are rare."""
    chance = random.Random(SEED)  # noqa: S311 (the same bytes are needed each time)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    known = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(4000)]
    frequency = [1 / (rank + 1) for rank in range(len(known))]
    return " ".join(chance.choices(known, frequency, k=WORDS)).encode()


def workloads() -> dict[str, Callable[[], object]]:
    """Return all workloads that can be timed, with their input prepared."""
    data = text()
    large = data * 16
    deflated, bzipped, xz = zlib.compress(data), bz2.compress(data), lzma.compress(data, preset=1)
    return {
        "zlib_compress": lambda: zlib.compress(data),
        "zlib_decompress": lambda: zlib.decompress(deflated),
        "bz2_compress": lambda: bz2.compress(data),
        "bz2_decompress": lambda: bz2.decompress(bzipped),
        "lzma_compress": lambda: lzma.compress(data, preset=1),
        "lzma_decompress": lambda: lzma.decompress(xz),
        "sha256_large": lambda: hashlib.sha256(large).digest(),
        "sha256_small": lambda: [hashlib.sha256(SMALL).digest() for _ in range(1000)],
        "blake2b_large": lambda: hashlib.blake2b(large).digest(),
    }


def main() -> None:
    """Time a workload, or the start of this interpreter with the arguments that follow `start`."""
    runner = pyperf.Runner()
    runner.argparser.add_argument("workload")
    runner.argparser.add_argument("rest", nargs="...")
    options = runner.parse_args()
    if options.workload == "start":
        os.environ.pop("PYTHONPATH", None)  # started as a user would
        runner.bench_command("start", [sys.executable, *options.rest])
    else:
        runner.bench_func(options.workload, workloads()[options.workload])


if __name__ == "__main__":
    main()
