"""An archive with a shared libpython: the rules check it, and it must be found wherever the tree is."""

from __future__ import annotations

import tarfile
from pathlib import Path

from corruptions import PROGRAM, Breach, Corruption, broken, described, every, extension, linked, refused
from sample_distribution import SHARED, Entry, Sample, binary, flavoured

LIBPYTHON = "install/lib/libpython3.13.so.1.0"


def _sample() -> Sample:
    """Return the sample with libpython as a shared library."""
    sample = Sample()
    sample.document["libpython_link_mode"] = "shared"
    sample.document["build_info"]["core"]["shared_lib"] = LIBPYTHON
    sample.file(PROGRAM).data = binary("python-shared")
    sample.entries[f"python/{LIBPYTHON}"] = Entry(binary("libpython3.13.so.1.0"), 0o755)
    link = Entry(kind=tarfile.SYMTYPE, target="libpython3.13.so.1.0", mode=0o777)
    sample.entries["python/install/lib/libpython3.13.so"] = link
    return sample


def _unsaid(sample: Sample) -> None:
    del sample.document["build_info"]["core"]["shared_lib"]


def _moved(sample: Sample) -> None:
    """Move libpython to where the program does not look for it, and name that path."""
    path = "install/lib/python3.13/libpython3.13.so.1.0"
    sample.entries[f"python/{path}"] = sample.entries.pop(f"python/{LIBPYTHON}")
    del sample.entries["python/install/lib/libpython3.13.so"]
    sample.document["build_info"]["core"]["shared_lib"] = path


def _optimized(sample: Sample) -> None:
    sample.name = sample.name.replace("noopt", "pgo")
    sample.document.update(build_options="pgo", optimizations="pgo")


BREACHES: list[Breach] = [
    ("own-libraries-found", _moved),
    ("own-libraries-found", linked(PROGRAM, "python-shared-lost")),
    ("own-libraries-found", linked(LIBPYTHON, "libpython-misnamed.so")),
    ("own-libraries-found", linked(SHARED, "needs-libpython.so")),
    ("own-libraries-found", lambda sample: sample.entries.pop(f"python/{LIBPYTHON}")),
    ("link-mode", described("libpython_link_mode", "static")),
    ("link-mode", linked(PROGRAM, "python")),
    ("link-mode", _unsaid),
    ("libraries-named", linked("install/lib/libmore.so", "good.so")),
    ("init-in-program", extension("_demo", init_fn="PyInit_absent")),
    ("init-in-program", linked(LIBPYTHON, "good.so")),
    ("optimized-program", _optimized),
]


def test_a_good_sample_holds(tmp_path: Path) -> None:
    assert broken(_sample(), tmp_path) == set()


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(_sample(), rule, corrupt, tmp_path)


def test_an_installation_without_its_libpython_is_rejected(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.file("bin/python3.13").data = binary("python-shared")
    assert broken(sample, tmp_path) == {"own-libraries-found"}
    sample.entries["python/lib/libpython3.13.so.1.0"] = Entry(binary("libpython3.13.so.1.0"), 0o755)
    assert broken(sample, tmp_path) == set()


def test_a_library_with_a_name_and_versions_of_its_own_may_export_everything(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    linked("lib/libx-setup_local-1.so", "libx-setup_local-1.so")(sample)
    assert broken(sample, tmp_path) == set()
    linked("lib/libx-setup_local-1.so", "no-versions.so")(sample)
    assert broken(sample, tmp_path) == {"private-symbols"}
