"""Fuzz one reader for a while, guided by coverage: `fuzz.py TARGET SECONDS [DIRECTORY]`.

An input that crashes the reader, or takes ten seconds, ends the run with an error and is written to `corpus/TARGET`;
`tests/fuzz/test_corpus.py` then replays it forever. With DIRECTORY, a later run continues from the inputs that this one
found interesting. Needs atheris (`requirements/fuzz.in`).
"""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fuzz"), str(ROOT / "tests" / "unit")]
HANG = 10  # seconds that one input may take
LARGEST = 1 << 16  # bytes of an input
MEMORY = 1024  # MiB, the fuzzer's own included

with atheris.instrument_imports(include=["setup_local", "jsonschema"]):
    from targets import DOCUMENTS, TARGETS

from json_changes import changed  # noqa: E402 (after the instrumented imports)
from seeds import SEEDS  # noqa: E402

PLAIN = 8  # one in this many inputs is changed as bytes, as for every other reader


def mutated(data: bytes, largest: int, seed: int) -> bytes:
    """Return a document with other values, or occasionally with other bytes."""
    document = changed(data, largest, seed) if seed % PLAIN else None
    return atheris.Mutate(data, largest) if document is None else document


def main() -> None:
    """Run libFuzzer over one target."""
    name, seconds, *place = sys.argv[1:]
    kept = Path(__file__).parent / "corpus" / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        begin = Path(*place, name) if place else Path(scratch)
        begin.mkdir(parents=True, exist_ok=True)
        for data in SEEDS[name]():
            (begin / sha256(data).hexdigest()[:16]).write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={HANG}",
            f"-max_len={LARGEST}",
            f"-rss_limit_mb={MEMORY}",
            f"-artifact_prefix={kept}/",
            "-print_final_stats=1",
            "-verbosity=1",
        ]
        mutator = {"custom_mutator": mutated} if name in DOCUMENTS else {}
        atheris.Setup([sys.argv[0], *options, str(begin), str(kept)], TARGETS[name], **mutator)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
