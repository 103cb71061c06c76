"""Rules about archives that are a part of a full one: installations, and detached debug information."""

from __future__ import annotations

from pathlib import Path

import pytest
from corruptions import SYMLINK, Breach, Corruption, add, attribute, every, findings, member, put, refused, without
from sample_distribution import SHARED, Entry, Sample, binary, flavoured

from setup_local.audit.validate import rules, validate_archive
from setup_local.binfmt.elf import read_elf
from setup_local.errors import RequestError
from setup_local.flavors.detach import detach
from setup_local.flavors.strip import strip

TRIPLE = "x86_64-unknown-linux-gnu"


def _named(name: str) -> Corruption:
    return attribute("name", name)


def _debug_sections(sample: Sample) -> None:
    """Keep a section with a name of debug information, and no symbol table."""
    sample.name = "cpython-3.13.5-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
    for entry in sample.entries.values():
        entry.data = strip(entry.data, where="sample")
    entry = sample.file("bin/python3.13")
    assert entry.data.count(b".dynamic\0") == 1
    entry.data = entry.data.replace(b".dynamic\0", b".debug_x\0")


# The same for archives that hold only an installation.
FLAVOUR_BREACHES: list[Breach] = [
    ("flavour-layout", attribute("described", value=True)),
    ("flavour-layout", put("build/lib/libbundled.a", binary("libbundled.a"))),
    ("flavour-layout", put("install/bin/python3", b"")),
    ("flavour-program", without("bin/python3")),
    ("flavour-program", without("bin/python3.13")),
    ("flavour-program", member("bin/python3.13", "data", b"#!/bin/sh\n")),
    ("flavour-program", member("bin/python3.13", "mode", 0o644)),
    ("flavour-version", without("lib/python3.13/os.py")),
    ("pip", without("lib/python3.13/site-packages/pip/__main__.py")),
    ("pip", without("bin/pip3")),
    ("flavour-version", _named("cpython-3.12.5-x86_64-unknown-linux-gnu-install_only.tar.gz")),
    ("flavour-stripped", _named("cpython-3.13.5-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz")),
    ("flavour-stripped", _debug_sections),
    ("flavour-parts", _named("cpython-3.13.5-x86_64-unknown-linux-gnu-minimal.tar.gz")),
    ("flavour-licences", put("licenses/LICENSE.bundled.txt", b"\n")),
    ("bitcode", put("lib/libfat.a", binary("libfat.a"))),
    ("counters", member("bin/python3.13", "data", binary("python-counting"))),
    ("archive-order", attribute("reverse", value=True)),
    ("dead-links", add("python/zz", target="nothing", **SYMLINK)),
    ("needed-libraries", member(SHARED.removeprefix("install/"), "data", binary("needs-other.so"))),
    ("text-paths", put("bin/pip", b"#!/tmp/work/bin/python\n")),
    ("symbol-versions", member(SHARED.removeprefix("install/"), "data", binary("newer.so"))),
]


GOOD_ID = read_elf(binary("good.so")).build_id
GOOD_PLACE = f"lib/debug/.build-id/{GOOD_ID[:2]}/{GOOD_ID[2:]}.debug"


def debuginfo() -> Sample:
    """Return an archive with the debug information of one module."""
    name, data = detach(binary("good.so"), where="sample") or ("", b"")
    return Sample(
        name=f"cpython-3.13.5-{TRIPLE}-debuginfo.tar.gz",
        described=False,
        compression="gzip",
        entries={
            f"python/lib/debug/{name}": Entry(data),
            "python/lib/debug/gdbinit.py": Entry(b"import gdb\n"),
            "python/licenses/LICENSE.cpython.txt": Entry(b"PSF\n"),
        },
    )


def _debug_file(data: bytes) -> Corruption:
    return member(GOOD_PLACE, "data", data)


# The same for archives of detached debug information.
DEBUGINFO_BREACHES: list[Breach] = [
    ("debuginfo-layout", put("bin/python3", b"")),
    ("debuginfo-layout", put("lib/debug/bin/python3.debug", b"")),
    ("debuginfo-layout", without(GOOD_PLACE)),
    ("debuginfo-found", _debug_file(b"text")),
    ("debuginfo-found", _debug_file((detach(binary("python"), where="") or ("", b""))[1])),
    ("debuginfo-detached", _debug_file(binary("good.so"))),
    ("debuginfo-detached", _debug_file(strip(binary("good.so"), where=""))),
    ("flavour-licences", without("licenses/LICENSE.cpython.txt")),
    ("archive-order", attribute("reverse", value=True)),
    ("binary-machine", _debug_file(binary("other-machine.o"))),
]


@every(FLAVOUR_BREACHES)
def test_a_corrupted_flavour_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = flavoured("install_only")
    refused(sample, rule, corrupt, tmp_path)
    assert rule in {item.id for item in rules(sample.name)}


@every(DEBUGINFO_BREACHES)
def test_corrupted_debug_information_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = debuginfo()
    refused(sample, rule, corrupt, tmp_path)
    assert rule in {item.id for item in rules(sample.name)}


def test_good_debug_information_holds(tmp_path: Path) -> None:
    assert findings(debuginfo(), tmp_path) == []


def test_an_installation_without_licences_is_rejected(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.entries = {name: entry for name, entry in sample.entries.items() if "licenses" not in name}
    assert [finding.rule for finding in findings(sample, tmp_path)] == ["flavour-licences"]


@pytest.mark.parametrize("target", ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu-debug"])
def test_a_good_installation_holds(target: str, tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.name = f"cpython-3.13.5+20261121-{target}-install_only.tar.gz"
    assert findings(sample, tmp_path) == []


def test_an_installation_is_judged_by_the_floor_that_is_given(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.file(SHARED.removeprefix("install/")).data = binary("newer.so")
    assert validate_archive(sample.write(tmp_path), floor="2.34").holds


@pytest.mark.parametrize(("words", "holds"), [("glibc2.34", True), ("debug+glibc2.34", True), ("glibc2.28", False)])
def test_an_installation_is_judged_by_the_floor_in_its_name(words: str, tmp_path: Path, *, holds: bool) -> None:
    sample = flavoured("install_only")
    sample.name = sample.name.replace("-install_only", f"-{words}-install_only")
    sample.file(SHARED.removeprefix("install/")).data = binary("newer.so")
    assert validate_archive(sample.write(tmp_path)).holds == holds


def test_an_installation_for_an_unknown_target_is_refused(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.name = "cpython-3.13.5-vax-dec-ultrix-install_only.tar.gz"
    with pytest.raises(RequestError, match="no policy for the target 'vax-dec-ultrix'"):
        findings(sample, tmp_path)
