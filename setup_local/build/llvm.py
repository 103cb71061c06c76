"""Finds the Clang, LLD and archiver of the host, for `--toolchain llvm`.

Compiler-rt's builtins, the sysroot and everything else are the same as with the wheel's Clang.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.toolchain import Programs
from setup_local.catalog.toolchains import LlvmSearch
from setup_local.errors import ToolchainError
from setup_local.run import CommandFailed, run

COMPILER = "clang"
CXX_COMPILER = "clang++"

Which = Callable[[str], str | None]
VersionOf = Callable[[Path], str | None]

_VERSION = re.compile(r"clang version (\d+)(\S*)")


@dataclass(frozen=True, kw_only=True)
class HostLlvm:
    """One LLVM of the host: its full version (`19.1.7`) and its programs by the names of the wrappers."""

    version: str
    programs: Mapping[str, Path]

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what of it decides about everything that it compiles."""
        return (self.version, *(f"{name}={path}" for name, path in sorted(self.programs.items())))


def find_llvm(search: LlvmSearch, which: Which = shutil.which, version_of: VersionOf | None = None) -> HostLlvm:
    """Return the newest LLVM of the host that is complete and new enough.

    Raises `ToolchainError` that says what there is instead and which packages to install.
    """
    ask = version_of or clang_version
    problems = []
    for programs in _candidates(search, which):
        missing = sorted(set(search.programs) - set(programs))
        version = ask(programs[COMPILER])
        if version is None:
            problems.append(f"{programs[COMPILER]} is no working Clang")
        elif int(version.split(".")[0]) < search.minimum:
            problems.append(f"{programs[COMPILER]} is version {version}")
        elif missing:
            problems.append(f"Clang {version} lacks {', '.join(search.programs[name] for name in missing)}")
        else:
            return HostLlvm(version=version, programs=programs)
    reason = f": {'; '.join(problems)}" if problems else ""
    raise ToolchainError(
        f"the host has no Clang {search.minimum} or newer with LLD{reason}",
        hint=f"{_packages(search, which)}, or take --toolchain zig, which needs nothing",
    )


def _candidates(search: LlvmSearch, which: Which) -> Iterator[dict[str, Path]]:
    """Yield the programs of each LLVM that has a Clang: newest first, last the one without a version in its name."""
    for version in range(search.newest, search.minimum - 1, -1):
        for pattern in search.directories:
            directory = pattern.replace("{version}", str(version))
            yield from _with_clang({name: which(f"{directory}/{file}") for name, file in search.programs.items()})
        yield from _with_clang({name: which(f"{file}-{version}") for name, file in search.programs.items()})
    yield from _with_clang({name: which(file) for name, file in search.programs.items()})


def _with_clang(found: Mapping[str, str | None]) -> Iterator[dict[str, Path]]:
    if found[COMPILER]:
        yield {name: Path(path) for name, path in found.items() if path}


def _packages(search: LlvmSearch, which: Which) -> str:
    """Return the command that installs it here, or all that are known."""
    fitting = [command for manager, command in search.packages.items() if which(manager)]
    return " or ".join(fitting or search.packages.values())


def parse_version(text: str) -> str | None:
    """Return the version in what `clang --version` prints; None if that is no Clang (Apple's counts otherwise)."""
    match = _VERSION.search(text)
    return None if match is None or "Apple" in text else match[1] + match[2].split("-")[0]


def clang_version(program: Path) -> str | None:
    """Return the version that a program says it is; None if it cannot be run or is no Clang."""
    try:
        return parse_version(run([program, "--version"], env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}).stdout)
    except CommandFailed:
        return None


def host_programs(found: HostLlvm) -> Programs:
    """Return a host's LLVM as the programs of a toolchain. Raises `ToolchainError` if its own headers are missing."""
    words = {name: shlex.quote(str(path)) for name, path in found.programs.items()}
    resource = run([found.programs[COMPILER], "-print-resource-dir"], env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    headers = Path(resource.stdout.strip()) / "include"
    if not (headers / "stddef.h").is_file():
        raise ToolchainError(f"Clang {found.version} lacks its own headers", where=headers)
    tools = {name: text for name, text in words.items() if name not in (COMPILER, CXX_COMPILER)}
    return Programs(compiler=words[COMPILER], tools=tools, headers=headers)
