"""The first inputs for fuzzing: good samples, and the corruptions that the tests define. Created here, not stored."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hostile_archives import DESCRIPTIONS, SHAPES, plain_tar
from hostile_elf import SHAPES as ELF_SHAPES
from hostile_pe import BROKEN, many_imports
from sample_distribution import Sample, binary
from sample_macho import macho
from sample_windows import binary as windows_binary

from setup_local.binfmt.ar import members

_LARGEST = 1 << 16
_ELVES = ("good.so", "newer.so", "python", "bundled.o", "libx-setup_local-1.so", "python-v3", "origin.so")
_MACHOS = ("good-x86_64.so", "chained-x86_64.so", "libpython3.13-x86_64.dylib", "python-x86_64", "debug.so", "core.o")
_IMAGES = (
    "python.exe",
    "python313.dll",
    "python3.dll",
    "debug.pyd",
    "delays-other.pyd",
    "callback.pyd",
    "architectures/i686.pyd",
)
_OBJECTS = ("objects.obj", "core-fat.obj", "architectures/module-i686.obj", "architectures/module-aarch64.obj")
_OTHERS = ("i386.so", "mips.so", "s390x.so", "python-ppc64le", "module-s390x.o")


def _tars() -> Iterator[bytes]:
    sample = Sample()
    for entry in sample.entries.values():
        entry.data = entry.data[:64]
    yield sample.tar()
    for shape, make in SHAPES.items():
        data = make()
        if data.startswith(b"\x28\xb5\x2f\xfd") and "zstd" not in shape and len(data) < _LARGEST:
            try:
                yield plain_tar(data).read()[-8192:]
            except Exception:  # noqa: BLE001 - damaged on purpose, so it contains no tar
                continue


def _archives() -> Iterator[bytes]:
    yield Sample().packed()
    yield Sample(compression="gzip").packed()
    yield from (data for data in (make() for make in SHAPES.values()) if len(data) < _LARGEST)


def _elves() -> Iterator[bytes]:
    yield from (binary(name) for name in (*_ELVES, *(f"architectures/{name}" for name in _OTHERS)))
    yield from (change(binary("newer.so")) for change in ELF_SHAPES.values())


def _machos() -> Iterator[bytes]:
    yield from map(macho, (*_MACHOS, "python-universal"))


def _images() -> Iterator[bytes]:
    yield from (windows_binary(name) for name in _IMAGES)
    yield from (change(windows_binary("exports.pyd")) for change, _ in BROKEN.values())
    yield many_imports(3)


def _objects() -> Iterator[bytes]:
    yield from (windows_binary(name) for name in _OBJECTS)
    yield from (member.data for member in members(windows_binary("python313.lib")))


def _libraries() -> Iterator[bytes]:
    yield from (binary(name) for name in ("libbundled.a", "libdebug.a"))
    yield from (windows_binary(name) for name in ("bundled.lib", "python313.lib"))
    yield b"!<arch>\n" + b"#1/8".ljust(16) + b"0".ljust(32) + b"12".ljust(10) + b"`\n" + b"name\0\0\0\0data"


def _descriptions() -> Iterator[bytes]:
    yield json.dumps(Sample().document).encode()
    yield from (data for data in DESCRIPTIONS.values() if len(data) < _LARGEST)


def _records() -> Iterator[bytes]:
    yield b'{"version": 1, "own_files": [], "sources": []}'
    yield from (data for data in DESCRIPTIONS.values() if len(data) < _LARGEST)


def _indexes() -> Iterator[bytes]:
    item = {"implementation": "cpython", "version": "3.13.5", "target_triple": "x86_64-unknown-linux-gnu"}
    item |= {"flavor": "full", "build_options": "noopt", "file": "a.tar.gz", "sha256": "0" * 64, "url": "a"}
    yield json.dumps({"format": 1, "distributions": [item | {"size": 1}]}).encode()
    yield b'{"format": 1, "distributions": []}'


SEEDS = {
    "tar": _tars,
    "packed_tar": _tars,
    "archive": _archives,
    "elf": _elves,
    "macho": _machos,
    "macho_tools": _machos,
    "elf_tools": _elves,
    "windows_image": _images,
    "windows_object": _objects,
    "static_library": _libraries,
    "binary": lambda: (*_elves(), *_images(), *_objects(), *_libraries(), b"1 _PyEval_EvalFrameDefault 2 3\n"),
    "description": _descriptions,
    "described": _descriptions,
    "sources": _records,
    "manifest": lambda: (Sample().sums(), b"\\" + b"0" * 64 + b"  a\\nb\\\\\n"),
    "index": _indexes,
}
