"""A miniature distribution for Windows, made of real binaries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sample_distribution import Entry, Sample

from setup_local.flavors.strip import strip

PE = Path(__file__).parent.parent / "binaries" / "pe"
TRIPLE = "x86_64-pc-windows-msvc"
PROGRAM, LIBRARY, STABLE = "install/python.exe", "install/python313.dll", "install/python3.dll"
STABLE_TEST = "install/Lib/test/test_stable_abi_ctypes.py"
_LISTED = b"""# Generated
SYMBOL_NAMES = (

    "Py_Main",
)
if feature_macros['HAVE_FORK']:
    SYMBOL_NAMES += (
        'PyOS_AfterFork',
    )
"""
SUFFIX = ".cp313-win_amd64.pyd"
SHARED = f"install/DLLs/_shared{SUFFIX}"


def binary(name: str) -> bytes:
    return (PE / name).read_bytes()


def put(path: str, name: str) -> Callable[[Sample], None]:
    """Put one of the test binaries at a path."""

    def corrupt(sample: Sample) -> None:
        sample.entries[f"python/{path}"] = Entry(binary(name), 0o755)

    return corrupt


def renamed(sample: Sample, path: str, name: str) -> None:
    """Give a file another name in its directory."""
    sample.entries[f"python/{path.rpartition('/')[0]}/{name}"] = sample.entries.pop(f"python/{path}")


def changed(path: str, change: Callable[[bytes], bytes]) -> Callable[[Sample], None]:
    """Change a file's bytes."""

    def corrupt(sample: Sample) -> None:
        sample.file(path).data = change(sample.file(path).data)

    return corrupt


def _entries() -> dict[str, Entry]:
    return {
        f"python/{PROGRAM}": Entry(binary("python.exe"), 0o755),
        "python/install/pythonw.exe": Entry(binary("pythonw.exe"), 0o755),
        f"python/{LIBRARY}": Entry(binary("python313.dll"), 0o755),
        f"python/{STABLE}": Entry(binary("python3.dll"), 0o755),
        f"python/{SHARED}": Entry(binary("good.pyd"), 0o755),
        "python/install/libs/python313.lib": Entry(binary("python313.lib")),
        "python/install/Lib/os.py": Entry(b"import sys\n"),
        "python/install/Lib/test/__init__.py": Entry(),
        f"python/{STABLE_TEST}": Entry(_LISTED),
        "python/install/Lib/site-packages/README.txt": Entry(b"for packages\n"),
        "python/install/Lib/site-packages/pip/__main__.py": Entry(b"import pip\n"),
        "python/install/Lib/site-packages/pip/_internal/cli/main.py": Entry(b"import pip\n"),
        "python/install/Lib/site-packages/pip-25.1.dist-info/RECORD": Entry(b"pip/__main__.py,,\n"),
        "python/install/Lib/site-packages/pip/_vendor/distlib/t64-arm.exe": Entry(
            strip(binary("architectures/aarch64.pyd"), where="")
        ),
        "python/install/Scripts/pip3.exe": Entry(binary("pythonw.exe"), 0o755),
        "python/install/Scripts/README.txt": Entry(b"for programs of packages\n"),
        "python/install/tcl/tcl8.6/init.tcl": Entry(b"# Tcl\n"),
        "python/install/include/Python.h": Entry(b"/* Python */\n"),
        "python/build/Python/core.obj": Entry(binary("core.obj")),
        "python/build/Modules/demo.obj": Entry(binary("demo.obj")),
        "python/build/PC/config.obj": Entry(binary("config.obj")),
        "python/build/PC/config.c": Entry(b"/* generated */\n"),
        "python/build/lib/bundled.lib": Entry(binary("bundled.lib")),
        "python/build/run_tests.py": Entry(b"import test\n"),
        "python/licenses/LICENSE.cpython.txt": Entry(b"PSF\n"),
        "python/licenses/LICENSE.bundled.txt": Entry(b"as is\n"),
    }


_PATHS = {
    "data": "install",
    "include": "install/include",
    "platinclude": "install/include",
    "platlib": "install/Lib/site-packages",
    "platstdlib": "install/Lib",
    "purelib": "install/Lib/site-packages",
    "scripts": "install/Scripts",
    "stdlib": "install/Lib",
}


def windows() -> Sample:
    """Return a valid sample."""
    sample = Sample(name=f"cpython-3.13.5-{TRIPLE}-noopt-full.tar.zst", entries=_entries())
    sample.document |= {
        "target_triple": TRIPLE,
        "python_platform_tag": "win-amd64",
        "python_paths": _PATHS,
        "python_paths_abstract": {name: f"{{base}}/{path}" for name, path in _PATHS.items()},
        "python_config_vars": {"EXT_SUFFIX": SUFFIX, "SETUP_LOCAL_TOOLCHAIN": "zig"},
        "python_exe": PROGRAM,
        "python_stdlib_platform_config": None,
        "python_symbol_visibility": "dllexport",
        "libpython_link_mode": "shared",
        "crt_features": ["vcruntime:140"],
        "tcl_library_path": "install/tcl",
    }
    del sample.document["python_stdlib_platform_config"]
    sample.document["python_suffixes"] |= {"extension": [SUFFIX, ".pyd"]}
    info = sample.document["build_info"]
    info |= {
        "core": {"objs": ["build/Python/core.obj"], "links": [], "shared_lib": LIBRARY},
        "inittab_object": "build/PC/config.obj",
        "inittab_source": "build/PC/config.c",
        "object_file_format": "coff",
    }
    info["extensions"]["_demo"][0] |= {
        "objs": ["build/Modules/demo.obj"],
        "links": [{"name": "bundled", "path_static": "build/lib/bundled.lib"}],
    }
    info["extensions"]["_shared"][0]["shared_lib"] = SHARED
    used = next(item for item in sample.record["sources"] if item["name"] == "bundled")
    used["used_by"]["files"] = ["build/lib/bundled.lib"]
    return sample


def flavoured(flavor: str) -> Sample:
    """Return a flavour: an archive that contains only the installation."""
    sample = windows()
    sample.name, sample.described, sample.compression = f"cpython-3.13.5-{TRIPLE}-{flavor}.tar.gz", False, "gzip"
    moved = {name.replace("python/install/", "python/"): entry for name, entry in sample.entries.items()}
    left_out = ("python/build/", "python/Lib/test/")
    sample.entries = {name: entry for name, entry in moved.items() if not name.startswith(left_out)}
    return sample
