"""Wheels from the index for a distribution for Windows, installed by the pip in it, which this machine's Python runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from installed import INDEX_VARIABLES
from windows_tree import Tree

from setup_local.errors import HostError

# Microsoft's runtime libraries by platform tag, with the Python that the wheel is tagged for.
# Wheels for win32 since 14.34 have a vcruntime140.dll for 64 bits.
_CPP_RUNTIMES = {"win-amd64": ("msvc-runtime", None), "win32": ("msvc-runtime==14.29.30133", "3.9")}


def add_cpp_runtime(tree: Tree, workshop: Path) -> None:
    """Put Microsoft's C++ runtime next to the interpreter, once: many wheels need it."""
    place = workshop / "wheels" / "msvc-runtime"
    if not place.exists():
        package, version = _CPP_RUNTIMES[tree.description["python_platform_tag"]]
        # Its wheels are tagged for a Python with the GIL.
        download(place, [package], tree, version or str(tree.description["python_major_minor_version"]))
        for library in place.rglob("*140*.dll"):
            shutil.copy2(library, tree.python.parent / library.name)


def download(place: Path, names: list[str], tree: Tree, version: str | None = None) -> None:
    """Install the wheels of packages and their dependencies for this Python (or another version of it) on Windows.

    Raises:
        HostError: The index does not have them.
    """
    abi = ["--abi", str(tree.description["python_abi_tag"])] if tree.is_freethreaded and not version else []
    version = version or str(tree.description["python_major_minor_version"])
    words: list[str | Path] = [
        "python3",
        "-B",
        tree.root / "install" / "Lib" / "site-packages" / "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        "--target",
        place,
    ]
    words += ["--platform", _platform(tree), "--python-version", version, "--implementation", "cp", *abi, *names]
    handed_on = {key: value for key, value in os.environ.items() if key.startswith((*INDEX_VARIABLES, "SSL_"))}
    env = {**handed_on, "PATH": os.environ["PATH"], "HOME": str(place.parent)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostError(f"{', '.join(names)}: not available: {done.stderr[-300:]}")


def _platform(tree: Tree) -> str:
    return str(tree.description["python_platform_tag"]).replace("-", "_")
