"""The rules about musl: a good dynamic and a good static sample hold, and each corrupted one breaks its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sample_distribution import SHARED, Entry, Sample, binary

from setup_local.audit.validate import validate_archive

Corruption = Callable[[Sample], object]
PROGRAM = "install/bin/python3.13"


def _dynamic() -> Sample:
    """Return the sample as a distribution that needs musl's shared library."""
    sample = Sample()
    sample.name = sample.name.replace("-gnu-", "-musl-")
    sample.document |= {"target_triple": "x86_64-unknown-linux-musl", "crt_features": ["musl-dynamic"]}
    sample.file(PROGRAM).data = binary("python-musl")
    sample.file(SHARED).data = binary("musl.so")
    return sample


def _static() -> Sample:
    """Return the sample as a distribution that needs nothing at all."""
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
    return sample


def _data(path: str, name: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.entries[f"python/{path}"] = Entry(binary(name), 0o755)

    return corrupt


def _set(name: str, value: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.document[name] = value

    return corrupt


def _broken(sample: Sample, directory: Path) -> set[str]:
    return {finding.rule for finding in validate_archive(sample.write(directory)).walk()}


@pytest.mark.parametrize("make", [_dynamic, _static])
def test_a_good_sample_holds(make: Callable[[], Sample], tmp_path: Path) -> None:
    assert _broken(make(), tmp_path) == set()


@pytest.mark.parametrize(
    ("rule", "make", "corrupt"),
    [
        ("symbol-versions", _dynamic, _data(SHARED, "good.so")),
        ("needed-libraries", _dynamic, _data(SHARED, "good.so")),
        ("loader-path", _dynamic, _data(PROGRAM, "python")),
        ("libc-functions", _dynamic, _data(SHARED, "musl-memcpy.so")),
        ("libc-functions", _dynamic, _data("build/lib/libbundled.a", "libmemcpy.a")),
        ("libc-functions", _static, _data("build/lib/libbundled.a", "libmemcpy.a")),
        ("static", _dynamic, _data(PROGRAM, "python-static")),
        ("static", _static, _data(PROGRAM, "python-musl")),
        ("static", _static, _data(SHARED, "musl.so")),
        ("static", _static, _set("python_extension_module_loading", ["builtin", "shared-library"])),
        ("static", _dynamic, _set("crt_features", ["static"])),
        ("static", _static, _set("crt_features", ["musl-dynamic"])),
        ("target", _dynamic, _set("crt_features", [])),
        ("target", _dynamic, _set("crt_features", ["musl-dynamic", "static"])),
        ("target", _dynamic, _set("crt_features", ["musl-dynamic", "glibc-dynamic"])),
    ],
)
def test_a_corrupted_sample_breaks_its_rule(
    rule: str, make: Callable[[], Sample], corrupt: Corruption, tmp_path: Path
) -> None:
    sample = make()
    corrupt(sample)
    assert rule in _broken(sample, tmp_path)
