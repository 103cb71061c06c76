"""A complete distribution in miniature, made of real ELF files; tests corrupt one part at a time."""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import posixpath
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

ELF = Path(__file__).parent.parent / "binaries" / "elf"
NAME = "cpython-3.13.5-x86_64-unknown-linux-gnu-noopt-full.tar.zst"
TIME = 1_704_067_200
SUFFIX = ".cpython-313-x86_64-linux-gnu.so"
LIBRARY = "install/lib/python3.13"
DYNLOAD = f"{LIBRARY}/lib-dynload"
SHARED = f"{DYNLOAD}/_shared{SUFFIX}"


def binary(name: str) -> bytes:
    return (ELF / name).read_bytes()


def _extension(**fields: Any) -> dict[str, Any]:
    common = {"in_core": False, "links": [], "objs": [], "required": False, "variant": "default", "licenses": []}
    return common | fields


_PATHS = {
    "data": "install",
    "include": "install/include/python3.13",
    "platinclude": "install/include/python3.13",
    "platlib": f"{LIBRARY}/site-packages",
    "platstdlib": LIBRARY,
    "purelib": f"{LIBRARY}/site-packages",
    "scripts": "install/bin",
    "stdlib": LIBRARY,
}
_IDENTITY = {
    "version": "8",
    "target_triple": "x86_64-unknown-linux-gnu",
    "build_options": "noopt",
    "optimizations": "noopt",
    "python_tag": "cp313",
    "python_abi_tag": "cp313",
    "python_platform_tag": "linux-x86_64",
    "python_implementation_name": "cpython",
    "python_implementation_version": ["3", "13", "5", "final", "0"],
    "python_implementation_hex_version": 0x030D05F0,
    "python_implementation_cache_tag": "cpython-313",
    "python_version": "3.13.5",
    "python_major_minor_version": "3.13",
    "python_bytecode_magic_number": "f30d0d0a",
}
_SUFFIXES = {
    "bytecode": [".pyc"],
    "debug_bytecode": [".pyc"],
    "extension": [SUFFIX, ".abi3.so", ".so"],
    "optimized_bytecode": [".pyc"],
    "source": [".py"],
}


def _build_info() -> dict[str, Any]:
    demo = _extension(
        init_fn="PyInit__demo",
        objs=["build/Modules/demo.o"],
        links=[{"name": "bundled", "path_static": "build/lib/libbundled.a"}, {"name": "m", "system": True}],
        licenses=["Zlib"],
        license_paths=["licenses/LICENSE.bundled.txt"],
    )
    return {
        "core": {
            "objs": ["build/Python/core.o"],
            "links": [{"name": "m", "system": True}],
            "static_lib": "build/libpython3.13.a",
        },
        "extensions": {
            "_core": [_extension(in_core=True, init_fn="PyInit__core", required=True)],
            "_demo": [demo],
            "_shared": [_extension(init_fn="PyInit__shared", shared_lib=SHARED)],
            "builtins": [_extension(in_core=True, init_fn="NULL", required=True)],
        },
        "inittab_object": "build/Modules/config.o",
        "inittab_source": "build/Modules/config.c",
        "inittab_cflags": ["-DNDEBUG"],
        "object_file_format": "elf",
    }


def _document() -> dict[str, Any]:
    """Return a new PYTHON.json for each sample."""
    return copy.deepcopy(_IDENTITY) | {
        "python_paths": dict(_PATHS),
        "python_paths_abstract": {name: f"{{base}}/{path}" for name, path in _PATHS.items()},
        "python_config_vars": {
            "EXT_SUFFIX": SUFFIX,
            "ABIFLAGS": "",
            "CFLAGS": "-fno-omit-frame-pointer -O3",
            "Py_DEBUG": "0",
            "SETUP_LOCAL_TOOLCHAIN": "zig",
        },
        "python_exe": "install/bin/python3.13",
        "python_stdlib_platform_config": f"{LIBRARY}/config-3.13-x86_64-linux-gnu",
        "python_stdlib_test_packages": ["test"],
        "python_suffixes": copy.deepcopy(_SUFFIXES),
        "python_symbol_visibility": "global-default",
        "python_extension_module_loading": ["builtin", "shared-library"],
        "libpython_link_mode": "static",
        "crt_features": ["glibc-dynamic", "glibc-max-symbol-version:2.12"],
        "run_tests": "build/run_tests.py",
        "licenses": ["Python-2.0"],
        "license_path": "licenses/LICENSE.cpython.txt",
        "tcl_library_path": "install/lib",
        "tcl_library_paths": ["tcl8.6"],
        "build_info": _build_info(),
    }


