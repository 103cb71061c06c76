"""Rules about machine code: features that the build options do not leave out are present."""

from __future__ import annotations

from pathlib import Path

from corruptions import PROGRAM, Breach, broken, built_as, described, every, linked, put, refused, variable
from sample_distribution import SUFFIX, Sample, binary

_LIBRARY = "build/lib/libbundled.a"
_FRAMELESS = "noopt+without_frame_pointers"

BREACHES: list[Breach] = [
    ("frame-pointers", linked(PROGRAM, "python-frameless")),
    ("frame-pointers", put(_LIBRARY, binary("libframeless.a"))),
    ("frame-pointer-flags", variable("CFLAGS", "-O3")),
    ("frame-pointer-flags", described("python_config_vars", {"EXT_SUFFIX": SUFFIX})),
    ("frame-pointer-flags", built_as(_FRAMELESS)),
    ("stack-protector", linked(PROGRAM, "python-no-stack-check")),
    ("stack-protector", put(_LIBRARY, binary("libunprotected.a"))),
    ("fortified", linked(PROGRAM, "python-no-fortified")),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: object, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)  # type: ignore[arg-type]


def test_a_build_without_frame_pointers_holds_if_it_says_so(tmp_path: Path) -> None:
    sample = Sample()
    built_as(_FRAMELESS)(sample)
    variable("CFLAGS", "-O3")(sample)
    linked(PROGRAM, "python-frameless")(sample)
    put(_LIBRARY, binary("libframeless.a"))(sample)
    assert not broken(sample, tmp_path)


def test_the_cold_parts_of_functions_need_no_frames(tmp_path: Path) -> None:
    sample = Sample()
    put(_LIBRARY, binary("libcold.a"))(sample)
    assert not broken(sample, tmp_path)


def test_flags_are_not_asked_of_a_processor_whose_frames_are_not_counted(tmp_path: Path) -> None:
    sample = Sample()
    variable("CFLAGS", "-O3")(sample)
    linked(PROGRAM, "architectures/python-riscv64")(sample)
    found = broken(sample, tmp_path)
    assert "binary-machine" in found
    assert "frame-pointer-flags" not in found


def test_a_build_without_hardening_holds_if_it_says_so(tmp_path: Path) -> None:
    for program in ("python-no-stack-check", "python-no-fortified"):
        sample = Sample()
        built_as("noopt+without_hardening")(sample)
        linked(PROGRAM, program)(sample)
        put(_LIBRARY, binary("libunprotected.a"))(sample)
        assert not broken(sample, tmp_path)


def test_parts_of_compiler_and_c_library_are_not_judged(tmp_path: Path) -> None:
    sample = Sample()
    put(_LIBRARY, binary("libmany.a"))(sample)
    builtins = "build/lib/libclang_rt.builtins-x86_64.a"
    put(builtins, binary("libframeless.a"))(sample)
    core = sample.document["build_info"]["core"]
    core["links"].append({"name": "clang_rt.builtins-x86_64", "path_static": builtins})
    sample.record["own_files"].append(builtins)
    assert not broken(sample, tmp_path)
