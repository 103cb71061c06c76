"""The libraries that an archive's metadata names for build systems must be in it, for every flavour."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from corruptions import Breach, Corruption, broken, every, linked, refused
from sample_distribution import Entry, Sample, binary

from setup_local.audit.validate import validate_archive
from setup_local.catalog.flavors import Flavor, load_flavors
from setup_local.flavors.repack import repack

LIBRARY = "install/lib/libpython3.13.so.1.0"
CONFIG = "install/lib/python3.13/config-3.13-x86_64-linux-gnu"


def _sample() -> Sample:
    """Return the sample with a shared libpython beside the program, which contains libpython itself."""
    sample = Sample()
    sample.document["build_info"]["core"]["shared_lib"] = LIBRARY
    link = {"kind": tarfile.SYMTYPE, "mode": 0o777}
    archive = "libpython3.13.a"
    sample.entries |= {
        f"python/{LIBRARY}": Entry(binary("libpython3.13.so.1.0"), 0o755),
        "python/install/lib/libpython3.13.so": Entry(target="libpython3.13.so.1.0", **link),
        f"python/{CONFIG}/{archive}": Entry(binary("libbundled.a")),
        f"python/install/lib/{archive}": Entry(target=f"{CONFIG.removeprefix('install/lib/')}/{archive}", **link),
        "python/install/lib/pkgconfig/python-3.13-embed.pc": Entry(b"Libs: -lpython3.13\n"),
        "python/install/lib/pkgconfig/python-3.13-embed-static.pc": Entry(b"Libs: -lz\n"),
    }
    return sample


def _without(*paths: str) -> Breach:
    def corrupt(sample: Sample) -> None:
        for path in paths:
            del sample.entries[f"python/{path}"]

    return "embedding-libraries", corrupt


BREACHES: list[Breach] = [
    _without(LIBRARY, "install/lib/libpython3.13.so"),
    _without("install/lib/libpython3.13.so"),
    _without("install/lib/libpython3.13.a"),
    ("embedding-libraries", linked(LIBRARY, "libpython-misnamed.so")),
    ("embedding-libraries", linked(LIBRARY, "good.so")),
    _without("build/lib/libbundled.a"),
]


def test_a_good_sample_holds(tmp_path: Path) -> None:
    assert broken(_sample(), tmp_path) == set()


def test_another_name_of_the_settings_is_about_the_same_library(tmp_path: Path) -> None:
    sample = _sample()
    link = Entry(target="python-3.13-embed.pc", kind=tarfile.SYMTYPE, mode=0o777)
    sample.entries["python/install/lib/pkgconfig/python-3.14-embed.pc"] = link
    assert broken(sample, tmp_path) == set()


@every(BREACHES)
def test_a_library_that_is_not_there_is_refused(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(_sample(), rule, corrupt, tmp_path)


@pytest.mark.parametrize("flavor", [flavor for flavor in load_flavors().flavor if not flavor.detached])
def test_every_flavour_has_what_it_tells_of(flavor: Flavor, tmp_path: Path) -> None:
    archive = repack(_sample().write(tmp_path), flavor, load_flavors(), output=tmp_path / "out")
    assert list(validate_archive(archive).walk()) == []
