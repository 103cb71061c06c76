"""The sample distribution for macOS: the same parts, made of real Mach-O files."""

from __future__ import annotations

import copy

from sample_distribution import SHARED, Entry, Sample
from sample_macho import bundled, macho

SUFFIX = ".cpython-313-darwin.so"
MODULE = SHARED.replace(".cpython-313-x86_64-linux-gnu.so", SUFFIX)
PROGRAM = "install/bin/python3.13"
LIBPYTHON = "install/lib/libpython3.13.dylib"
NAME = "cpython-3.13.5-aarch64-apple-darwin-noopt-full.tar.zst"
_FILES = {
    PROGRAM: "python",
    MODULE: "good.so",
    "build/Python/core.o": "core.o",
    "build/Modules/demo.o": "demo.o",
    "build/Modules/config.o": "config.o",
    "build/lib/libbundled.a": "libbundled.a",
    "build/libpython3.13.a": "libbundled.a",
}


def macos_sample() -> Sample:
    sample = Sample(name=NAME)
    document = sample.document
    document |= {
        "target_triple": "aarch64-apple-darwin",
        "python_platform_tag": "macosx-11.0-arm64",
        "crt_features": ["libSystem"],
        "apple_sdk_canonical_name": "macosx15.0",
        "apple_sdk_platform": "macosx",
        "apple_sdk_version": "15.0",
        "apple_sdk_deployment_target": "11.0",
        "python_stdlib_platform_config": "install/lib/python3.13/config-3.13-darwin",
    }
    document["python_config_vars"] |= {"EXT_SUFFIX": SUFFIX, "MACOSX_DEPLOYMENT_TARGET": "11.0"}
    document["python_suffixes"]["extension"] = [SUFFIX, ".abi3.so", ".so"]
    document["build_info"]["object_file_format"] = "mach-o"
    document["build_info"]["extensions"]["_shared"][0]["shared_lib"] = MODULE
    sample.entries = {_renamed(name): copy.copy(entry) for name, entry in sample.entries.items()}
    for path, name in _FILES.items():
        sample.file(path).data = macho(name)
    for path in (PROGRAM, MODULE):
        give_bundle(sample, path)
    return sample


def bundle_of(path: str) -> str:
    """Return the path of a binary's debug information in a full archive."""
    name = path.rpartition("/")[2]
    return f"install/lib/debug/{name}.dSYM/Contents/Resources/DWARF/{name}"


def without_bundles(sample: Sample) -> Sample:
    """Return a sample without debug information."""
    sample.entries = {name: entry for name, entry in sample.entries.items() if ".dSYM/" not in name}
    return sample


def give_bundle(sample: Sample, path: str) -> None:
    """Add the debug information of a binary."""
    sample.entries[f"python/{bundle_of(path)}"] = Entry(bundled(sample.file(path).data))
    plist = bundle_of(path).partition("Resources")[0] + "Info.plist"
    sample.entries[f"python/{plist}"] = Entry(b"<plist/>\n")


def _renamed(name: str) -> str:
    return name.replace(SHARED, MODULE).replace("config-3.13-x86_64-linux-gnu", "config-3.13-darwin")


def shared_sample() -> Sample:
    """Return the sample with a shared libpython."""
    sample = macos_sample()
    sample.document["libpython_link_mode"] = "shared"
    sample.document["build_options"] = "noopt+shared"
    sample.name = NAME.replace("noopt", "noopt+shared")
    sample.document["build_info"]["core"]["shared_lib"] = LIBPYTHON
    sample.entries[f"python/{LIBPYTHON}"] = Entry(macho("libpython3.13.dylib"), 0o755)
    sample.file(PROGRAM).data = macho("python-shared")
    for path in (PROGRAM, LIBPYTHON):
        give_bundle(sample, path)
    return sample
