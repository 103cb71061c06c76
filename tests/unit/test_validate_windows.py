"""The rules about Windows: a good full sample and its flavours hold, and each corrupted one breaks its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from corruptions import Breach, broken, described, every, refused
from hostile_pe import put as with_number
from hostile_pe import with_header
from sample_distribution import Entry, Sample
from sample_windows import (
    LIBRARY,
    PROGRAM,
    SHARED,
    STABLE,
    STABLE_TEST,
    TRIPLE,
    binary,
    changed,
    flavoured,
    put,
    renamed,
    windows,
)

from setup_local.audit.archive import read_members
from setup_local.audit.policy import load_policy
from setup_local.audit.stable_abi import stable_names
from setup_local.audit.validate import audit_paths, rules, validate_archive
from setup_local.binfmt.coff_rows import EXPORTS, SYMBOL, read_file_header
from setup_local.binfmt.pe_layout import read_pe
from setup_local.catalog.flavors import load_flavors
from setup_local.commands.repack import repack as command
from setup_local.flavors.repack import NoDebugInformation, repack


def _numbered(data: bytes) -> bytes:
    """Remove the last exported name, so that only its number is left."""
    file = read_pe(data)
    found = file.directory(EXPORTS)
    assert found is not None
    return with_number(data, file.place(found.address)[0] + 24, "I", 1)


def _dated(data: bytes) -> bytes:
    return with_number(data, 4, "I", 1_700_000_000)


FLAVORS = ["install_only", "install_only_stripped", "install_full", "minimal"]
BREACHES: list[Breach] = [
    ("binary-readable", changed(SHARED, lambda data: data[:200])),
    ("binary-readable", changed("build/lib/bundled.lib", lambda data: data[:-9])),
    ("binary-machine", put(SHARED, "architectures/aarch64.pyd")),
    ("binary-machine", put("build/Modules/demo.obj", "architectures/module-i686.obj")),
    ("needed-libraries", put(SHARED, "needs-other.pyd")),
    ("needed-libraries", put(SHARED, "needs-user32.pyd")),
    ("needed-libraries", put(SHARED, "delays-other.pyd")),
    ("own-libraries-found", lambda sample: sample.entries.pop(f"python/{LIBRARY}")),
    ("own-libraries-found", put(LIBRARY, "python3.dll")),
    ("exports", put(SHARED, "exports.pyd")),
    ("exports", put(LIBRARY, "exports.pyd")),
    ("writable-code", put(SHARED, "writable-code.pyd")),
    ("binary-paths", put(SHARED, "machine-path.pyd")),
    ("binary-paths", changed("install/Scripts/pip3.exe", lambda data: data + b"#!/home/x/python.exe\r\nPK")),
    ("binary-paths", changed("install/Scripts/pip3.exe", lambda data: data + rb"#!C:\Users\x\python.exe")),
    ("bitcode", put("build/Python/core.obj", "core-fat.obj")),
    ("bitcode", put("build/Python/core.obj", "core-bitcode.obj")),
    ("build-ids", put(SHARED, "no-build-id.pyd")),
    ("windows-version", put(SHARED, "newer.pyd")),
    ("windows-version", put(SHARED, "native.pyd")),
    ("address-randomization", put(SHARED, "fixed-address.pyd")),
    ("address-randomization", put(SHARED, "low-entropy.pyd")),
    ("base-relocations", put(SHARED, "no-relocations.pyd")),
    ("executable-data", put(SHARED, "executable-data.pyd")),
    ("control-flow-guard", changed(SHARED, lambda data: with_header(data, 70, "H", 0x4160))),
    ("program-manifest", put(PROGRAM, "python-no-manifest.exe")),
    ("program-manifest", changed(PROGRAM, lambda data: data.replace(b"asInvoker", b"asUnknown"))),
    ("program-manifest", changed(PROGRAM, lambda data: data.replace(b">true<", b">none<"))),
    ("shared-data", put(SHARED, "shared-data.pyd")),
    ("thread-callbacks", put(SHARED, "callbacks.pyd")),
    ("exports-by-name", changed(LIBRARY, _numbered)),
    ("windows-debug-information", put(SHARED, "pdb.pyd")),
    ("windows-debug-information", put(SHARED, "debug.pyd")),
    ("windows-times", put(SHARED, "timestamp.pyd")),
    ("windows-times", changed("build/Modules/demo.obj", _dated)),
    ("forwarded-exports", put(STABLE, "python3-other.dll")),
    ("forwarded-exports", changed(STABLE, lambda data: data.replace(b"python313.Py_Main", b"python313.Py_Xxxx"))),
    ("stable-abi", changed(STABLE_TEST, lambda data: data.replace(b"HAVE_FORK", b"MS_WINDOWS"))),
    ("stable-abi", put(STABLE, "python313.dll")),
    ("stable-abi", lambda sample: sample.entries.pop(f"python/{STABLE}")),
    ("stable-abi", lambda sample: renamed(sample, LIBRARY, "python313t.dll")),
    ("import-libraries", put(LIBRARY, "good.pyd")),
    ("import-libraries", lambda sample: sample.entries.pop(f"python/{LIBRARY}")),
    ("abi", described("python_exe", "install/pythonw.exe")),
    ("abi", lambda sample: sample.document["python_config_vars"].update(EXT_SUFFIX=".pyd")),
    ("link-mode", described("libpython_link_mode", "static")),
    ("modules-named", put("install/DLLs/_other.cp313-win_amd64.pyd", "good.pyd")),
    ("objects-named", put("build/Python/other.obj", "core.obj")),
    ("libraries-named", put("build/lib/other.lib", "bundled.lib")),
    ("libraries-named", put("install/other.dll", "python313.dll")),
    ("python-program", lambda sample: setattr(sample.file(PROGRAM), "mode", 0o644)),
    ("init-functions", put("build/Modules/demo.obj", "bundled.obj")),
    ("inittab", put("build/PC/config.obj", "demo.obj")),
    ("links-complete", put("build/lib/bundled.lib", "demo.obj")),
    ("links-used", put("build/Modules/demo.obj", "core.obj")),
    ("text-paths", lambda sample: setattr(sample.file("build/PC/config.c"), "data", rb'#define X "d:\\a\\work\\x.c"')),
    ("text-paths", lambda sample: setattr(sample.file("build/PC/config.c"), "data", b'"/home/builder/x"\n')),
]
FLAVOUR_BREACHES: list[Breach] = [
    ("flavour-program", lambda sample: sample.entries.pop("python/python.exe")),
    ("flavour-program", lambda sample: setattr(sample.file("python.exe"), "data", b"@echo off\n")),
    ("flavour-version", lambda sample: sample.entries.pop("python/Lib/os.py")),
    ("flavour-version", lambda sample: setattr(sample, "name", sample.name.replace("3.13.5", "3.12.5"))),
    ("flavour-stripped", put("DLLs/_shared.cp313-win_amd64.pyd", "symbols.pyd")),
    ("flavour-parts", lambda sample: sample.entries.update({"python/Lib/test/x.py": Entry()})),
    (
        "flavour-parts",
        lambda sample: sample.entries.update({"python/libs/python313.lib": Entry(binary("python313.lib"))}),
    ),
]


@pytest.mark.parametrize(("imported", "is_complete"), [(b"_put\0", True), (b"_get\0", False)])
def test_modules_in_files_link_the_c_runtimes_names_without_the_underscore(
    imported: bytes, tmp_path: Path, *, is_complete: bool
) -> None:
    sample = windows()
    put("build/Modules/shared.obj", "core.obj")(sample)
    changed("build/Modules/shared.obj", lambda data: data.replace(b"puts\0", b"put\0\0"))(sample)
    changed(SHARED, lambda data: data.replace(b"puts\0", imported))(sample)
    sample.document["build_info"]["extensions"]["_shared"][0]["objs"] = ["build/Modules/shared.obj"]
    assert ("links-complete" not in broken(sample, tmp_path)) is is_complete


def test_without_the_gil_the_dll_of_the_stable_abi_has_another_name(tmp_path: Path) -> None:
    sample = windows()
    renamed(sample, LIBRARY, "python313t.dll")
    renamed(sample, STABLE, "python3t.dll")
    assert "stable-abi" not in broken(sample, tmp_path)


def test_a_good_sample_holds(tmp_path: Path) -> None:
    assert broken(windows(), tmp_path) == set()


@pytest.mark.parametrize("flavor", FLAVORS)
def test_every_flavour_of_it_holds(flavor: str, tmp_path: Path) -> None:
    catalog = load_flavors()
    made = next(item for item in catalog.flavor if item.name == flavor)
    archive = repack(_with_debug().write(tmp_path), made, catalog, output=tmp_path / "out")
    assert archive.name == f"cpython-3.13.5-{TRIPLE}-{flavor}.tar.gz"
    names = {member.name.removeprefix("python/") for member, _ in read_members(archive)}
    assert {"python.exe", "python313.dll", "Lib/os.py"} <= names
    assert ("libs/python313.lib" in names) is (flavor != "minimal")
    assert ("Lib/test/__init__.py" in names) is (flavor == "install_full")
    rules_broken = {finding.rule for finding in validate_archive(archive).walk()}
    assert rules_broken == set() if made.stripped else {"windows-debug-information"}


def _with_debug() -> Sample:
    """Return a sample with something to strip."""
    sample = windows()
    put(SHARED, "debug.pyd")(sample)
    return sample


def test_no_archive_of_missing_debug_information_is_written(tmp_path: Path) -> None:
    catalog = load_flavors()
    debug = next(item for item in catalog.flavor if item.detached)
    archive = windows().write(tmp_path)
    with pytest.raises(NoDebugInformation, match="no debug information"):
        repack(archive, debug, catalog, output=tmp_path / "out")
    words = [str(archive), "--output", str(tmp_path / "made"), "--flavor"]
    assert CliRunner().invoke(command, [*words, "minimal"]).exit_code == 0
    assert [path.name for path in (tmp_path / "made").iterdir()] == [f"cpython-3.13.5-{TRIPLE}-minimal.tar.gz"]
    assert isinstance(CliRunner().invoke(command, [*words, debug.name]).exception, NoDebugInformation)


def test_launchers_of_pip_are_accepted_unchanged(tmp_path: Path) -> None:
    sample = windows()
    changed("install/Scripts/pip3.exe", lambda data: data + rb"C:\Users\v\simple_launcher\t64.pdb")(sample)
    put("install/Lib/site-packages/pip/_vendor/distlib/t64.exe", "timestamp.pyd")(sample)
    put("install/Lib/site-packages/pip/_vendor/distlib/t32.exe", "architectures/i686.pyd")(sample)
    assert broken(sample, tmp_path) == set()


def test_dlls_of_the_vendor_are_accepted_unchanged(tmp_path: Path) -> None:
    sample = windows()
    put("install/vcruntime140.dll", "timestamp.pyd")(sample)
    put("install/vcruntime140_1.dll", "pdb.pyd")(sample)
    put("install/msvcp140.dll", "exports.pyd")(sample)
    assert broken(sample, tmp_path) == set()


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Callable[[Sample], object], tmp_path: Path) -> None:
    refused(windows(), rule, corrupt, tmp_path)


@every(FLAVOUR_BREACHES)
def test_a_corrupted_flavour_breaks_its_rule(rule: str, corrupt: Callable[[Sample], object], tmp_path: Path) -> None:
    refused(flavoured("minimal"), rule, corrupt, tmp_path)


def test_the_stable_abi_is_read_from_the_librarys_test() -> None:
    text = b"if feature_macros['MS_WINDOWS']:\n    SYMBOL_NAMES += (\n        'PyErr_SetFromWindowsErr',\n    )\n"
    assert stable_names(b'SYMBOL_NAMES = (\n\n    "PyAIter_Check",\n    "Py_True",\n)\n' + text) == {
        *("PyAIter_Check", "Py_True", "PyErr_SetFromWindowsErr")
    }
    assert stable_names(text.replace(b"MS_WINDOWS", b"HAVE_FORK")) == set()
    assert stable_names(b"SYMBOL_NAMES = list()\n") == set()


@pytest.mark.parametrize(("wanted", "good"), [(b"close\0\0\0", False), (b"puts\0\0\0\0", True), (b"atexit\0\0", True)])
def test_objects_may_need_functions_of_the_c_runtime(wanted: bytes, *, good: bool, tmp_path: Path) -> None:
    """The sample's libpython imports `puts`, and nothing named `close` or `_close`."""
    sample = windows()
    entry = sample.file("build/Modules/demo.obj")
    entry.data = _wanting(entry.data, wanted)
    assert ("links-complete" in broken(sample, tmp_path)) is not good


