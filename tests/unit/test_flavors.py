"""Flavours of the sample distribution: contents, validity, and reproducible bytes."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sample_distribution import DYNLOAD, SHARED, Entry, Sample, binary

from setup_local import paths
from setup_local.audit.archive import read_members
from setup_local.audit.validate import validate_archive
from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import ALLOC, NOTE
from setup_local.catalog.extensions import Extension, load_extensions
from setup_local.catalog.flavors import load_flavors, source_of
from setup_local.catalog.libraries import load_libraries
from setup_local.commands.repack import repack as command
from setup_local.errors import ArchiveError, CatalogError, OutputError, RequestError, StageError
from setup_local.flavors.detach import detach
from setup_local.flavors.repack import repack
from setup_local.flavors.strip import strip
from setup_local.values import Linkage

CATALOG = load_flavors()
FLAVORS = {flavor.name: flavor for flavor in CATALOG.flavor}
DEMO = f"{DYNLOAD}/_test{SHARED.rpartition('_shared')[2]}"
LINKED = ["python", "good.so", "needs-other.so", "newer.so"]


def _sample() -> Sample:
    sample = Sample()
    library = "python/install/lib/python3.13"
    sample.entries |= {
        f"{library}/__pycache__/os.cpython-313.pyc": Entry(b"code"),
        f"{library}/__pycache__/turtle.cpython-313.opt-1.pyc": Entry(b"code"),
        f"{library}/turtle.py": Entry(b"import tkinter\n"),
        f"{library}/site-packages/vendor/test/data.py": Entry(b"not a test of the library\n"),
        "python/install/bin/idle3": Entry(kind=tarfile.SYMTYPE, target="idle3.13", mode=0o777),
        "python/install/bin/idle3.13": Entry(b"#!/bin/sh\n", 0o755),
        "python/install/lib/libpython3.13.a": Entry(
            kind=tarfile.SYMTYPE, target="python3.13/config-3.13-x86_64-linux-gnu/libpython3.13.a", mode=0o777
        ),
        f"{library}/config-3.13-x86_64-linux-gnu/libpython3.13.a": Entry(binary("libbundled.a")),
        "python/build/python-gdb.py": Entry(b"import gdb\n"),
    }
    return sample


def _repacked(flavor: str, directory: Path, sample: Sample | None = None, **options: Any) -> Path:
    archive = (sample or _sample()).write(directory)
    return repack(archive, FLAVORS[flavor], CATALOG, output=directory / "out", **options)


def _names(archive: Path) -> list[str]:
    return [member.name for member, _ in read_members(archive)]


@pytest.mark.parametrize("flavor", FLAVORS)
@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_every_flavour_holds_what_its_name_promises(flavor: str, suffix: str, tmp_path: Path) -> None:
    archive = _repacked(flavor, tmp_path, suffix=suffix)
    assert archive.name == f"cpython-3.13.5-x86_64-unknown-linux-gnu-{flavor}.tar.{suffix}"
    assert list(validate_archive(archive).walk()) == []
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_the_installation_moves_up_and_nothing_is_lost(tmp_path: Path) -> None:
    sample = _sample()
    kept = {name.replace("/install/", "/") for name in sample.entries if not name.startswith("python/build/")}
    assert set(_names(_repacked("install_full", tmp_path, sample))) == kept | {"python/SHA256SUMS"}


def test_a_changed_file_is_not_repacked(tmp_path: Path) -> None:
    sample = _sample()
    sample.manifest = sample.sums()
    sample.file("install/lib/python3.13/os.py").data = b"import backdoor\n"
    with pytest.raises(ArchiveError, match="was changed after it was packed"):
        _repacked("install_only", tmp_path, sample)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_clients_install_has_no_tests_and_no_static_library(tmp_path: Path) -> None:
    everything, names = (set(_names(_repacked(name, tmp_path))) for name in ("install_full", "install_only"))
    gone = everything - names
    assert {CATALOG.part_of(name.removeprefix("python/")).name for name in gone} == {"tests", "static-libraries"}


@pytest.mark.parametrize(("libpython", "part"), [(Linkage.STATIC, "libpython"), (Linkage.SHARED, "interpreter")])
def test_a_shared_libpython_is_left_out_only_where_the_interpreter_can_do_without(
    libpython: Linkage, part: str
) -> None:
    for name in ("lib/libpython3.13.so", "lib/libpython3.13t.so.1.0"):
        assert CATALOG.part_of(name, libpython).name == part
        assert CATALOG.lacks(FLAVORS["minimal"], name, libpython) is (libpython is Linkage.STATIC)
        assert not CATALOG.lacks(FLAVORS["install_only"], name, libpython)


def test_minimal_leaves_its_parts_out_with_bytecode_and_links(tmp_path: Path) -> None:
    names = _names(_repacked("minimal", tmp_path))
    assert "python/lib/python3.13/__pycache__/os.cpython-313.pyc" in names
    assert "python/lib/python3.13/site-packages/vendor/test/data.py" in names
    for gone in ("turtle", "/test/__init__", "idle3", "tcl8.6", "include", "config-3.13", "libpython"):
        assert not [name for name in names if gone in name], gone


def test_an_emptied_directory_stays_where_the_interpreter_looks_for_it(tmp_path: Path) -> None:
    sample = _sample()
    sample.entries[f"python/{DEMO}"] = sample.entries.pop(f"python/{SHARED}")
    names = _names(_repacked("minimal", tmp_path, sample))
    assert [name for name in names if "lib-dynload" in name] == ["python/lib/python3.13/lib-dynload"]


@pytest.mark.parametrize("flavor", FLAVORS)
def test_the_same_archive_gives_the_same_bytes(flavor: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = _repacked(flavor, tmp_path), _repacked(flavor, tmp_path / "other", threads=2)
    assert first.read_bytes() == second.read_bytes()


def test_options_that_are_no_optimizations_stay_in_the_name(tmp_path: Path) -> None:
    sample = _sample()
    sample.document |= {"build_options": "debug+pgo+lto+without_layout", "optimizations": "pgo+lto"}
    archive = _repacked("minimal", tmp_path, sample)
    assert archive.name == "cpython-3.13.5-x86_64-unknown-linux-gnu-debug-minimal.tar.gz"
    assert validate_archive(archive).holds


def test_an_installation_cannot_be_repacked_again(tmp_path: Path) -> None:
    archive = _repacked("install_only", tmp_path)
    with pytest.raises(RequestError, match=r"does not begin with python/PYTHON\.json"):
        repack(archive, FLAVORS["minimal"], CATALOG, output=tmp_path / "again")


@pytest.mark.parametrize("name", ["python/install/../../evil", "python/install//x", "/python/install/x"])
def test_unsafe_paths_are_refused_and_nothing_is_left(name: str, tmp_path: Path) -> None:
    sample = _sample()
    sample.extra.append((name, Entry(b"x")))
    with pytest.raises(ArchiveError, match="not safe to unpack"):
        _repacked("install_only", tmp_path, sample)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.LNKTYPE])
def test_members_that_full_archives_do_not_have_are_refused(kind: bytes, tmp_path: Path) -> None:
    sample = _sample()
    sample.extra.append(("python/install/zz", Entry(kind=kind, target="python/install/bin/python3.13")))
    with pytest.raises(ArchiveError, match=r"which full archives do not have|is a device"):
        _repacked("install_only", tmp_path, sample)


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    archive = _sample().write(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ArchiveError, match="damaged"):
        repack(archive, FLAVORS["install_only"], CATALOG, output=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        _repacked("install_only", tmp_path)


@pytest.mark.parametrize("name", LINKED)
def test_stripping_changes_nothing_but_the_symbols(name: str) -> None:
    before = binary(name)
    after = strip(before, where=name)
    facts, kept = read_elf(before), read_elf(after)
    assert len(after) < len(before)
    assert facts.symbols.defined
    assert not kept.symbols.defined
    assert not kept.debug_sections
    assert dataclasses.replace(facts, symbols=kept.symbols, sections=kept.sections) == kept
    assert strip(after, where=name) == after


@pytest.mark.parametrize("name", ["python", "good.so"])
def test_detached_debug_information_is_all_that_stripping_removes(name: str) -> None:
    whole = binary(name)
    path, data = detach(whole, where=name) or ("", b"")
    before, after = read_layout(whole), read_layout(data)
    facts, found = read_elf(whole), read_elf(data)
    assert path == f".build-id/{facts.build_id[:2]}/{facts.build_id[2:]}.debug"
    assert found.build_id == facts.build_id == read_elf(strip(whole, where=name)).build_id
    assert found.symbols == facts.symbols
    assert (found.detached, found.linked, found.debug_sections) == (True, False, facts.debug_sections)
    assert len(after.sections) == len(before.sections)
    for old, new in zip(before.sections, after.sections, strict=True):
        assert before.name(old) == after.name(new)
        assert (old.address, old.size) == (new.address, new.size)
        assert after.content(new) == (before.content(old) if old.kind == NOTE or not old.flags & ALLOC else b"")


@pytest.mark.parametrize("name", ["core.o", "libbundled.a", "debug.o", "libpython3.so"])
def test_only_linked_files_have_debug_information_to_detach(name: str) -> None:
    assert detach(binary(name), where=name) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (binary("no-build-id.so"), "it has no build id"),
        (binary("no-debug.so"), "it has no debug information"),
        (binary("good.so")[:-100], "cannot be detached"),
        (binary("good.so")[:200], "cannot be detached"),
    ],
)
def test_a_binary_without_debug_information_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(StageError, match=what):
        detach(data, where="x.so")


def test_debug_information_comes_with_what_a_debugger_needs(tmp_path: Path) -> None:
    ids = sorted(read_elf(binary(name)).build_id for name in ("python", "good.so"))
    assert _names(_repacked("debuginfo", tmp_path)) == [
        "python/lib/debug/SHA256SUMS",
        *(f"python/lib/debug/.build-id/{item[:2]}/{item[2:]}.debug" for item in ids),
        "python/lib/debug/gdbinit.py",
        "python/lib/debug/python-gdb.py",
        "python/licenses/LICENSE.bundled.txt",
        "python/licenses/LICENSE.cpython.txt",
    ]


@pytest.mark.parametrize("name", ["core.o", "libbundled.a"])
def test_what_is_linked_later_keeps_its_symbols(name: str) -> None:
    assert strip(binary(name), where=name) == binary(name)


def test_a_damaged_binary_is_not_stripped() -> None:
    with pytest.raises(StageError, match=r"x\.so: cannot be stripped"):
        strip(binary("good.so")[:200], where="x.so")


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("bin/python3.13", "interpreter"),
        ("bin/python3.13-config", "development"),
        ("lib/python3.13/test/support/__init__.py", "tests"),
        ("lib/python3.11/unittest/test/test_case.py", "tests"),
        ("lib/python3.13/lib-dynload/_tkinter.cpython-313-x86_64-linux-gnu.so", "tkinter"),
        ("lib/python3.13/lib-dynload/_crypt.cpython-313-x86_64-linux-gnu.so", "modules"),
        ("lib/python3.13/json/__pycache__/tool.cpython-313.opt-2.pyc", "library"),
        ("lib/python3.13/site-packages/pip/tests/x.py", "pip"),
        ("lib/python3.13/config-3.13-x86_64-linux-gnu/libpython3.13.a", "static-libraries"),
        ("build/Modules/_ssl.o", "objects"),
        ("licenses/LICENSE.zlib.txt", "licences"),
        ("lib/debug/.build-id/01/23.debug", "debug"),
        ("strange", "other"),
    ],
)
def test_a_file_belongs_to_its_part(path: str, part: str) -> None:
    assert CATALOG.part_of(path).name == part


@pytest.mark.parametrize("path", ["share/certifi/cacert.pem", "share/zoneinfo/Europe/Berlin"])
def test_what_hosts_may_lack_is_in_every_flavour(path: str) -> None:
    part = CATALOG.part_of(path).name
    assert part in {"certificates", "time-zones"}
    assert not [name for name, flavor in FLAVORS.items() if part in flavor.without]


def _linked(extension: Extension) -> set[str]:
    """Return the libraries that an extension module links, and their dependencies."""
    known = {library.name: library for library in load_libraries()}
    found: set[str] = set()
    left = [name for part in extension.parts for name in part.libraries]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += known[name].needs
    return found


def test_licences_of_what_only_tkinter_links_go_with_it() -> None:
    tkinter = next(_linked(extension) for extension in load_extensions() if extension.name == "_tkinter")
    others = {name for item in load_extensions() if item.name != "_tkinter" for name in _linked(item)}
    names = {library.name: library.license_name for library in load_libraries()}
    parts = {name: CATALOG.part_of(f"licenses/{text}").name for name, text in names.items()}
    assert {name for name, part in parts.items() if part == "tkinter"} == tkinter - others
    assert "fontconfig" in tkinter - others


def test_only_bytecode_has_a_source() -> None:
    assert source_of("lib/__pycache__/a.cpython-313.pyc") == "lib/a.py"
    assert source_of("lib/a.pyc") == ""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"documentation",', '"nothing",', "minimal leaves out unknown parts: nothing"),
        ('files = ["**"]', 'files = ["*"]', "must claim every file"),
        ("stripped = true", "striped = true", "striped"),
    ],
)
def test_a_wrong_catalog_is_refused(old: str, new: str, what: str, tmp_path: Path) -> None:
    text = (paths.DATA / "flavors.toml").read_text()
    assert old in text
    (tmp_path / "flavors.toml").write_text(text.replace(old, new))
    with pytest.raises(CatalogError, match=what):
        load_flavors(tmp_path / "flavors.toml")


def test_the_command_makes_every_flavour(tmp_path: Path) -> None:
    archive = _sample().write(tmp_path)
    done = CliRunner().invoke(command, [str(archive), "--flavor", "all", "--output", str(tmp_path / "out"), "--json"])
    made = json.loads(done.stdout)["archives"]
    assert [item["flavor"] for item in made] == list(FLAVORS)
    assert all(Path(item["path"]).stat().st_size == item["size"] for item in made)


@pytest.mark.parametrize("flavor", ["install_only_stripped", "minimal"])
def test_debug_information_is_made_along_with_what_lacks_it(flavor: str, tmp_path: Path) -> None:
    archive = _sample().write(tmp_path)
    done = CliRunner().invoke(command, [str(archive), "--flavor", flavor, "--output", str(tmp_path / "out")])
    assert [Path(line).name.rpartition("-")[2] for line in done.stdout.split()] == [
        f"{flavor}.tar.gz",
        "debuginfo.tar.gz",
    ]


def test_an_unknown_flavour_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path / "x"), "--flavor", "tiny"])
    assert isinstance(done.exception, RequestError)
    assert "no flavour 'tiny'" in str(done.exception)
