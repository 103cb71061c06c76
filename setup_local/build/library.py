"""Executes one recipe of the library catalog: turns a source tree into a static library's prefix."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from setup_local.binfmt.ar import BadArchive, raw_members
from setup_local.build.debug_paths import debug_flags, source_place
from setup_local.build.patches import apply_patches
from setup_local.build.steps import Runner
from setup_local.catalog.libraries import ARCH_WORDS, LICENSE_ALTERNATIVE, PLACEHOLDER, RECIPES, Library
from setup_local.catalog.targets import Target
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary

PREFIX = "/install"
_FIRST_COMMENTS = re.compile(rb"(?:\s*/\*.*?\*/)+", re.DOTALL)
_CLOSED_ENVIRONMENT = {
    "PKG_CONFIG": "false",
    "PKG_CONFIG_LIBDIR": "",
    "SOURCE_DATE_EPOCH": "1704067200",
    "ZERO_AR_DATE": "1",
}


def closed_environment() -> dict[str, str]:
    """Return the variables that keep the host and the time out of the products of a library's own build."""
    return dict(_CLOSED_ENVIRONMENT)


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The target that a library is built for, and the triple of the build host.

    `build_compiler` are the words that start the compiler for programs that run during the build; empty if the
    target's compiler is used for them.
    """

    target: Target
    build: str
    build_compiler: str = ""


@dataclass(frozen=True, kw_only=True)
class Places:
    """The directories of a library's build: the merged prefix of its dependencies, scratch space, the empty result."""

    deps: Path
    work: Path
    out: Path


def build_library(
    planned: PlannedLibrary,
    sources: Mapping[str, Path],
    machines: Machines,
    places: Places,
    *,
    env: Mapping[str, str],
    run: Runner,
) -> None:
    """Build one library from unpacked, writable source trees.

    `sources` maps the names of the planned sources to their trees; `env` is complete and holds CC, AR, RANLIB and CFLAGS.
    Raises `StepError` when an edit does not match, a command fails, or a product is missing or contains a path of
    the build machine.
    """
    library = planned.library
    tree = sources[planned.source.name]
    apply_patches(tree, planned.patches, where=library.name)
    values = _values(planned, sources, machines, places, env=env)
    expand = _expander(values, where=library.name)
    complete = _environment(library, env, values, expand)
    _copy_recipe_files(library, Path(values["recipe"]))
    for command in library.commands:
        extra = {name: expand(value) for name, value in (command.env or {}).items()}
        directory = tree / expand(command.directory)
        directory.mkdir(parents=True, exist_ok=True)
        run(expand_words(command.argv, machines.target, expand), cwd=directory, env={**complete, **extra})
    collect(library, Path(values["stage"] + PREFIX), tree, places.out)
    _refuse_build_paths(library, places.out, (places.work, tree, places.deps))


def _values(
    planned: PlannedLibrary,
    sources: Mapping[str, Path],
    machines: Machines,
    places: Places,
    *,
    env: Mapping[str, str],
) -> dict[str, str]:
    """Return the value of each placeholder."""
    tree = sources[planned.source.name]
    work = places.work
    maps = {str(work): ".", str(tree): ".", str(places.deps): "deps"}
    named = {sources[source.name]: source_place(source) for source in (planned.source, *planned.extra_sources)}
    flags = [
        env.get("CFLAGS", ""),
        *(f"-ffile-prefix-map={old}={new}" for old, new in maps.items()),
        *debug_flags(named),  # if several match a path, the last one counts
    ]
    return {
        "ar": env["AR"],
        "build": machines.build,
        "build-cc": machines.build_compiler or env["CC"],
        "cc": env["CC"],
        "cflags": " ".join(flag for flag in flags if flag),
        "deps": str(places.deps),
        "host": machines.target.system,
        "prefix": PREFIX,
        "python": sys.executable,
        "ranlib": env["RANLIB"],
        "recipe": str(work / "recipe"),
        "source": str(tree),
        "stage": str(work / "stage"),
        "version": planned.source.version,
        **{f"source:{source.name}": str(sources[source.name]) for source in planned.extra_sources},
    }


def words_of(library: Library, target: Target) -> dict[str, tuple[str, ...]]:
    """Return the words of the target's architecture that a recipe uses, by name."""
    words = (ARCH_WORDS.fullmatch(word) for command in library.commands for word in command.argv)
    return {match[1]: target.recipes.get(match[1], ()) for match in words if match}


