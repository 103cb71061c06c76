"""Builds libraries for Windows from command lists: a source tree in, a static library's prefix out."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from setup_local.build.library import PREFIX, closed_environment, collect
from setup_local.build.ninja import run_ninja
from setup_local.build.patches import apply_patches
from setup_local.build.steps import Runner
from setup_local.build.windows.compiler import Compiler, object_name
from setup_local.catalog.libraries import RECIPES
from setup_local.catalog.windows import WindowsLibrary
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary
from setup_local.render import render

# What flags of the library catalog have that Windows does not know, or that is for debug information in another form.
_FOREIGN_FLAGS = ("-fPIC", "-fvisibility=*", "-gdwarf-*", "-g1")


@dataclass(frozen=True, kw_only=True)
class LibraryBuild:
    """One library to build: its plan and recipe, its unpacked tree, scratch space, the result's directory."""

    planned: PlannedLibrary
    recipe: WindowsLibrary
    tree: Path
    work: Path
    out: Path

    def expanded(self, text: str, values: Mapping[str, str]) -> str:
        """Return a text of the recipe with its placeholders filled in."""
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def build_windows_library(
    build: LibraryBuild, compiler: Compiler, run: Runner, env: Mapping[str, str], build_compiler: str = "cc"
) -> None:
    """Build one library; `build_compiler` is that of the machine that builds. Raises `StepError`."""
    planned, recipe = build.planned, build.recipe
    patches = [patch for patch in planned.patches if patch.name not in recipe.without_patches]
    apply_patches(build.tree, patches, where=planned.name)
    values = {"recipe": str(build.work / "recipe"), "version": planned.version, "build-cc": build_compiler}
    for name in recipe.recipe_files:
        (build.work / "recipe" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(RECIPES / name, build.work / "recipe" / name)
    directory = build.tree / recipe.directory
    complete = build_environment(env, write_programs(compiler, build.work / "bin"))
    for words in recipe.commands:
        run([build.expanded(word, values) for word in words], cwd=directory, env=complete)
    _make_files(build, directory, values)
    installed = build.work / "stage" / PREFIX.lstrip("/")
    (installed / "lib").mkdir(parents=True)
    if recipe.sources:
        (archive,) = recipe.archives
        _compile(build, compiler, directory, installed / "lib" / archive, values, run)
    else:
        for archive in recipe.archives:
            shutil.copyfile(directory / archive, installed / "lib" / archive)
    _install_headers(recipe, directory, installed / "include")
    collect(planned.library, installed, build.tree, build.out)


def build_environment(env: Mapping[str, str], programs: Path) -> dict[str, str]:
    """Return what a library's own build runs in: the step's environment, the programs first, and a time that is always the same."""
    return {**env, **closed_environment(), "PATH": f"{programs}:{env['PATH']}"}


def write_programs(compiler: Compiler, place: Path) -> Path:
    """Write compiler and archiver as programs of usual names, for builds that are no command lists; return their directory."""
    place.mkdir(parents=True)
    programs = {
        "cc": compiler.words(),
        "ar": (str(compiler.program), "ar"),
        "ranlib": (str(compiler.program), "ranlib"),
    }
    for name, words in programs.items():
        (place / name).write_text(render("tool.sh.j2", {"program": shlex.join(words)}), encoding="utf-8")
        (place / name).chmod(0o755)
    return place


def _make_files(build: LibraryBuild, directory: Path, values: Mapping[str, str]) -> None:
    """Make the files that come of templates; every text that is to be replaced must be there."""
    for made in build.recipe.made:
        text = (directory / made.template).read_text(encoding="utf-8")
        for old, new in made.values.items():
            if old not in text:
                raise StepError(f"{made.template} has no {old}", where=build.recipe.name)
            text = text.replace(old, build.expanded(new, values))
        (directory / made.file).parent.mkdir(parents=True, exist_ok=True)
        (directory / made.file).write_text(text, encoding="utf-8")


def _compile(
    build: LibraryBuild, compiler: Compiler, directory: Path, archive: Path, values: Mapping[str, str], run: Runner
) -> None:
    recipe = build.recipe
    common = [
        flag
        for flag in build.planned.library.cflags
        if flag not in recipe.without_cflags and not any(fnmatchcase(flag, pattern) for pattern in _FOREIGN_FLAGS)
    ]
    places = [f"-ffile-prefix-map={build.work / 'recipe'}=recipe"]
    flags = [*common, "-w", *places, *(build.expanded(flag, values) for flag in recipe.cflags)]
    objects = {source: f"objects/{object_name(source)}" for source in sources_of(recipe, directory)}
    commands = [compiler.compile(source, target, flags) for source, target in objects.items()]
    run_ninja([*commands, compiler.archive(objects.values(), str(archive))], directory, run)


def sources_of(recipe: WindowsLibrary, directory: Path) -> list[str]:
    """Return the source files of a library, sorted; raise `StepError` for a pattern that nothing matches."""
    found: set[str] = set()
    for pattern in recipe.sources:
        names = {path.relative_to(directory).as_posix() for path in directory.glob(pattern)}
        if not names:
            raise StepError(f"the source has no {pattern}", where=recipe.name)
        found |= names
    return sorted(name for name in found if not any(fnmatchcase(name, pattern) for pattern in recipe.without))


def _install_headers(recipe: WindowsLibrary, directory: Path, include: Path) -> None:
    include.mkdir()
    for name in recipe.headers:
        shutil.copyfile(directory / name, include / Path(name).name)
    for folder, pattern in recipe.header_directories.items():
        (include / folder).mkdir()
        for path in sorted(directory.glob(pattern)):
            shutil.copyfile(path, include / folder / path.name)