def _wanting(data: bytes, name: bytes) -> bytes:
    """Return an object with an additional undefined symbol, whose name has eight bytes."""
    header = read_file_header(data, 0)
    end = header.symbols_at + header.symbol_count * SYMBOL.size
    grown = data[:end] + SYMBOL.pack(name, 0, 0, 0, 2, 0) + data[end:]
    return with_number(grown, 12, "I", header.symbol_count + 1)


def test_posix_names_are_found_with_an_underscore(tmp_path: Path) -> None:
    sample = windows()
    changed(LIBRARY, lambda data: data.replace(b"\0puts\0", b"\0_put\0"))(sample)
    changed("build/Python/core.obj", lambda data: data.replace(b"__imp_puts", b"__imp__put"))(sample)
    sample.file("build/Modules/demo.obj").data = _wanting(sample.file("build/Modules/demo.obj").data, b"put\0\0\0\0\0")
    assert "links-complete" not in broken(sample, tmp_path)


def test_hashes_in_place_of_times_are_accepted(tmp_path: Path) -> None:
    sample = windows()
    put(SHARED, "hashed.pyd")(sample)
    assert broken(sample, tmp_path) == set()


def test_a_forwarder_without_imports_is_accepted(tmp_path: Path) -> None:
    assert STABLE in {name.removeprefix("python/") for name in windows().entries}
    (tmp_path / "python3.dll").write_bytes(binary("python3.dll"))
    verdict = audit_paths([tmp_path], load_policy("x86_64-pc-windows-msvc"))
    assert list(verdict.walk()) == []


def test_rules_of_other_formats_are_not_applied() -> None:
    applied = {rule.id for rule in rules(windows().name)}
    assert "windows-times" in applied
    assert not applied & {"relro", "symbol-versions"}
