"""The command lines of Clang, LLD and the other tools that build programs for Windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from setup_local.build.ninja import Command

HEADERS = "include"
LIBRARIES = "lib"


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Creates commands: `program` is the wheel's, `resources` Clang's own directory, `sysroot` has runtime and headers.

    `headers` are the directories of headers in the sysroot, each named to Clang with the option `search`.
    `target` is Clang's name for the target, `dlltool` the flags that name the machine to that tool; `cflags` are for
    all code, `rcflags` for all resources. The catalog is not part of it: otherwise the keys of all steps whose code
    creates commands would depend on all of it.
    """

    program: Path
    resources: Path
    sysroot: Path
    headers: tuple[str, ...]
    search: str
    target: str
    dlltool: tuple[str, ...]
    cflags: tuple[str, ...]
    rcflags: tuple[str, ...]

    def words(self, *flags: str) -> tuple[str, ...]:
        """Return the words that start Clang, with the flags for all code."""
        return (
            str(self.program),
            "clang",
            f"--target={self.target}",
            "-nostdlibinc",
            "-resource-dir",
            str(self.resources),
            *(word for name in self.headers for word in (self.search, str(self.sysroot / name))),
            f"-ffile-prefix-map={self.sysroot}=windows",
            f"-ffile-prefix-map={self.resources}=clang",
            *self.cflags,
            *flags,
        )

    def compile(self, source: str, target: str, flags: Iterable[str]) -> Command:
        """Return the command that compiles one file."""
        words = self.words(*flags, "-c", source, "-o", target)
        return Command(outputs=(target,), inputs=(source,), words=words)

    def archive(self, objects: Iterable[str], target: str) -> Command:
        """Return the command that makes a static library, sorted and without times."""
        members = tuple(sorted(objects))
        words = (str(self.program), "ar", "rcsD", target, f"@{target}.rsp")
        return Command(outputs=(target,), inputs=members, words=words, answers=members)

    def import_library(self, definition: str, target: str) -> Command:
        """Return the command that makes the import library from a list of exports."""
        words = (str(self.program), "dlltool", *self.dlltool, "-d", definition, "-l", target)
        return Command(outputs=(target,), inputs=(definition,), words=words)

    def resource(self, source: str, target: str, flags: Iterable[str] = ()) -> Command:
        """Return the command that compiles a resource script."""
        places = (f"/i{self.sysroot / name}" for name in self.headers)
        words = (str(self.program), "rc", *self.rcflags, *flags, *places, "--", source, target)
        return Command(outputs=(target,), inputs=(source,), words=words)


def object_name(source: str) -> str:
    """Return the name of the object of a source file: unique in one directory."""
    path = PurePosixPath(source)
    return "_".join(part for part in path.parts if part != "..") + ".o"
