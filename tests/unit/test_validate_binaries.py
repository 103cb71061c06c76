"""Rules about single binaries and texts: their dependencies, exports, and traces of the build machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from corruptions import FORBIDDEN, PROGRAM, Breach, Corruption, every, findings, put, refused, shared
from hostile_elf import CONTRADICTORY, SHAPES
from sample_distribution import SHARED, Entry, Sample, binary


def renamed_module(name: str, file: str) -> Corruption:
    """Add a shared module with this name."""

    def corrupt(sample: Sample) -> None:
        path = SHARED.replace("_shared", name)
        sample.entries[f"python/{path}"] = Entry(binary(file), 0o755)
        sample.document["build_info"]["extensions"][name] = [sample.extension("_shared") | {"shared_lib": path}]

    return corrupt


BREACHES: list[Breach] = [
    ("binary-readable", put(SHARED, binary("good.so")[:200])),
    ("binary-readable", put("build/lib/libbundled.a", b"!<thin>\n")),
    ("binary-readable", put("build/lib/libbundled.a", binary("libbundled.a")[:-9])),
    ("binary-readable", put("install/bin/setup.exe", b"MZ\x90\0")),
    ("binary-paths", shared("machine-path.so")),
    ("binary-machine", put("build/Modules/demo.o", binary("other-machine.o"))),
    ("binary-machine", put("build/lib/libbundled.a", binary("libother-machine.a"))),
    ("page-size", shared("small-pages.so")),
    ("instructions", put("build/Modules/demo.o", binary("newer-instructions.o"))),
    *(("sections-agree", put(SHARED, SHAPES[shape](binary("good.so")))) for shape in CONTRADICTORY),
    *(("symbol-versions", put(SHARED, SHAPES[shape](binary("newer.so")))) for shape in SHAPES),
    *(("exports", put(SHARED, SHAPES[shape](binary("exports.so")))) for shape in SHAPES),
    *(("needed-libraries", put(SHARED, SHAPES[shape](binary("needs-other.so")))) for shape in SHAPES),
    ("needed-libraries", shared("needs-other.so")),
    ("needed-libraries", shared("needs-crypt.so")),
    ("needed-libraries", shared("needs-nsl.so")),
    ("loader-path", put(PROGRAM, binary("python-other-loader"))),
    ("symbol-versions", shared("newer.so")),
    ("run-paths", shared("rpath.so")),
    ("run-paths", shared("old-rpath.so")),
    ("run-paths-inside", shared("out-of-tree.so")),
    ("own-libraries-found", shared("needs-libpython.so")),
    ("stack", shared("stack.so")),
    ("stack", shared("no-stack.so")),
    ("relro", shared("no-relro.so")),
    ("bind-now", shared("lazy.so")),
    ("text-relocations", shared("text-relocation.so")),
    ("writable-code", shared("writable-code.so")),
    ("copied-variables", put(PROGRAM, binary("python-separate-environ"), 0o755)),
    ("exports", shared("exports.so")),
    ("exports", shared("exports-tcl.so")),
    ("exports", renamed_module("_tkinter", "exports.so")),
    ("private-symbols", shared("no-versions.so")),
    ("libc-functions", shared("memcpy.so")),
    ("libc-functions", shared("local-memcpy.so")),
    ("libc-functions", put("build/lib/libbundled.a", binary("libmemcpy.a"))),
    ("text-paths", put("build/Modules/config.c", b'#define X "/home/builder/x"\n')),
    ("text-paths", put("install/bin/pip", b"#!/tmp/work/bin/python\n")),
    ("build-ids", shared("no-build-id.so")),
    ("forbidden-paths", put("install/lib/python3.13/os.py", f"x = '{FORBIDDEN}/y'\n".encode())),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


@pytest.mark.parametrize(("name", "file"), [("_crypt", "needs-crypt.so"), ("_tkinter", "exports-tcl.so")])
def test_single_modules_may_have_what_others_may_not(name: str, file: str, tmp_path: Path) -> None:
    sample = Sample()
    renamed_module(name, file)(sample)
    assert findings(sample, tmp_path) == []


@pytest.mark.parametrize("name", ["origin.so", "local-error.so"])
def test_harmless_modules_are_accepted(name: str, tmp_path: Path) -> None:
    sample = Sample()
    shared(name)(sample)
    assert findings(sample, tmp_path) == []


def test_a_program_may_contain_a_variable_of_the_c_library_with_all_its_names(tmp_path: Path) -> None:
    sample = Sample()
    put(PROGRAM, binary("python-joined-environ"), 0o755)(sample)
    assert findings(sample, tmp_path) == []
