"""The rules about Mach-O files: good samples hold, and each corrupted one breaks its rule."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from corruptions import Breach, Corruption, broken, described, every, put, refused, variable
from sample_distribution import Sample, binary
from sample_macho import bundled, macho, with_bytes, with_changed_code, with_header, with_numbers, with_segment, without
from sample_macos import LIBPYTHON, MODULE, PROGRAM, bundle_of, give_bundle, macos_sample, shared_sample

from setup_local.audit import check_binary, check_files, check_macho
from setup_local.audit.facts import FileFacts, examine
from setup_local.audit.model import judge
from setup_local.audit.policy import Policy, load_policy, version
from setup_local.audit.texts import PathScanner
from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_join import joined
from setup_local.binfmt.macho_rows import read_layout
from setup_local.commands.audit import audit
from setup_local.errors import RequestError, ValidationFailed

TRIPLE = "aarch64-apple-darwin"


def module(name: str) -> Corruption:
    """Replace the shared module with another binary."""
    return put(MODULE, macho(name), 0o755)


def changed(path: str, change: Callable[[bytes], bytes]) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.file(path).data = change(sample.file(path).data)

    return corrupt


def dropped(path: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        del sample.entries[f"python/{path}"]

    return corrupt


def ios(data: bytes) -> bytes:
    return with_numbers(data, rows.BUILD_VERSION, 0, 2)


def sha1(data: bytes) -> bytes:
    """Return a file whose signature claims to contain SHA-1 hashes of 20 bytes."""
    (start,) = read_layout(data).first(rows.CODE_SIGNATURE).numbers(1)  # type: ignore[union-attr]
    (directory,) = struct.unpack_from(">I", data, start + 16)
    return with_bytes(data, start + directory + 36, bytes((20, 1)))


def renamed_library(name: bytes) -> Corruption:
    def change(data: bytes) -> bytes:
        return data.replace(b"@executable_path/../lib/libpython3.13.dylib", name.ljust(43, b"\0"))

    return changed(LIBPYTHON, change)


BREACHES: list[Breach] = [
    ("binary-readable", put(MODULE, macho("good.so")[:900])),
    ("binary-readable", put(MODULE, binary("good.so"))),
    ("binary-readable", put(MODULE, b"\xce\xfa\xed\xfe" + bytes(40))),
    ("binary-machine", module("good-x86_64.so")),
    ("binary-machine", module("good-universal.so")),
    ("binary-machine", put("build/Modules/demo.o", macho("other-machine.o"))),
    ("binary-machine", changed(MODULE, lambda data: with_header(data, subtype=2))),
    ("oldest-system", module("newer-system.so")),
    ("oldest-system", put("build/Modules/demo.o", macho("newer-system.o"))),
    ("oldest-system", changed(MODULE, ios)),
    ("oldest-system", changed(MODULE, lambda data: without(data, rows.BUILD_VERSION))),
    ("needed-libraries", module("needs-other.so")),
    ("run-paths", module("rpath.so")),
    ("two-level", module("flat.so")),
    ("two-level", module("looked-up-other.so")),
    ("system-names", module("unknown.so")),
    ("newer-names", module("newer.so")),
    ("newer-names", module("newer-chained.so")),
    ("signature", module("unsigned.so")),
    ("signature", changed(MODULE, with_changed_code)),
    ("signature", changed(PROGRAM, with_changed_code)),
    ("signature", changed(MODULE, sha1)),
    ("hardening", changed(PROGRAM, lambda data: with_header(data, flags=rows.TWO_LEVEL))),
    ("hardening", changed(PROGRAM, lambda data: with_header(data, flags=0x85 | rows.PIE | rows.EXECUTABLE_STACK))),
    ("writable-code", changed(MODULE, lambda data: with_segment(data, 0, protection=7))),
    ("exports", module("exports.so")),
    ("init-functions", module("no-init.so")),
    ("counters", module("counting.so")),
    ("build-ids", module("no-uuid.so")),
    ("debug-bundles", put(bundle_of(MODULE), bundled(macho("python")))),
    ("debug-bundles", put(bundle_of(MODULE), bundled(macho("good.so"), section=b"__debug_line"))),
    ("debug-bundles", put(bundle_of(MODULE), macho("good.so"))),
    ("debug-bundles", put(bundle_of(MODULE), b"text")),
    ("debug-bundles", put(bundle_of("install/bin/python3.12"), bundled(macho("python")))),
    ("debug-bundles-complete", dropped(bundle_of(MODULE))),
    ("debug-bundles-complete", dropped(bundle_of(PROGRAM))),
    ("binary-paths", module("machine-path.so")),
    ("loader-path", changed(PROGRAM, lambda data: data.replace(b"/usr/lib/dyld", b"/opt/lib/dyld"))),
    ("own-libraries-found", module("needs-libpython.so")),
    ("links-complete", put("build/Modules/demo.o", macho("wanting.o"))),
    ("inittab", put("build/Modules/config.o", macho("config_less.o"))),
    ("inittab", put("build/Modules/config.o", macho("config_more.o"))),
    ("apple-sdk", described("apple_sdk_deployment_target", "12.0")),
    ("apple-sdk", described("apple_sdk_version", "10.15")),
    ("apple-sdk", described("apple_sdk_canonical_name", "macosx14.0")),
    ("target", variable("MACOSX_DEPLOYMENT_TARGET", "10.15")),
    ("target", variable("MACOSX_DEPLOYMENT_TARGET", "99.0")),
    ("target", variable("MACOSX_DEPLOYMENT_TARGET", "")),
]
PROFILE = b"\xfflprofi\x81" + bytes(8) + b"_PyEval_EvalFrameDefault"


def profiled(sample: Sample, options: str = "pgo") -> None:
    """Change the sample to one that was compiled with a profile."""
    sample.name = sample.name.replace("noopt", options)
    sample.document |= {"build_options": options, "optimizations": options}
    sample.file("build/Python/core.o").data = macho("core-profiled.o")
    put("build/cpython.profdata", PROFILE)(sample)


def _but(corrupt: Corruption) -> Corruption:
    def corrupted(sample: Sample) -> None:
        profiled(sample)
        corrupt(sample)

    return corrupted


def optimized(sample: Sample) -> None:
    """Change the sample to one that was compiled with a profile and linked by the link-time optimizer."""
    profiled(sample, "pgo+lto")
    sample.file(PROGRAM).data = macho("python-optimized")
    give_bundle(sample, PROGRAM)


def _but_optimized(corrupt: Corruption) -> Corruption:
    def corrupted(sample: Sample) -> None:
        optimized(sample)
        corrupt(sample)

    return corrupted


PROFILED_BREACHES: list[Breach] = [
    ("optimized-objects", _but(put("build/Python/core.o", macho("core.o")))),
    ("profile", _but(put("build/cpython.profdata", b"text"))),
    ("optimized-program", _but_optimized(put(PROGRAM, macho("python"), 0o755))),
    ("bitcode", _but_optimized(put("build/Python/core.o", macho("core-bitcode.o")))),
    ("bitcode", _but_optimized(put("build/libpython3.13.a", macho("libbitcode.a")))),
]
SHARED_BREACHES: list[Breach] = [
    ("install-name", renamed_library(b"/opt/lib/libpython3.13.dylib")),
    ("install-name", renamed_library(b"@rpath/libother.dylib")),
    ("install-name", changed(LIBPYTHON, lambda data: without(data, rows.ID_DYLIB))),
    ("own-libraries-found", renamed_library(b"@rpath/libpython3.12.dylib")),
    ("signature", changed(LIBPYTHON, with_changed_code)),
    ("exports", put(LIBPYTHON, macho("exports.so"), 0o755)),
]


@pytest.mark.parametrize("make", [macos_sample, shared_sample])
def test_a_good_sample_holds(make: Callable[[], Sample], tmp_path: Path) -> None:
    assert broken(make(), tmp_path) == set()


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(macos_sample(), rule, corrupt, tmp_path)


@every(PROFILED_BREACHES)
def test_a_corrupted_sample_with_a_profile(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(macos_sample(), rule, corrupt, tmp_path)


@pytest.mark.parametrize("make", [profiled, optimized])
def test_a_good_optimized_sample_holds(make: Corruption, tmp_path: Path) -> None:
    sample = macos_sample()
    make(sample)
    assert broken(sample, tmp_path) == set()


@every(SHARED_BREACHES)
def test_a_corrupted_sample_with_a_shared_libpython(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(shared_sample(), rule, corrupt, tmp_path)


def test_a_universal_static_library_can_be_embedded_and_a_module_cannot(tmp_path: Path) -> None:
    sample = macos_sample()
    put("install/lib/pkgconfig/python-3.13-embed-static.pc", b"Libs: -lz\n")(sample)
    place = "install/lib/libpython3.13.a"
    put(place, joined([macho(f"libdebug-{name}.a") for name in ("x86_64", "arm64")]))(sample)
    assert "embedding-libraries" not in broken(sample, tmp_path)
    put(place, macho("good-universal.so"))(sample)
    assert "embedding-libraries" in broken(sample, tmp_path)


@pytest.mark.parametrize("name", ["weak.so", "weak-chained.so", "looked-up.so", "loader-path.so", "debug.so"])
def test_harmless_modules_are_accepted(name: str, tmp_path: Path) -> None:
    sample = macos_sample()
    module(name)(sample)
    give_bundle(sample, MODULE)
    assert broken(sample, tmp_path) == set()


def test_for_intel_a_signature_is_optional_but_must_be_valid() -> None:
    intel = load_policy("x86_64-apple-darwin")
    assert _rules("chained-x86_64.so", macho("chained-x86_64.so"), intel) == {"oldest-system"}  # it is for macOS 11
    assert "signature" in _rules("good-x86_64.so", with_changed_code(macho("good-x86_64.so")), intel)


# Universal targets.


def _universal() -> Policy:
    return load_policy("universal2-apple-darwin")


def _rules(name: str, data: bytes, policy: Policy, floor: str = "") -> set[str]:
    facts = _facts(name, data, policy, floor)
    found = [judge(name, (*check_files.RULES, *check_macho.FILE_RULES), facts)]
    found += [judge(item.name, (*check_binary.RULES, *check_macho.RULES), item) for item in facts.binaries]
    return {finding.rule for verdict in found for finding in verdict.walk()}


def _facts(name: str, data: bytes, policy: Policy, floor: str = "") -> FileFacts:
    return examine(name, data, scanner=PathScanner(policy=policy), floor=version(floor or policy.default_floor))


def test_each_slice_is_judged() -> None:
    assert _rules("x.so", macho("good-universal.so"), _universal(), floor="11.0") == set()
    facts = _facts("x.so", macho("good-universal.so"), _universal())
    assert [item.name for item in facts.binaries] == ["x.so [CPU_TYPE_ARM64]", "x.so [CPU_TYPE_X86_64]"]
    assert facts.image is facts.binaries[0].image


def test_no_half_is_for_a_system_older_than_its_processor() -> None:
    """A universal distribution for macOS 10.15 has code for Apple silicon that needs 11.0, which is not a finding."""
    facts = _facts("x.so", macho("good-universal.so"), _universal())
    found = [finding for item in facts.binaries for finding in judge(item.name, check_macho.RULES, item).walk()]
    assert [(item.rule, item.where) for item in found] == [("oldest-system", "x.so [CPU_TYPE_X86_64]")]


SLICES = [("slices-complete", "good.so"), ("slices-complete", "core.o"), ("slices-agree", "one-sided.so")]


@pytest.mark.parametrize(("rule", "name"), SLICES)
def test_slices_that_are_missing_or_differ(rule: str, name: str) -> None:
    assert rule in _rules(name, macho(name), _universal())


def test_a_slice_that_exports_a_function_of_the_system() -> None:
    """Linkers re-export such names if a pattern matches more than was intended."""
    data = macho("one-sided.so").replace(b"inflate", b"sigwait")
    facts = _facts("x.so", data, _universal())
    assert "sigwait" in facts.binaries[0].policy.functions
    assert "slices-agree" in _rules("x.so", data, _universal())


def test_a_module_must_not_export_a_function_of_the_system() -> None:
    """`_ctypes_test` may export its own functions, which tests call, and no others."""
    place = "install/lib/python3.13/lib-dynload/_ctypes_test.cpython-313-darwin.so"
    policy = load_policy(TRIPLE)
    own = macho("exports.so").replace(b"inflate", b"tf_bbbb")
    assert "exports" not in _rules(place, own, policy)
    assert "exports" in _rules(place, macho("exports.so").replace(b"inflate", b"sigwait"), policy)


def test_a_finding_names_the_slice() -> None:
    facts = _facts("x.so", macho("one-sided.so"), _universal())
    binaries = [finding for item in facts.binaries for finding in judge(item.name, check_binary.RULES, item).walk()]
    assert [(item.rule, item.where) for item in binaries] == [("exports", "x.so [CPU_TYPE_ARM64]")]


def test_a_universal_static_library() -> None:
    library = macho("libbundled.a")
    library += bytes(-len(library) % 8)
    head = struct.pack(">2I", 0xCAFEBABE, 2)
    first, second = 64, 64 + len(library)
    head += struct.pack(">5I", 0x0100000C, 0, first, len(library), 3)
    head += struct.pack(">5I", 0x01000007, 3, second, len(library), 3)
    facts = _facts("x.a", head.ljust(first, b"\0") + library + library, _universal())
    assert [item.name for item in facts.binaries] == [
        "x.a [CPU_TYPE_ARM64](bundled.o)",
        "x.a [CPU_TYPE_X86_64](bundled.o)",
    ]
    assert facts.image is None
    assert "slices-complete" in _rules("x.a", head.ljust(first, b"\0") + library + library, _universal())


def test_the_oldest_system_can_be_given(tmp_path: Path) -> None:
    """Also for a file without a description."""
    (tmp_path / "x.so").write_bytes(macho("newer.so"))  # uses a function of macOS 13
    words = ["--target-triple", TRIPLE, str(tmp_path / "x.so")]
    assert isinstance(CliRunner().invoke(audit, words).exception, ValidationFailed)
    assert CliRunner().invoke(audit, ["--macos-minimum", "13.0", *words]).exit_code == 0
    assert isinstance(CliRunner().invoke(audit, ["--macos-minimum", "x", *words]).exception, RequestError)
