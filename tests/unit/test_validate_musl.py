"""The rules about musl: a good dynamic and a good static sample pass, and each corrupted one breaks its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corruptions import PROGRAM, Corruption, broken, described, linked, refused
from sample_distribution import SHARED, Entry, Sample, binary


def _dynamic() -> Sample:
    """Return the sample as a distribution that needs musl's shared library."""
    sample = Sample()
    sample.name = sample.name.replace("-gnu-", "-musl-")
    sample.document |= {"target_triple": "x86_64-unknown-linux-musl", "crt_features": ["musl-dynamic"]}
    sample.file(PROGRAM).data = binary("python-musl")
    sample.file(SHARED).data = binary("musl.so")
    return sample


def _static() -> Sample:
    """Return the sample as a distribution that needs no shared library."""
    sample = _dynamic()
    sample.name = sample.name.replace("noopt", "noopt+static")
    sample.document |= {
        "build_options": "noopt+static",
        "crt_features": ["static"],
        "python_extension_module_loading": ["builtin"],
    }
    sample.file(PROGRAM).data = binary("python-static")
    del sample.entries[f"python/{SHARED}"]
    del sample.document["build_info"]["extensions"]["_shared"]
    sample.entries["python/build/lib/libc.a"] = Entry(binary("libmemcpy.a"))
    sample.document["build_info"]["core"]["links"].append({"name": "c", "path_static": "build/lib/libc.a"})
    sample.record["own_files"].append("build/lib/libc.a")
    return sample


@pytest.mark.parametrize("make", [_dynamic, _static])
def test_a_good_sample_holds(make: Callable[[], Sample], tmp_path: Path) -> None:
    assert broken(make(), tmp_path) == set()


@pytest.mark.parametrize(
    ("rule", "make", "corrupt"),
    [
        ("symbol-versions", _dynamic, linked(SHARED, "good.so")),
        ("needed-libraries", _dynamic, linked(SHARED, "good.so")),
        ("loader-path", _dynamic, linked(PROGRAM, "python")),
        ("libc-functions", _dynamic, linked(SHARED, "musl-memcpy.so")),
        ("libc-functions", _dynamic, linked("build/lib/libbundled.a", "libmemcpy.a")),
        ("libc-functions", _static, linked("build/lib/libbundled.a", "libmemcpy.a")),
        ("static", _dynamic, linked(PROGRAM, "python-static")),
        ("static", _static, linked(PROGRAM, "python-musl")),
        ("static", _static, linked(SHARED, "musl.so")),
        ("static", _static, described("python_extension_module_loading", ["builtin", "shared-library"])),
        ("static", _dynamic, described("crt_features", ["static"])),
        ("static", _static, described("crt_features", ["musl-dynamic"])),
        ("target", _dynamic, described("crt_features", [])),
        ("target", _dynamic, described("crt_features", ["musl-dynamic", "static"])),
        ("target", _dynamic, described("crt_features", ["musl-dynamic", "glibc-dynamic"])),
    ],
)
def test_a_corrupted_sample_breaks_its_rule(
    rule: str, make: Callable[[], Sample], corrupt: Corruption, tmp_path: Path
) -> None:
    refused(make(), rule, corrupt, tmp_path)
