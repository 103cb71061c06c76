"""Every rule of the validator passes the good sample and rejects a corrupted one."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_distribution import DYNLOAD, SHARED, SUFFIX, Entry, Sample, binary, flavoured

from setup_local.audit.facts import COUNTS
from setup_local.audit.model import Finding, Severity
from setup_local.audit.validate import rules, validate_archive
from setup_local.binfmt.elf import read_elf
from setup_local.errors import DescriptionError, RequestError
from setup_local.flavors.detach import detach
from setup_local.flavors.strip import strip

Corruption = Callable[[Sample], object]
PROGRAM = "install/bin/python3.13"
FORBIDDEN = "/somewhere/else"
TRIPLE = "x86_64-unknown-linux-gnu"


def _shared(name: str) -> Corruption:
    """Put another binary in the place of the shared module."""

    def corrupt(sample: Sample) -> None:
        sample.file(SHARED).data = binary(name)

    return corrupt


def _file(path: str, data: bytes) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.entries[f"python/{path}"] = Entry(data)

    return corrupt


def _add(name: str, **fields: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.extra.append((name, Entry(**fields)))  # type: ignore[arg-type]

    return corrupt


def _set(name: str, value: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.document[name] = value

    return corrupt


def _variable(name: str, value: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.document["python_config_vars"][name] = value

    return corrupt


def _built_as(options: str) -> Corruption:
    """Say of the sample that it was built with other options than it was."""

    def corrupt(sample: Sample) -> None:
        sample.name = sample.name.replace("noopt", options)
        sample.document["build_options"] = options

    return corrupt


def _extension(extension: str, **fields: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.extension(extension).update(fields)

    return corrupt


def _without(path: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        del sample.entries[f"python/{path}"]

    return corrupt


def _attribute(name: str, value: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        setattr(sample, name, value)

    return corrupt


def _entry(path: str, name: str, value: object) -> Corruption:
    def corrupt(sample: Sample) -> None:
        setattr(sample.file(path), name, value)

    return corrupt


def _no_static_library(sample: Sample) -> None:
    del sample.document["build_info"]["core"]["static_lib"]


def _file_instead_of_program(sample: Sample) -> None:
    sample.file(PROGRAM).data = b"#!/bin/sh\n"


def _nameless_link(sample: Sample) -> None:
    sample.extension("_demo")["links"].append({"name": "nowhere"})


PROFILE = b"\xfflprofi\x81" + bytes(8) + b"_PyEval_EvalFrameDefault"


def _optimized(sample: Sample) -> None:
    """Make the sample one that was built with pgo+lto."""
    sample.name = sample.name.replace("noopt", "pgo+lto")
    sample.document |= {"build_options": "pgo+lto", "optimizations": "pgo+lto"}
    sample.file(PROGRAM).data = binary("python-optimized")
    sample.file("build/Python/core.o").data = binary("core-profiled.o")
    sample.entries["python/build/cpython.profdata"] = Entry(PROFILE)


def _laid_out(counts: bytes) -> Corruption:
    """Make it one that was laid out by these counts of jumps."""

    def corrupted(sample: Sample) -> None:
        sample.file(PROGRAM).data = binary("python-laid-out")
        sample.entries[f"python/{COUNTS}"] = Entry(counts)

    return corrupted


def _but(corrupt: Corruption) -> Corruption:
    """Make an optimized sample with one fault."""

    def corrupted(sample: Sample) -> None:
        _optimized(sample)
        corrupt(sample)

    return corrupted


def _useless_link(sample: Sample) -> None:
    sample.entries["python/build/lib/libuseless.a"] = Entry(binary("libmemcpy.a"))
    sample.extension("_demo")["links"].append({"name": "useless", "path_static": "build/lib/libuseless.a"})


SYMLINK = {"kind": tarfile.SYMTYPE, "mode": 0o777}
HARDLINK = {"kind": tarfile.LNKTYPE}
# Rule, and corruptions that it must reject.
BREACHES: list[tuple[str, Corruption]] = [
    ("archive-safe-paths", _add("python/../../etc/passwd")),
    ("archive-safe-paths", _add("/python/absolute")),
    ("archive-safe-paths", _add("python/zz", target="../../outside", **SYMLINK)),
    ("archive-safe-paths", _add("python/zz", target="/etc/passwd", **SYMLINK)),
    ("archive-safe-paths", _add("python/zz", target="python/../../outside", **HARDLINK)),
    ("archive-safe-paths", _add("python/zz", target="/etc/passwd", **HARDLINK)),
    ("archive-no-detours", _add("python/install/bin/python3/inside")),
    ("archive-unique", _add(f"python/{PROGRAM}")),
    ("archive-root", _add("zebra")),
    ("archive-no-devices", _add("python/zz", kind=tarfile.CHRTYPE)),
    ("archive-no-devices", _add("python/zz", kind=tarfile.FIFOTYPE)),
    ("archive-description-first", _attribute("description_last", value=True)),
    ("archive-order", _attribute("reverse", value=True)),
    ("archive-owners", _entry(PROGRAM, "owner", 1000)),
    ("archive-owners", _entry(PROGRAM, "owner_name", "builder")),
    ("archive-times", _entry(PROGRAM, "time", 5)),
    ("archive-modes", _entry(PROGRAM, "mode", 0o4755)),
    ("archive-modes", _entry("build/run_tests.py", "mode", 0o664)),
    ("archive-name", _attribute("name", "cpython-3.13.4-x86_64-unknown-linux-gnu-noopt-full.tar.zst")),
    ("archive-name", _attribute("name", "python.tar.zst")),
    ("python-version", _set("python_version", "3.13.6")),
    ("python-version", _set("python_major_minor_version", "3.12")),
    ("python-version", _set("python_implementation_hex_version", 0x030D05C1)),
    ("python-version", _set("python_tag", "cp312")),
    ("python-version", _set("python_abi_tag", "cp312")),
    ("python-version", _set("python_implementation_cache_tag", "cpython-312")),
    ("python-version", _set("python_abi_tag", "cp313d")),
    ("abi", _variable("ABIFLAGS", "t")),
    ("abi", _variable("Py_DEBUG", "1")),
    ("abi", _variable("Py_GIL_DISABLED", "1")),
    ("abi", _variable("EXT_SUFFIX", ".cpython-313d-x86_64-linux-gnu.so")),
    ("abi", _built_as("debug")),
    ("abi", _built_as("freethreaded")),
    ("target", _set("python_platform_tag", "linux-aarch64")),
    ("target", _set("crt_features", ["glibc-max-symbol-version:2.12"])),
    ("target", _set("crt_features", ["glibc-dynamic"])),
    ("target", _set("crt_features", ["glibc-dynamic", "glibc-max-symbol-version:2.99"])),
    ("static", _set("crt_features", ["glibc-dynamic", "glibc-max-symbol-version:2.12", "static"])),
    ("target", _built_as("noopt+glibc2.17")),
    ("build-options", _set("optimizations", "pgo+lto")),
    ("python-program", _entry(PROGRAM, "mode", 0o644)),
    ("python-program", _file_instead_of_program),
    ("processor-level", _set("target_triple", "x86_64_v3-unknown-linux-gnu")),
    ("processor-level", _file(PROGRAM, binary("python-v3"))),
    ("link-mode", _set("libpython_link_mode", "shared")),
    ("link-mode", _set("python_extension_module_loading", ["builtin"])),
    ("link-mode", _no_static_library),
    ("module-suffixes", _extension("_shared", shared_lib="install/lib/python3.13/os.py")),
    ("extension-forms", _extension("_demo", in_core=True)),
    ("extension-forms", _extension("_demo", objs=[])),
    ("extension-forms", _nameless_link),
    ("paths-exist", _without("build/run_tests.py")),
    ("paths-exist", _without("licenses/LICENSE.bundled.txt")),
    ("paths-exist", _without("build/Modules/config.c")),
    ("paths-exist", _without("build/Modules/demo.o")),
    ("paths-exist", _without("install/lib/tcl8.6/init.tcl")),
    ("paths-exist", _without(PROGRAM)),
    ("test-packages", _set("python_stdlib_test_packages", ["test", "tkinter.test"])),
    ("dead-links", _add("python/zz", target="install/nothing", **SYMLINK)),
    ("dead-links", _add("python/zz", target="python/nothing", **HARDLINK)),
    ("modules-named", _file(f"{DYNLOAD}/_more{SUFFIX}", binary("good.so"))),
    ("objects-named", _file("build/Modules/more.o", binary("bundled.o"))),
    ("libraries-named", _file("build/lib/libmore.a", binary("libbundled.a"))),
    ("init-functions", _extension("_demo", init_fn="PyInit_absent")),
    ("init-functions", _extension("_core", init_fn="PyInit__demo")),
    ("init-functions", _shared("no-init.so")),
    ("init-in-program", _extension("_demo", init_fn="PyInit_absent")),
    ("inittab", _file("build/Modules/config.o", binary("config_more.o"))),
    ("inittab", _file("build/Modules/config.o", binary("config_less.o"))),
    ("inittab", _file("build/Modules/config.o", binary("bundled.o"))),
    ("optimized-program", _but(_file(PROGRAM, binary("python")))),
    ("optimized-program", _but(_file(PROGRAM, binary("python-not-profiled")))),
    ("optimized-program", _but(_file(PROGRAM, binary("python-no-lto")))),
    ("optimized-objects", _but(_file("build/Python/core.o", binary("core.o")))),
    ("profile", _but(_without("build/cpython.profdata"))),
    ("profile", _but(_file("build/cpython.profdata", b"nothing"))),
    ("profile", _but(_file("build/cpython.profdata", PROFILE[:-3]))),
    ("layout-counts", _but(_file(PROGRAM, binary("python-laid-out")))),
    ("layout-counts", _but(_laid_out(b"1 _PyEval_EvalFrameDefault 8 1 g 0 0 19999999\n"))),
    ("layout-counts", _but(_laid_out(b"1 g 8 1 h 0 0 30000000\n"))),
    ("optimizer-flags", _set("python_config_vars", {"LDSHARED": "cc -shared -flto=thin"})),
    ("optimizer-flags", _set("python_config_vars", {"CFLAGS": "-O3 -fprofile-use=x"})),
    ("bitcode", _file("install/lib/libfat.a", binary("libfat.a"))),
    ("bitcode", _file("build/Modules/demo.o", binary("core-fat.o"))),
    ("bitcode", _file("build/Modules/demo.o", b"BC\xc0\xde")),
    ("counters", _but(_file(PROGRAM, binary("python-counting")))),
    ("links-complete", _extension("_demo", links=[])),
    ("links-complete", _extension("_demo", links=[], required=True)),
    ("links-complete", _extension("_shared", objs=["build/Modules/demo.o"])),
    ("links-used", _useless_link),
    ("licence-ids", _set("licenses", ["PSF licence"])),
    ("licence-ids", _extension("_demo", licenses=["ZLib-ish"])),
    ("licence-given", _extension("_demo", licenses=[])),
    ("licence-given", _extension("_demo", license_paths=[])),
    ("licence-texts", _file("licenses/LICENSE.bundled.txt", b" \n")),
    ("licence-texts", _file("licenses/LICENSE.cpython.txt", b"")),
    ("licence-whole", _extension("_demo", licenses=["GPL-3.0-or-later"])),
    ("licence-whole", _set("python_config_vars", {"SETUP_LOCAL_LICENSE": "GPL-3.0-or-later"})),
    ("binary-readable", _file(SHARED, binary("good.so")[:200])),
    ("binary-readable", _file("build/lib/libbundled.a", b"!<thin>\n")),
    ("binary-readable", _file("build/lib/libbundled.a", binary("libbundled.a")[:-9])),
    ("binary-readable", _file("install/bin/setup.exe", b"MZ\x90\0")),
    ("binary-paths", _shared("machine-path.so")),
    ("binary-machine", _file("build/Modules/demo.o", binary("other-machine.o"))),
    ("needed-libraries", _shared("needs-other.so")),
    ("needed-libraries", _shared("needs-crypt.so")),
    ("needed-libraries", _shared("needs-nsl.so")),
    ("loader-path", _file(PROGRAM, binary("python-other-loader"))),
    ("symbol-versions", _shared("newer.so")),
    ("run-paths", _shared("rpath.so")),
    ("run-paths", _shared("old-rpath.so")),
    ("run-paths-inside", _shared("out-of-tree.so")),
    ("own-libraries-found", _shared("needs-libpython.so")),
    ("stack", _shared("stack.so")),
    ("stack", _shared("no-stack.so")),
    ("relro", _shared("no-relro.so")),
    ("bind-now", _shared("lazy.so")),
    ("text-relocations", _shared("text-relocation.so")),
    ("writable-code", _shared("writable-code.so")),
    ("exports", _shared("exports.so")),
    ("private-symbols", _shared("no-versions.so")),
    ("libc-functions", _shared("memcpy.so")),
    ("libc-functions", _shared("local-memcpy.so")),
    ("libc-functions", _file("build/lib/libbundled.a", binary("libmemcpy.a"))),
    ("text-paths", _file("build/Modules/config.c", b'#define X "/home/builder/x"\n')),
    ("text-paths", _file("install/bin/pip", b"#!/tmp/work/bin/python\n")),
    ("build-ids", _shared("no-build-id.so")),
    ("forbidden-paths", _file("install/lib/python3.13/os.py", f"x = '{FORBIDDEN}/y'\n".encode())),
]

# Corruptions after which the archive or its description cannot be read at all.
UNREADABLE: list[tuple[str, type[Exception], Corruption]] = [
    ("description-schema", DescriptionError, _attribute("description", b"{")),
    ("description-schema", DescriptionError, _attribute("description", b"[" * 100_000)),
    ("description-schema", DescriptionError, _attribute("description", b"\xff\xfe")),
    ("description-schema", DescriptionError, _attribute("description", b"[]")),
    ("description-schema", DescriptionError, _set("version", "99")),
    ("description-schema", DescriptionError, _set("surprise", 1)),
    ("description-schema", DescriptionError, _set("python_exe", "../bin/python")),
    ("description-schema", DescriptionError, _set("python_config_vars", {"HAVE_X": 1})),
    ("description-schema", DescriptionError, _extension("_demo", surprise=1)),
    ("description-schema", DescriptionError, _extension("_demo", init_fn=None)),
]


def _named(name: str) -> Corruption:
    return _attribute("name", name)


def _debug_sections(sample: Sample) -> None:
    """Leave a section that is named like one with debug information, and no symbol table."""
    sample.name = "cpython-3.13.5-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
    for entry in sample.entries.values():
        entry.data = strip(entry.data, where="sample")
    entry = sample.file("bin/python3.13")
    assert entry.data.count(b".dynamic\0") == 1
    entry.data = entry.data.replace(b".dynamic\0", b".debug_x\0")


# The same for archives that hold only an installation.
FLAVOUR_BREACHES: list[tuple[str, Corruption]] = [
    ("flavour-layout", _attribute("described", value=True)),
    ("flavour-layout", _file("build/lib/libbundled.a", binary("libbundled.a"))),
    ("flavour-layout", _file("install/bin/python3", b"")),
    ("flavour-program", _without("bin/python3")),
    ("flavour-program", _without("bin/python3.13")),
    ("flavour-program", _entry("bin/python3.13", "data", b"#!/bin/sh\n")),
    ("flavour-program", _entry("bin/python3.13", "mode", 0o644)),
    ("flavour-version", _without("lib/python3.13/os.py")),
    ("flavour-version", _named("cpython-3.12.5-x86_64-unknown-linux-gnu-install_only.tar.gz")),
    ("flavour-stripped", _named("cpython-3.13.5-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz")),
    ("flavour-stripped", _debug_sections),
    ("flavour-parts", _named("cpython-3.13.5-x86_64-unknown-linux-gnu-minimal.tar.gz")),
    ("flavour-licences", _file("licenses/LICENSE.bundled.txt", b"\n")),
    ("bitcode", _file("lib/libfat.a", binary("libfat.a"))),
    ("counters", _entry("bin/python3.13", "data", binary("python-counting"))),
    ("archive-order", _attribute("reverse", value=True)),
    ("dead-links", _add("python/zz", target="nothing", **SYMLINK)),
    ("needed-libraries", _entry(SHARED.removeprefix("install/"), "data", binary("needs-other.so"))),
    ("text-paths", _file("bin/pip", b"#!/tmp/work/bin/python\n")),
    ("symbol-versions", _entry(SHARED.removeprefix("install/"), "data", binary("newer.so"))),
]


GOOD_ID = read_elf(binary("good.so")).build_id
GOOD_PLACE = f"lib/debug/.build-id/{GOOD_ID[:2]}/{GOOD_ID[2:]}.debug"


def _debuginfo() -> Sample:
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
    return _entry(GOOD_PLACE, "data", data)


# The same for archives of detached debug information.
DEBUGINFO_BREACHES: list[tuple[str, Corruption]] = [
    ("debuginfo-layout", _file("bin/python3", b"")),
    ("debuginfo-layout", _file("lib/debug/bin/python3.debug", b"")),
    ("debuginfo-layout", _without(GOOD_PLACE)),
    ("debuginfo-found", _debug_file(b"text")),
    ("debuginfo-found", _debug_file((detach(binary("python"), where="") or ("", b""))[1])),
    ("debuginfo-detached", _debug_file(binary("good.so"))),
    ("debuginfo-detached", _debug_file(strip(binary("good.so"), where=""))),
    ("flavour-licences", _without("licenses/LICENSE.cpython.txt")),
    ("archive-order", _attribute("reverse", value=True)),
    ("binary-machine", _debug_file(binary("other-machine.o"))),
]


def _findings(sample: Sample, directory: Path) -> list[Finding]:
    return list(validate_archive(sample.write(directory), forbid=(FORBIDDEN,)).walk())


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_the_good_sample_holds(tmp_path: Path, compression: str) -> None:
    sample = Sample(compression=compression)
    if compression == "gzip":
        sample.name = sample.name.replace(".zst", ".gz")
    verdict = validate_archive(sample.write(tmp_path), forbid=(FORBIDDEN,))
    assert list(verdict.walk()) == []
    assert verdict.holds
    assert verdict.severity is Severity.GOOD


def test_a_good_optimized_sample_holds(tmp_path: Path) -> None:
    sample = Sample()
    _optimized(sample)
    assert _findings(sample, tmp_path) == []
    _laid_out(b"1 f 0 1 _PyEval_EvalFrameDefault 10 0 20000000\n1 _PyEval_EvalFrameDefault 8 1 g 0 0 7\n")(sample)
    assert _findings(sample, tmp_path) == []


@pytest.mark.parametrize(("rule", "corrupt"), BREACHES, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(BREACHES)])
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = Sample()
    corrupt(sample)
    findings = _findings(sample, tmp_path)
    assert rule in {finding.rule for finding in findings}
    assert all(finding.where and finding.what for finding in findings)


@pytest.mark.parametrize(("rule", "error", "corrupt"), UNREADABLE)
def test_an_unreadable_description_is_refused(
    rule: str, error: type[Exception], corrupt: Corruption, tmp_path: Path
) -> None:
    del rule
    sample = Sample()
    corrupt(sample)
    with pytest.raises(error):
        _findings(sample, tmp_path)


@pytest.mark.parametrize(("rule", "corrupt"), FLAVOUR_BREACHES)
def test_a_corrupted_flavour_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = flavoured("install_only")
    corrupt(sample)
    findings = _findings(sample, tmp_path)
    assert rule in {finding.rule for finding in findings}
    assert rule in {item.id for item in rules(sample.name)}


@pytest.mark.parametrize(("rule", "corrupt"), DEBUGINFO_BREACHES)
def test_corrupted_debug_information_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = _debuginfo()
    corrupt(sample)
    assert rule in {finding.rule for finding in _findings(sample, tmp_path)}
    assert rule in {item.id for item in rules(sample.name)}


def test_good_debug_information_holds(tmp_path: Path) -> None:
    assert _findings(_debuginfo(), tmp_path) == []


def test_an_installation_without_licences_is_rejected(tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.entries = {name: entry for name, entry in sample.entries.items() if "licenses" not in name}
    assert [finding.rule for finding in _findings(sample, tmp_path)] == ["flavour-licences"]


@pytest.mark.parametrize("target", ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu-debug"])
def test_a_good_installation_holds(target: str, tmp_path: Path) -> None:
    sample = flavoured("install_only")
    sample.name = f"cpython-3.13.5+20261121-{target}-install_only.tar.gz"
    assert _findings(sample, tmp_path) == []


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
        _findings(sample, tmp_path)


def test_only_the_rules_that_were_applied_are_reported() -> None:
    full = {rule.id for rule in rules(Sample().name)}
    installation = {rule.id for rule in rules(flavoured("minimal").name)}
    assert not any(name.startswith("flavour-") for name in full)
    assert "archive-description-first" in full - installation
    debug = {rule.id for rule in rules(_debuginfo().name)}
    assert not any(name.startswith("debuginfo-") for name in full | installation)
    assert full | installation | debug == {rule.id for rule in rules()}


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    proved = (
        {rule for rule, _ in (*BREACHES, *FLAVOUR_BREACHES, *DEBUGINFO_BREACHES)}
        | {rule for rule, _, _ in UNREADABLE}
        | {"archive-readable"}
    )
    assert {rule.id for rule in rules()} == proved


def test_rules_have_distinct_names_and_titles() -> None:
    assert len({rule.id for rule in rules()}) == len(rules()) == len({rule.title for rule in rules()})


def test_a_schema_error_names_the_place(tmp_path: Path) -> None:
    sample = Sample()
    sample.extension("_demo")["required"] = "yes"
    with pytest.raises(DescriptionError, match=r"\$\.build_info\.extensions\['_demo'\]\[0\]\.required"):
        _findings(sample, tmp_path)


def test_an_archive_without_a_description_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    with pytest.raises(DescriptionError, match=r"no python/PYTHON\.json"):
        validate_archive(path)


def test_a_program_may_be_named_by_a_link(tmp_path: Path) -> None:
    sample = Sample()
    sample.document["python_exe"] = "install/bin/python3"
    assert _findings(sample, tmp_path) == []


def test_names_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    sample = Sample()
    _add("python/z\udcff", mode=0o600)(sample)
    assert "python/z\\xff" in {finding.where for finding in _findings(sample, tmp_path)}


def test_crypt_may_need_libcrypt(tmp_path: Path) -> None:
    sample = Sample()
    path = SHARED.replace("_shared", "_crypt")
    sample.entries[f"python/{path}"] = Entry(binary("needs-crypt.so"), 0o755)
    sample.document["build_info"]["extensions"]["_crypt"] = [
        sample.extension("_shared") | {"shared_lib": path},
    ]
    assert _findings(sample, tmp_path) == []


def test_a_newer_floor_allows_newer_symbol_versions(tmp_path: Path) -> None:
    sample = Sample()
    _shared("newer.so")(sample)
    sample.document["crt_features"] = ["glibc-dynamic", "glibc-max-symbol-version:2.34"]
    assert _findings(sample, tmp_path) == []


@pytest.mark.parametrize("name", ["origin.so", "local-error.so"])
def test_harmless_modules_are_accepted(name: str, tmp_path: Path) -> None:
    sample = Sample()
    _shared(name)(sample)
    assert _findings(sample, tmp_path) == []
