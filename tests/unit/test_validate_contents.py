"""Rules about an archive's contents: every named path exists, and every module and object is named."""

from __future__ import annotations

from pathlib import Path

from corruptions import (
    PROGRAM,
    Breach,
    Corruption,
    described,
    every,
    extension,
    findings,
    member,
    put,
    refused,
    shared,
    without,
)
from sample_distribution import DYNLOAD, SUFFIX, Entry, Sample, binary


def _file_instead_of_program(sample: Sample) -> None:
    sample.file(PROGRAM).data = b"#!/bin/sh\n"


def _nameless_link(sample: Sample) -> None:
    sample.extension("_demo")["links"].append({"name": "nowhere"})


def _useless_link(sample: Sample) -> None:
    sample.entries["python/build/lib/libuseless.a"] = Entry(binary("libmemcpy.a"))
    sample.extension("_demo")["links"].append({"name": "useless", "path_static": "build/lib/libuseless.a"})


BREACHES: list[Breach] = [
    ("pip", without("install/lib/python3.13/site-packages/pip/__main__.py")),
    ("pip", without("install/lib/python3.13/site-packages/pip-25.1.dist-info/RECORD")),
    ("pip", put("install/lib/python3.13/site-packages/pip/_internal/cli/main.py", b"")),
    ("pip", without("install/bin/pip3")),
    ("pip", member("install/bin/pip3", "mode", 0o644)),
    ("python-program", member(PROGRAM, "mode", 0o644)),
    ("python-program", _file_instead_of_program),
    ("module-suffixes", extension("_shared", shared_lib="install/lib/python3.13/os.py")),
    ("extension-forms", extension("_demo", in_core=True)),
    ("extension-forms", extension("_demo", objs=[])),
    ("extension-forms", _nameless_link),
    ("paths-exist", without("build/run_tests.py")),
    ("paths-exist", without("licenses/LICENSE.bundled.txt")),
    ("paths-exist", without("build/Modules/config.c")),
    ("paths-exist", without("build/Modules/demo.o")),
    ("paths-exist", without("install/lib/tcl8.6/init.tcl")),
    ("paths-exist", without(PROGRAM)),
    ("test-packages", described("python_stdlib_test_packages", ["test", "tkinter.test"])),
    ("modules-named", put(f"{DYNLOAD}/_more{SUFFIX}", binary("good.so"))),
    ("objects-named", put("build/Modules/more.o", binary("bundled.o"))),
    ("libraries-named", put("build/lib/libmore.a", binary("libbundled.a"))),
    ("init-functions", extension("_demo", init_fn="PyInit_absent")),
    ("init-functions", extension("_core", init_fn="PyInit__demo")),
    ("init-functions", shared("no-init.so")),
    ("init-in-program", extension("_demo", init_fn="PyInit_absent")),
    ("inittab", put("build/Modules/config.o", binary("config_more.o"))),
    ("inittab", put("build/Modules/config.o", binary("config_less.o"))),
    ("inittab", put("build/Modules/config.o", binary("bundled.o"))),
    ("links-complete", extension("_demo", links=[])),
    ("links-complete", extension("_demo", links=[], required=True)),
    ("links-complete", extension("_shared", objs=["build/Modules/demo.o"])),
    ("links-complete", put("build/Modules/demo.o", binary("wanting-gettid.o"))),  # glibc 2.30
    ("links-used", _useless_link),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


def test_objects_may_want_what_the_program_does_not_take_of_the_c_library(tmp_path: Path) -> None:
    sample = Sample()
    put("build/Modules/demo.o", binary("wanting-strlen.o"))(sample)
    assert not findings(sample, tmp_path)


def test_objects_may_want_the_loader_s_function_for_thread_local_variables(tmp_path: Path) -> None:
    sample = Sample()
    put("build/Modules/demo.o", binary("wanting-__tls_get_addr.o"))(sample)
    assert not findings(sample, tmp_path)


def test_objects_may_want_what_linkers_define(tmp_path: Path) -> None:
    """Code for Power finds its data relative to `.TOC.`."""
    sample = Sample()
    put("build/Modules/demo.o", binary("wanting-strlen.o").replace(b"\0strlen\0", b"\0.TOC.\0\0"))(sample)
    assert not findings(sample, tmp_path)