def _source(name: str, version: str, **use: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "file": f"{name}-{version}.tar.gz",
        "sha256": "0" * 64,
        "size": 1,
        "trust": "pinned",
        "published_by": ["upstream"],
        "signature": {"status": "unsigned", "signer": "", "fingerprint": "", "reason": "upstream signs nothing"},
        "patches": [{"name": f"{name}-mended", "sha256": "1" * 64}],
        "used_by": {"python": False, "libraries": [], "files": [], "modules": [], "tools": []} | use,
    }


def _record() -> dict[str, Any]:
    bundled = {"libraries": ["bundled"], "files": ["build/lib/libbundled.a"], "modules": ["_demo"]}
    sources = [
        _source("bundled", "1.0", **bundled),
        _source("cpython", "3.13.5", python=True),
        _source("compiler", "22", tools=["toolchain"]),
    ]
    return {"version": "1", "sources": sources, "own_files": []}


@dataclass
class Entry:
    """A member before it is packed."""

    data: bytes = b""
    mode: int = 0o644
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    owner: int = 0
    owner_name: str = ""
    time: float = TIME


def _entries() -> dict[str, Entry]:
    library = f"python/{LIBRARY}"
    return {
        "python/install/bin/python3": Entry(kind=tarfile.SYMTYPE, target="python3.13", mode=0o777),
        "python/install/bin/python3.13": Entry(binary("python"), 0o755),
        f"python/{SHARED}": Entry(binary("good.so"), 0o755),
        f"{library}/os.py": Entry(b"import sys\n"),
        f"{library}/test/__init__.py": Entry(),
        f"{library}/site-packages/README.txt": Entry(b"for packages\n"),
        f"{library}/site-packages/pip/__main__.py": Entry(b"import pip\n"),
        f"{library}/site-packages/pip/_internal/cli/main.py": Entry(b"import pip\n"),
        f"{library}/site-packages/pip-25.1.dist-info/RECORD": Entry(b"pip/__main__.py,,\n"),
        "python/install/bin/pip3": Entry(b"#!/bin/sh\n", 0o755),
        f"{library}/config-3.13-x86_64-linux-gnu/Makefile": Entry(b"prefix=/install\n"),
        "python/install/lib/tcl8.6/init.tcl": Entry(b"# Tcl\n"),
        "python/install/include/python3.13/Python.h": Entry(b"/* Python */\n"),
        "python/build/Python/core.o": Entry(binary("core.o")),
        "python/build/Modules/demo.o": Entry(binary("demo.o")),
        "python/build/Modules/config.o": Entry(binary("config.o")),
        "python/build/Modules/config.c": Entry(b"/* generated */\n"),
        "python/build/lib/libbundled.a": Entry(binary("libbundled.a")),
        "python/build/libpython3.13.a": Entry(binary("libbundled.a")),
        "python/build/run_tests.py": Entry(b"import test\n"),
        "python/licenses/LICENSE.cpython.txt": Entry(b"PSF\n"),
        "python/licenses/LICENSE.bundled.txt": Entry(b"as is\n"),
    }


