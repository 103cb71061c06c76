"""Wheels from the index for a distribution for Windows, installed by this machine's pip."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
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
        download(place, [package], tree, version)
        for library in place.rglob("*140*.dll"):
            shutil.copy2(library, tree.python.parent / library.name)


def download(place: Path, names: list[str], tree: Tree, version: str | None = None) -> None:
    """Install the wheels of packages and their dependencies for this Python (or another version of it) on Windows.

    Raises:
        HostError: The index does not have them.
    """
    own = str(tree.description["python_abi_tag"]) if tree.is_freethreaded and not version else ""
    abi = ["--abi", own] if own else []
    version = version or str(tree.description["python_major_minor_version"])
    words: list[str | Path] = [
        "python3",
        "-m",
        "pip",
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
    if own and (
        others := [tag for tag in _tags(place) if not tag.endswith((f"-{own}-{_platform(tree)}", "-none-any"))]
    ):
        raise HostError(f"{', '.join(names)}: only for Python with the GIL: {others[0]}")


def _platform(tree: Tree) -> str:
    return str(tree.description["python_platform_tag"]).replace("-", "_")


def _tags(place: Path) -> Iterator[str]:
    """Yield the tags of all installed wheels: this machine's pip takes some for compatible that are not (PEP 703)."""
    for path in place.glob("*.dist-info/WHEEL"):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from (line.partition(": ")[2] for line in lines if line.startswith("Tag: "))
