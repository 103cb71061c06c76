"""Rules about optimizations: the files show those that the options name; other builds are not affected."""

from __future__ import annotations

from pathlib import Path

from corruptions import PROGRAM, Breach, Corruption, described, every, findings, put, refused, without
from sample_distribution import Entry, Sample, binary

from setup_local.audit.facts import COUNTS

COUNTED = b"1 f 0 1 _PyEval_EvalFrameDefault 10 0 20000000\n1 _PyEval_EvalFrameDefault 8 1 g 0 0 7\n"
PROFILE = b"\xfflprofi\x81" + bytes(8) + b"_PyEval_EvalFrameDefault"


def _optimized(sample: Sample, options: str = "pgo+lto+without_layout") -> None:
    """Turn the sample into one that was built with pgo+lto, without post-link layout."""
    sample.name = sample.name.replace("noopt", options)
    sample.document |= {"build_options": options, "optimizations": "pgo+lto"}
    sample.file(PROGRAM).data = binary("python-optimized")
    sample.file("build/Python/core.o").data = binary("core-profiled.o")
    sample.entries["python/build/cpython.profdata"] = Entry(PROFILE)


def _laid_out(counts: bytes = COUNTED) -> Corruption:
    """Turn a sample into one that was laid out with these branch counts."""

    def corrupted(sample: Sample) -> None:
        _optimized(sample, "pgo+lto")
        sample.file(PROGRAM).data = binary("python-laid-out")
        sample.entries[f"python/{COUNTS}"] = Entry(counts)

    return corrupted


def _mislabelled(sample: Sample) -> None:
    """Turn a sample into one that was laid out but claims the opposite."""
    _laid_out()(sample)
    sample.name = sample.name.replace("pgo+lto", "pgo+lto+without_layout")
    sample.document["build_options"] = "pgo+lto+without_layout"


def _but(corrupt: Corruption) -> Corruption:
    """Turn a sample into an optimized one with one fault."""

    def corrupted(sample: Sample) -> None:
        _optimized(sample)
        corrupt(sample)

    return corrupted


BREACHES: list[Breach] = [
    ("optimized-program", _but(put(PROGRAM, binary("python")))),
    ("optimized-program", _but(put(PROGRAM, binary("python-not-profiled")))),
    ("optimized-program", _but(put(PROGRAM, binary("python-no-lto")))),
    ("optimized-objects", _but(put("build/Python/core.o", binary("core.o")))),
    ("profile", _but(without("build/cpython.profdata"))),
    ("profile", _but(put("build/cpython.profdata", b"nothing"))),
    ("profile", _but(put("build/cpython.profdata", PROFILE[:-3]))),
    ("layout", lambda sample: _optimized(sample, "pgo+lto")),
    ("layout", _mislabelled),
    ("layout-counts", _but(put(PROGRAM, binary("python-laid-out")))),
    ("layout-counts", _laid_out(b"1 _PyEval_EvalFrameDefault 8 1 g 0 0 19999999\n")),
    ("layout-counts", _laid_out(b"1 g 8 1 h 0 0 30000000\n")),
    ("optimizer-flags", described("python_config_vars", {"LDSHARED": "cc -shared -flto=thin"})),
    ("optimizer-flags", described("python_config_vars", {"CFLAGS": "-O3 -fprofile-use=x"})),
    ("optimizer-flags", described("python_config_vars", {"LDFLAGS": "--ld-path=../linker/ld64.lld"})),
    ("optimizer-flags", described("python_config_vars", {"LDFLAGS": "-Wl,-object_path_lto,lto/$@"})),
    ("bitcode", put("install/lib/libfat.a", binary("libfat.a"))),
    ("bitcode", put("build/Modules/demo.o", binary("core-fat.o"))),
    ("bitcode", put("build/Modules/demo.o", b"BC\xc0\xde")),
    ("counters", _but(put(PROGRAM, binary("python-counting")))),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


def test_a_good_optimized_sample_holds(tmp_path: Path) -> None:
    sample = Sample()
    _laid_out()(sample)
    assert findings(sample, tmp_path) == []


def test_the_layout_may_be_left_out_if_the_name_says_so(tmp_path: Path) -> None:
    sample = Sample()
    _optimized(sample)
    assert findings(sample, tmp_path) == []