def expand_words(words: Iterable[str], target: Target, expand: Callable[[str], str]) -> list[str]:
    """Return the words of a command; `{arch:NAME}` stands for all words of the target's architecture under that name.

    Raises `StepError` if it has none.
    """
    expanded = []
    for word in words:
        match = ARCH_WORDS.fullmatch(word)
        if match is None:
            expanded.append(expand(word))
        elif match[1] in target.recipes:
            expanded += target.recipes[match[1]]
        else:
            raise StepError(f"data/arch/{target.arch.name}.toml does not define the words for {match[1]}", where=word)
    return expanded


def _expander(values: Mapping[str, str], *, where: str) -> Callable[[str], str]:
    def expand(text: str) -> str:
        try:
            return PLACEHOLDER.sub(lambda match: values[match[1]], text)
        except KeyError as error:
            raise StepError(f"the recipe has the unknown placeholder {error}", where=where) from error

    return expand


def _environment(
    library: Library, env: Mapping[str, str], values: dict[str, str], expand: Callable[[str], str]
) -> dict[str, str]:
    """Return the environment of every command: the step's, closed to the host, with all flags."""
    values["cflags"] = " ".join([values["cflags"], *map(expand, library.cflags)])
    ldflags = " ".join([env.get("LDFLAGS", ""), *map(expand, library.ldflags)]).strip()
    return {"LD": "ld.lld", **env, **_CLOSED_ENVIRONMENT, "CFLAGS": values["cflags"], "LDFLAGS": ldflags}


def _copy_recipe_files(library: Library, into: Path) -> None:
    """Copy the files that the recipe declares, so that no undeclared file can be used."""
    for name in library.recipe_files:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(RECIPES / name, into / name)


def collect(library: Library, installed: Path, tree: Path, out: Path) -> None:
    """Copy the required part of the installation, and the licences, to the result."""
    for path in sorted(installed.rglob("*")):
        name = path.relative_to(installed).as_posix()
        if not path.is_dir() and any(fnmatchcase(name, pattern) for pattern in library.keep):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, out / name)  # a link becomes a file: results are merged by hard links
            if path.suffix == ".a":
                normalize_archive(out / name, where=library.name)
    missing = [name for name in library.produces if not (out / name).is_file()]
    if missing:
        raise StepError(f"the recipe did not produce {', '.join(missing)}", where=library.name)
    (out / "licenses").mkdir(exist_ok=True)
    (out / "licenses" / library.license_name).write_bytes(license_text(library, tree))


def normalize_archive(path: Path, *, where: str) -> None:
    """Set time, owner and mode of all members of a static library to fixed values, in place.

    Some build systems make the archiver store the real ones. Raises `StepError` for a file that is not an ar archive.
    """
    data = path.read_bytes()
    content = bytearray(data)
    try:
        for member in raw_members(data):
            content[member.at + 16 : member.at + 48] = b"%-12d%-6d%-6d%-8s" % (0, 0, 0, b"644")
    except BadArchive as error:
        raise StepError(f"{path.name} is not a static library: {error}", where=where) from error
    path.write_bytes(content)


def license_text(library: Library, tree: Path) -> bytes:
    """Return all licence texts of a library as one, each under its file name if there are several.

    From C code, only the leading comments are used.
    """
    paths = [path for entry in library.license_files for path in _license_files(library, tree, entry)]
    texts = [_license_part(path).rstrip(b"\n") + b"\n" for path in paths]
    if len(texts) == 1:
        return texts[0]
    return b"\n".join(f"==== {path.name}\n\n".encode() + text for path, text in zip(paths, texts, strict=True))


def _license_part(path: Path) -> bytes:
    content = path.read_bytes()
    comments = _FIRST_COMMENTS.match(content)
    return comments[0].lstrip() if comments and path.suffix in {".c", ".h"} else content


def _license_files(library: Library, tree: Path, entry: str) -> list[Path]:
    """Return the files of the first alternative of an entry that this source form has."""
    for pattern in entry.split(LICENSE_ALTERNATIVE):
        found = sorted(path for path in tree.glob(pattern) if path.is_file())
        if found:
            return found
    raise StepError(f"the source has no licence file {entry}", where=library.name)


def _refuse_build_paths(library: Library, out: Path, machine: Iterable[Path]) -> None:
    """Fail if a product contains the path of its build: it would differ on another machine."""
    needles = [str(path).encode() for path in machine]
    for path in sorted(item for item in out.rglob("*") if item.is_file()):
        content = path.read_bytes()
        for needle in needles:
            if needle in content:
                raise StepError(
                    f"{path.relative_to(out)} contains the build path {needle.decode()}",
                    where=library.name,
                    hint="give configure neutral directories, and compile with {cflags}",
                )