@dataclass
class Sample:
    """The contents of an archive; change anything, then call `write`."""

    name: str = NAME
    document: Any = field(default_factory=_document)
    record: Any = field(default_factory=_record)
    entries: dict[str, Entry] = field(default_factory=_entries)
    description: bytes | None = None
    description_last: bool = False
    described: bool = True
    manifest: bytes | None = None  # if it differs from the manifest of the packed files
    unlisted: bool = False  # without a manifest
    manifest_last: bool = False
    reverse: bool = False
    extra: list[tuple[str, Entry]] = field(default_factory=list)
    compression: str = "zstd"

    def extension(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["build_info"]["extensions"][name][0]
        return found

    def file(self, path: str) -> Entry:
        return self.entries[f"python/{path}"]

    @property
    def contents(self) -> dict[str, Entry]:
        """Return every member except PYTHON.json."""
        recorded = self.described and self.record is not None
        record = {"python/build/sources.json": Entry(json.dumps(self.record).encode())} if recorded else {}
        return record | self.entries

    @property
    def described_as(self) -> Entry:
        """Return PYTHON.json."""
        return Entry(self.description if self.description is not None else json.dumps(self.document).encode())

    def tar(self) -> bytes:
        described = ("python/PYTHON.json", self.described_as)
        members = sorted(self.contents.items(), reverse=self.reverse) + self.extra
        sums = self.sums() if self.manifest is None else self.manifest
        place = "python/lib/debug/SHA256SUMS" if "-debuginfo." in self.name else "python/SHA256SUMS"
        listed = [] if self.unlisted else [(place, Entry(sums))]
        members = [*members, *listed] if self.manifest_last else [*listed, *members]
        if self.described:
            members = [*members, described] if self.description_last else [described, *members]
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, entry in members:
                tar.addfile(_header(name, entry), io.BytesIO(entry.data))
        return buffer.getvalue()

    def sums(self) -> bytes:
        """Return the manifest that the archive should have."""
        named = self.contents | dict(self.extra)
        named |= {"python/PYTHON.json": self.described_as} if self.described else {}
        plain = [name for name in named if posixpath.normpath(name) == name and name.startswith("python/")]
        found = {name: end for name in plain if (end := _end(name, named)) is not None}
        lines = (
            f"{hashlib.sha256(data).hexdigest()}  {name.removeprefix('python/')}\n" for name, data in found.items()
        )
        return "".join(sorted(lines)).encode("utf-8", "surrogateescape")

    def packed(self) -> bytes:
        if self.compression == "gzip":
            return gzip.compress(self.tar(), mtime=0)
        return zstandard.ZstdCompressor(write_checksum=True).compress(self.tar())

    def write(self, directory: Path) -> Path:
        path = directory / self.name
        path.write_bytes(self.packed())
        return path


def flavoured(flavor: str) -> Sample:
    """Return the sample's installation as a separate archive; the program and the module are unchanged."""
    sample = Sample(
        name=f"cpython-3.13.5-x86_64-unknown-linux-gnu-{flavor}.tar.gz", described=False, compression="gzip"
    )
    moved = {name.replace("python/install/", "python/"): entry for name, entry in sample.entries.items()}
    left_out = ("python/build/", "python/lib/python3.13/test/")
    sample.entries = {name: entry for name, entry in moved.items() if not name.startswith(left_out)}
    return sample


def _end(name: str, entries: dict[str, Entry]) -> bytes | None:
    """Return the content of a file or of a link's target; None for anything else."""
    for _ in range(5):
        entry = entries.get(name)
        if entry is None:
            return None
        if entry.kind not in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            return entry.data if entry.kind == tarfile.REGTYPE else None
        directory = posixpath.dirname(name) if entry.kind == tarfile.SYMTYPE else ""
        name = posixpath.normpath(posixpath.join(directory, entry.target))
    return None


def _header(name: str, entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.linkname = len(entry.data), entry.mode, entry.kind, entry.target
    info.mtime, info.uid, info.gid = entry.time, entry.owner, entry.owner  # type: ignore[assignment]
    info.uname = info.gname = entry.owner_name
    return info
