"""Rules about an archive's description: version, ABI, target, options, licences."""

from __future__ import annotations

from pathlib import Path

from corruptions import (
    PROGRAM,
    Breach,
    Corruption,
    built_as,
    described,
    every,
    extension,
    findings,
    put,
    refused,
    shared,
    variable,
)
from sample_distribution import Sample, binary


def _no_static_library(sample: Sample) -> None:
    del sample.document["build_info"]["core"]["static_lib"]


BREACHES: list[Breach] = [
    ("python-version", described("python_version", "3.13.6")),
    ("python-version", described("python_major_minor_version", "3.12")),
    ("python-version", described("python_implementation_hex_version", 0x030D05C1)),
    ("python-version", described("python_tag", "cp312")),
    ("python-version", described("python_abi_tag", "cp312")),
    ("python-version", described("python_implementation_cache_tag", "cpython-312")),
    ("python-version", described("python_abi_tag", "cp313d")),
    ("abi", variable("ABIFLAGS", "t")),
    ("abi", variable("Py_DEBUG", "1")),
    ("abi", variable("Py_GIL_DISABLED", "1")),
    ("abi", variable("EXT_SUFFIX", ".cpython-313d-x86_64-linux-gnu.so")),
    ("abi", built_as("debug")),
    ("abi", built_as("freethreaded")),
    ("target", described("python_platform_tag", "linux-aarch64")),
    ("target", described("crt_features", ["glibc-max-symbol-version:2.12"])),
    ("target", described("crt_features", ["glibc-dynamic"])),
    ("target", described("crt_features", ["glibc-dynamic", "glibc-max-symbol-version:2.99"])),
    ("static", described("crt_features", ["glibc-dynamic", "glibc-max-symbol-version:2.12", "static"])),
    ("target", built_as("noopt+glibc2.17")),
    ("build-options", described("optimizations", "pgo+lto")),
    ("processor-level", described("target_triple", "x86_64_v3-unknown-linux-gnu")),
    ("processor-level", put(PROGRAM, binary("python-v3"))),
    ("link-mode", described("libpython_link_mode", "shared")),
    ("link-mode", described("python_extension_module_loading", ["builtin"])),
    ("link-mode", _no_static_library),
    ("licence-ids", described("licenses", ["PSF licence"])),
    ("licence-ids", extension("_demo", licenses=["ZLib-ish"])),
    ("licence-given", extension("_demo", licenses=[])),
    ("licence-given", extension("_demo", license_paths=[])),
    ("licence-texts", put("licenses/LICENSE.bundled.txt", b" \n")),
    ("licence-texts", put("licenses/LICENSE.cpython.txt", b"")),
    ("licence-whole", extension("_demo", licenses=["GPL-3.0-or-later"])),
    ("licence-whole", described("python_config_vars", {"SETUP_LOCAL_LICENSE": "GPL-3.0-or-later"})),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


def test_a_program_may_be_named_by_a_link(tmp_path: Path) -> None:
    sample = Sample()
    sample.document["python_exe"] = "install/bin/python3"
    assert findings(sample, tmp_path) == []


def test_a_newer_floor_allows_newer_symbol_versions(tmp_path: Path) -> None:
    sample = Sample()
    shared("newer.so")(sample)
    sample.document["crt_features"] = ["glibc-dynamic", "glibc-max-symbol-version:2.34"]
    assert findings(sample, tmp_path) == []
