#!/usr/bin/env python3
"""Compare TLS handshakes and hash functions of interpreters with different TLS libraries, in turns.

    python benchmarks/tls.py PYTHON PYTHON... [--rounds 5] [--seconds 0.5] [--json]

In each round all interpreters run each workload (tls_workload.py), in the opposite order every other round, so that
other load on the machine affects all of them equally. Rates are per second of processor time: full handshakes, in
memory, including the client's check of the certificate; megabytes hashed; HMACs of 1 KiB; PBKDF2 with 1000 rounds. The
median of the rounds is printed, and its ratio to that of the first interpreter. `--json` prints one document with the
rates of every round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CERTIFICATES = HERE.parent / "tests" / "dist" / "certificates"
WORKLOADS = {
    **{f"handshake {version}": "handshakes/s" for version in ("TLSv1_2", "TLSv1_3")},
    **{f"hash {name}": "MB/s" for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")},
    "hmac sha256": "HMACs/s",
    "pbkdf2 sha256": "derivations/s",
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
Rates = dict[str, list[float]]


def once(python: str, workload: str, seconds: float) -> tuple[str, float]:
    """Return the TLS library of an interpreter and its rate."""
    argv = [python, "-I", "-B", str(HERE / "tls_workload.py"), workload, str(seconds), str(CERTIFICATES)]
    done = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{python}: {workload}: {done.stderr}")
    answer = json.loads(done.stdout)
    return str(answer["library"]), float(answer["rate"])


def measured(pythons: Sequence[str], rounds: int, seconds: float) -> tuple[dict[str, str], dict[str, Rates]]:
    """Return the TLS library of each interpreter, and for each workload the rates of each interpreter."""
    libraries: dict[str, str] = {}
    rates: dict[str, Rates] = {workload: {python: [] for python in pythons} for workload in WORKLOADS}
    for number in range(rounds):
        for workload in WORKLOADS:
            for python in pythons if number % 2 == 0 else reversed(pythons):
                libraries[python], rate = once(python, workload, seconds)
                rates[workload][python].append(rate)
    return libraries, rates


def table(libraries: Mapping[str, str], rates: Mapping[str, Rates]) -> str:
    """Return a line for each workload, with the median of each interpreter and its ratio to the first."""
    lines = [f"{number}: {python}: {library}" for number, (python, library) in enumerate(libraries.items(), start=1)]
    for workload, taken in rates.items():
        medians = [statistics.median(taken[python]) for python in libraries]
        columns = "".join(f"{median:12.1f}  x{median / medians[0]:4.2f}" for median in medians)
        lines.append(f"{workload:20}{columns}  {WORKLOADS[workload]}")
    return "\n".join(lines)


def main() -> None:
    """Measure the interpreters in turns, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="processor time of each workload in each round")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    pythons = list(dict.fromkeys(options.pythons))
    libraries, rates = measured(pythons, options.rounds, options.seconds)
    libraries = {python: libraries[python] for python in pythons}
    if options.json:
        about = {"cores": len(os.sched_getaffinity(0)), "rounds": options.rounds, "libraries": libraries}
        json.dump({**about, "rates": rates}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(table(libraries, rates) + "\n")


if __name__ == "__main__":
    main()
