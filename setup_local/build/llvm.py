"""Finds the LLVMs of the host, for `--toolchain llvm`: Clang, LLD, archiver and profile tool of one release.

Compiler-rt's libraries, the sysroot and everything else are the same as with the wheel's Clang.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.toolchain import SYSTEM_PATH, Programs
from setup_local.catalog.llvm_tools import LayoutTools
from setup_local.catalog.toolchains import LlvmSearch
from setup_local.errors import ToolchainError
from setup_local.run import CommandFailed, run

COMPILER = "clang"
CXX_COMPILER = "clang++"

_VERSION = re.compile(r"(?:clang|LLVM) version (\d+(?:\.\d+)*)|\bLLD (\d+(?:\.\d+)*)")
_ENVIRONMENT = {"PATH": SYSTEM_PATH, "LC_ALL": "C"}


@dataclass(frozen=True, kw_only=True)
class HostLlvm:
    """An LLVM on the host: its full version (`19.1.7`), its programs by the names of the wrappers, and their libraries."""

    version: str
    programs: Mapping[str, Path]
    libraries: tuple[Path, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the properties that affect everything that it compiles."""
        return (self.version, *(f"{name}={path}" for name, path in sorted(self.programs.items())))


@dataclass(frozen=True, kw_only=True)
class FoundLlvm:
    """An LLVM that was found: its Clang's directory and version (empty if it does not run), and why it is unusable."""

    place: Path
    version: str
    programs: Mapping[str, Path]
    problem: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the version as numbers; an unknown version sorts before all others."""
        return tuple(int(part) for part in self.version.split(".") if part)


def survey(search: LlvmSearch, *, path: str, directory: Path | None = None) -> tuple[FoundLlvm, ...]:
    """Return every LLVM on the host, usable ones first, newest first; with `directory`, only those in it.

    `path` is searched for programs without a known directory.
    """
    found: dict[Path, FoundLlvm] = {}
    candidates = _candidates_in(search, directory) if directory else _candidates(search, path)
    others = "" if directory else path
    for programs in candidates:
        key = programs[COMPILER].resolve()
        judged = _judge(search, programs, others)
        if key not in found or _rank(judged) > _rank(found[key]):
            found[key] = judged
    return tuple(sorted(found.values(), key=_rank, reverse=True))


def find_llvm(search: LlvmSearch, *, path: str, directory: Path | None = None) -> HostLlvm:
    """Return the newest LLVM on the host, or the one in a directory, that is complete and new enough.

    Raises `ToolchainError` that says in one line what was found instead and which packages to install.
    """
    found = survey(search, path=path, directory=directory)
    if found and not found[0].problem:
        return HostLlvm(version=found[0].version, programs=found[0].programs)
    where = "the host" if directory is None else f"{directory}"
    said = "; ".join(f"{item.place}: {item.problem}" for item in found) or "there is no clang"
    raise ToolchainError(
        f"{where} has no LLVM {search.minimum} or newer with all programs: {said}",
        hint=f"{_packages(search, found)}; or use --toolchain zig, which needs nothing",
    )


def check_code_generator(found: HostLlvm, triple: str) -> None:
    """Raise `ToolchainError` if an LLVM was built without the code generator for a target."""
    clang = found.programs[COMPILER]
    try:
        run([clang, f"--target={triple}", "-c", "-x", "c", os.devnull, "-o", os.devnull], env=_ENVIRONMENT)
    except CommandFailed as error:
        raise ToolchainError(
            f"Clang {found.version} has no code generator for {triple}",
            where=clang,
            hint="`clang --print-targets` lists those that it has; --toolchain zig has all",
        ) from error


def with_layout_tools(found: HostLlvm, directory: Path, layout: LayoutTools) -> HostLlvm:
    """Return a bootstrapped LLVM with its tools for the post-link layout; raise `ToolchainError` if it lacks one."""
    programs = {name: directory / "bin" / name for name in layout.programs}
    libraries = tuple(directory / "lib" / name for name in layout.files)
    for path in (*programs.values(), *libraries):
        if not path.is_file():
            hint = "bootstrap it again: `setup-local toolchain bootstrap`"
            raise ToolchainError("the bootstrapped toolchain is incomplete: this is missing", where=path, hint=hint)
    return dataclasses.replace(found, programs={**found.programs, **programs}, libraries=libraries)


def _rank(found: FoundLlvm) -> tuple[bool, tuple[int, ...], int]:
    return not found.problem, found.numbers, len(found.programs)


def _candidates(search: LlvmSearch, path: str) -> Iterator[dict[str, Path]]:
    """Yield the programs of each LLVM that has a Clang: by directory, by names with a version, by plain names."""
    for version in range(search.newest, 0, -1):
        for pattern in search.directories:
            yield from _programs(search, pattern.replace("{version}", str(version)))
        yield from _programs(search, path, f"-{version}")
    yield from _programs(search, path)


def _candidates_in(search: LlvmSearch, directory: Path) -> Iterator[dict[str, Path]]:
    """Yield the LLVMs in a directory: an installation, its program directory, or a root of unpacked packages."""
    for place in (directory / "bin", directory):
        yield from _programs(search, str(place.absolute()))
    for version in range(search.newest, 0, -1):
        for pattern in search.directories:
            place = directory / pattern.replace("{version}", str(version)).lstrip("/")
            yield from _programs(search, str(place.absolute()))


def _programs(search: LlvmSearch, path: str, suffix: str = "") -> Iterator[dict[str, Path]]:
    found = {name: shutil.which(f"{file}{suffix}", path=path) for name, file in search.programs.items()}
    if found[COMPILER]:
        yield {name: Path(program) for name, program in found.items() if program}


def _judge(search: LlvmSearch, programs: Mapping[str, Path], others: str) -> FoundLlvm:
    """Check an LLVM; programs that its own directory lacks may be in `others` if they are of the same release."""
    compiler = programs[COMPILER]
    version = program_version(compiler) or ""
    missing = {name: file for name, file in search.programs.items() if name not in programs}
    more = {name: program for name, file in missing.items() for program in _same_release(file, version, others)}
    found = FoundLlvm(place=compiler.parent, version=version, programs={**programs, **more})
    return dataclasses.replace(found, problem=_problem(search, found))


def _same_release(file: str, version: str, path: str) -> Iterator[Path]:
    """Yield the programs of this name and release on a path: some distributions install LLD elsewhere."""
    for name in (file, f"{file}-{version.partition('.')[0]}"):
        program = shutil.which(name, path=path) if version and path else None
        if program and program_version(Path(program)) == version:
            yield Path(program)


def _problem(search: LlvmSearch, found: FoundLlvm) -> str:
    """Return why an LLVM is unusable, empty if it is usable."""
    missing = [file for name, file in search.programs.items() if name not in found.programs]
    if not found.version:
        return f"{found.programs[COMPILER].name} is not a Clang that runs"
    if found.numbers[0] < search.minimum:
        return f"Clang {found.version} is older than {search.minimum}"
    if missing:
        return f"Clang {found.version} lacks {', '.join(missing)}"
    for name, program in found.programs.items():
        version = program_version(program)
        if version != found.version:
            return f"{search.programs[name]} is of release {version or 'unknown'}, Clang of {found.version}"
    if not _headers(found.programs[COMPILER]).is_dir():
        return f"Clang {found.version} lacks its own headers"
    return ""


def _packages(search: LlvmSearch, found: Iterable[FoundLlvm]) -> str:
    """Return the commands that install what is missing: of the partly installed release, else of the oldest."""
    wanted = next((item.numbers[0] for item in found if item.numbers >= (search.minimum,)), search.minimum)
    commands = [text.replace(str(search.minimum), str(wanted)) for text in search.packages.values()]
    return f"{', '.join(commands[:-1])}, or {commands[-1]}"


def parse_version(text: str) -> str | None:
    """Return the release in an LLVM program's `--version` output; None if it is not LLVM's (Apple counts otherwise)."""
    match = _VERSION.search(text)
    return None if match is None or "Apple" in text else match[1] or match[2]


def program_version(program: Path) -> str | None:
    """Return the release that a program reports; None if it cannot be run or is not LLVM's."""
    try:
        return parse_version(run([program, "--version"], env=_ENVIRONMENT).stdout)
    except CommandFailed:
        return None


def _headers(compiler: Path) -> Path:
    """Return the directory of a Clang's own headers, which exists if it is complete."""
    try:
        printed = run([compiler, "-print-resource-dir"], env=_ENVIRONMENT).stdout.strip()
    except CommandFailed:
        printed = ""
    return Path(printed or "/nonexistent") / "include"


def host_programs(found: HostLlvm) -> Programs:
    """Return a host's LLVM as the programs of a toolchain."""
    words = {name: shlex.quote(str(path)) for name, path in found.programs.items()}
    tools = {name: text for name, text in words.items() if name not in (COMPILER, CXX_COMPILER)}
    headers = _headers(found.programs[COMPILER])
    return Programs(compiler=words[COMPILER], tools=tools, headers=headers, libraries=found.libraries)
