"""An archive with a shared libpython: the rules look into that, and it must be found from wherever the tree lies."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_distribution import SHARED, Entry, Sample, binary, flavoured

from setup_local.audit.validate import validate_archive

Corruption = Callable[[Sample], object]
PROGRAM = "install/bin/python3.13"
LIBPYTHON = "install/lib/libpython3.13.so.1.0"


def _sample() -> Sample:
    """Return the sample with libpython in a library of its own."""
    sample = Sample()
    sample.document["libpython_link_mode"] = "shared"
    sample.document["build_info"]["core"]["shared_lib"] = LIBPYTHON
    sample.file(PROGRAM).data = binary("python-shared")
    sample.entries[f"python/{LIBPYTHON}"] = Entry(binary("libpython3.13.so.1.0"), 0o755)
    link = Entry(kind=tarfile.SYMTYPE, target="libpython3.13.so.1.0", mode=0o777)
    sample.entries["python/install/lib/libpython3.13.so"] = link
    return sample


def _rules(sample: Sample, directory: Path) -> set[str]:
    return {finding.rule for finding in validate_archive(sample.write(directory)).walk()}


def _put(path: str, name: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.entries[f"python/{path}"] = Entry(binary(name), 0o755)

    return corrupt


def _said(name: str, value: str) -> Corruption:
    return lambda sample: sample.document.update({name: value})


def _unsaid(sample: Sample) -> None:
    del sample.document["build_info"]["core"]["shared_lib"]


def _moved(sample: Sample) -> None:
    """Leave libpython where the program does not look for it, and name it there."""
    path = "install/lib/python3.13/libpython3.13.so.1.0"
    sample.entries[f"python/{path}"] = sample.entries.pop(f"python/{LIBPYTHON}")
    del sample.entries["python/install/lib/libpython3.13.so"]
    sample.document["build_info"]["core"]["shared_lib"] = path


def _init(sample: Sample) -> None:
    sample.extension("_demo")["init_fn"] = "PyInit_absent"


def _optimized(sample: Sample) -> None:
    sample.name = sample.name.replace("noopt", "pgo")
    sample.document.update(build_options="pgo", optimizations="pgo")


def test_a_good_sample_holds(tmp_path: Path) -> None:
    assert _rules(_sample(), tmp_path) == set()


@pytest.mark.parametrize(
    ("rule", "corrupt"),
    [
        ("own-libraries-found", _moved),
        ("own-libraries-found", _put(PROGRAM, "python-shared-lost")),
        ("own-libraries-found", _put(LIBPYTHON, "libpython-misnamed.so")),
        ("own-libraries-found", _put(SHARED, "needs-libpython.so")),
        ("own-libraries-found", lambda sample: sample.entries.pop(f"python/{LIBPYTHON}")),
        ("link-mode", _said("libpython_link_mode", "static")),
        ("link-mode", _put(PROGRAM, "python")),
        ("link-mode", _unsaid),
        ("libraries-named", _put("install/lib/libmore.so", "good.so")),
        ("init-in-program", _init),
        ("init-in-program", _put(LIBPYTHON, "good.so")),
        ("optimized-program", _optimized),
    ],
)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = _sample()
    corrupt(sample)
    assert rule in _rules(sample, tmp_path)


def test_an_installation_without_its_libpython_is_rejected(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.file("bin/python3.13").data = binary("python-shared")
    assert _rules(sample, tmp_path) == {"own-libraries-found"}
    sample.entries["python/lib/libpython3.13.so.1.0"] = Entry(binary("libpython3.13.so.1.0"), 0o755)
    assert _rules(sample, tmp_path) == set()


def test_a_library_with_a_name_and_versions_of_its_own_may_export_everything(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    _put("lib/libx-setup_local-1.so", "libx-setup_local-1.so")(sample)
    assert _rules(sample, tmp_path) == set()
    _put("lib/libx-setup_local-1.so", "no-versions.so")(sample)
    assert _rules(sample, tmp_path) == {"private-symbols"}
