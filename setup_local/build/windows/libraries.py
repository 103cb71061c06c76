"""Builds libraries for Windows from command lists: turns source trees into a static library's prefix."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from setup_local.build.library import PREFIX, closed_environment, collect
from setup_local.build.ninja import Command, run_ninja
from setup_local.build.patches import apply_patches
from setup_local.build.steps import Runner
from setup_local.build.windows.compiler import Compiler, object_name
from setup_local.catalog.libraries import ARCH_WORDS, RECIPES
from setup_local.catalog.windows import WindowsLibrary
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary
from setup_local.render import render

DEPS = "deps"
# Flags of the library catalog that Windows does not know, or that select another form of debug information.
_FOREIGN_FLAGS = ("-fPIC", "-fvisibility=*", "-gdwarf-*", "-g1")


@dataclass(frozen=True, kw_only=True)
class LibraryBuild:
    """One library to build: its plan and recipe, scratch space with its dependencies, the result's directory.

    `trees` are the unpacked sources by name, `words` the processor's words for recipes (`{arch:NAME}`).
    """

    planned: PlannedLibrary
    recipe: WindowsLibrary
    words: Mapping[str, tuple[str, ...]]
    trees: Mapping[str, Path]
    work: Path
    out: Path

    @property
    def tree(self) -> Path:
        """Return the tree of the library's own source."""
        return self.trees[self.planned.source.name]

    @property
    def directory(self) -> Path:
        """Return the directory in which its commands are run."""
        return self.tree / self.recipe.directory

    def values(self, build_compiler: str) -> dict[str, str]:
        """Return the value of each placeholder."""
        return {
            "recipe": str(self.work / "recipe"),
            "version": self.planned.version,
            "build-cc": build_compiler,
            DEPS: str(self.work / DEPS),
            **{f"source:{name}": str(tree) for name, tree in self.trees.items()},
        }

    def expanded(self, text: str, values: Mapping[str, str]) -> str:
        """Return a text of the recipe with its placeholders filled in.

        Raises `StepError` if the processor lacks one.
        """
        text = ARCH_WORDS.sub(lambda match: " ".join(self._of_arch(match[1])), text)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def expanded_words(self, words: Iterable[str], values: Mapping[str, str]) -> Iterator[str]:
        """Yield words with placeholders filled in; a word may stand for several of the processor's words."""
        for word in words:
            match = ARCH_WORDS.fullmatch(word)
            yield from self._of_arch(match[1]) if match else (self.expanded(word, values),)

    def _of_arch(self, name: str) -> tuple[str, ...]:
        if name not in self.words:
            raise StepError(f"data/windows.toml does not define the words for {name}", where=self.planned.name)
        return self.words[name]


def words_of(recipe: WindowsLibrary) -> set[str]:
    """Return the names of the processor's words that a recipe uses."""
    texts = [*recipe.sources, *recipe.headers, *recipe.cflags, *(word for words in recipe.commands for word in words)]
    texts += [value for made in recipe.made for value in made.values.values()]
    return {name for text in texts for name in ARCH_WORDS.findall(text)}


def build_windows_library(
    build: LibraryBuild, compiler: Compiler, run: Runner, env: Mapping[str, str], build_compiler: str = "cc"
) -> None:
    """Build one library; `build_compiler` is that of the build host. Raises `StepError`."""
    planned, recipe = build.planned, build.recipe
    patches = [patch for patch in planned.patches if patch.name not in recipe.without_patches]
    apply_patches(build.tree, patches, where=planned.name)
    values = build.values(build_compiler)
    for name in recipe.recipe_files:
        (build.work / "recipe" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(RECIPES / name, build.work / "recipe" / name)
    complete = build_environment(env, write_programs(compiler, build.work / "bin"))
    for words in recipe.commands:
        run(list(build.expanded_words(words, values)), cwd=build.directory, env=complete)
    _make_files(build, values)
    installed = build.work / "stage" / PREFIX.lstrip("/")
    (installed / "lib").mkdir(parents=True)
    if recipe.sources:
        (archive,) = recipe.archives
        # The wheel's resource compiler is compiled on first use.
        ninja = partial(run_ninja, run=run, env={**env, "ZIG_GLOBAL_CACHE_DIR": str(build.work / "zig")})
        ninja(_commands(build, compiler, installed / "lib", archive, values), build.directory)
    else:
        for archive in recipe.archives:
            shutil.copyfile(build.directory / archive, installed / "lib" / archive)
    headers = list(build.expanded_words(recipe.headers, values))
    _install(recipe, headers, build.directory, installed)
    collect(planned.library, installed, build.tree, build.out)


def build_environment(env: Mapping[str, str], programs: Path) -> dict[str, str]:
    """Return the environment of a library's own build: the step's, with the programs first and a fixed time."""
    return {**env, **closed_environment(), "PATH": f"{programs}:{env['PATH']}"}


def write_programs(compiler: Compiler, place: Path) -> Path:
    """Write compiler and archiver under common names, for builds without command lists; return their directory."""
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


def _make_files(build: LibraryBuild, values: Mapping[str, str]) -> None:
    """Create the files that come from templates; every text to be replaced must exist."""
    for made in build.recipe.made:
        text = (build.directory / made.template).read_text(encoding="utf-8")
        for old, new in made.values.items():
            if old not in text:
                raise StepError(f"{made.template} does not contain {old}", where=build.recipe.name)
            text = text.replace(old, build.expanded(new, values))
        target = build.directory / made.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _commands(
    build: LibraryBuild, compiler: Compiler, into: Path, archive: str, values: Mapping[str, str]
) -> Iterator[Command]:
    """Yield the commands that make the static library, and the compiled resources next to it."""
    recipe = build.recipe
    common = [
        flag
        for flag in build.planned.library.cflags
        if flag not in recipe.without_cflags and not any(fnmatchcase(flag, pattern) for pattern in _FOREIGN_FLAGS)
    ]
    foreign = [name for name in build.trees if name != build.planned.source.name]
    places = {
        build.work / "recipe": "recipe",
        build.work / DEPS: DEPS,
        **{build.trees[name]: name for name in foreign},
    }
    maps = [f"-ffile-prefix-map={old}={new}" for old, new in places.items()]
    flags = [*common, "-w", *maps, *build.expanded_words(recipe.cflags, values)]
    objects = {
        source: f"objects/{object_name(source)}"
        for source in sources_of(recipe, build.directory, list(build.expanded_words(recipe.sources, values)))
    }
    for source, target in objects.items():
        yield compiler.compile(source, target, flags)
    yield compiler.archive(objects.values(), str(into / archive))
    for source in recipe.resources:
        yield compiler.resource(source, str(into / f"{Path(source).stem}.res"))


def sources_of(recipe: WindowsLibrary, directory: Path, patterns: Iterable[str]) -> list[str]:
    """Return the source files of a library, sorted; raise `StepError` for a pattern that nothing matches."""
    found: set[str] = set()
    for pattern in patterns:
        names = {path.relative_to(directory).as_posix() for path in directory.glob(pattern)}
        if not names:
            raise StepError(f"the source does not contain {pattern}", where=recipe.name)
        found |= names
    return sorted(name for name in found if not any(fnmatchcase(name, pattern) for pattern in recipe.without))


def _install(recipe: WindowsLibrary, headers: Iterable[str], directory: Path, installed: Path) -> None:
    """Install headers, and trees of scripts next to the static library."""
    include = installed / "include"
    include.mkdir()
    for name in headers:
        shutil.copyfile(directory / name, include / Path(name).name)
    for folder, pattern in recipe.header_directories.items():
        (include / folder).mkdir()
        for path in sorted(directory.glob(pattern)):
            shutil.copyfile(path, include / folder / path.name)
    for folder, source in recipe.trees.items():
        for path in sorted((directory / source).rglob("*")):
            name = path.relative_to(directory).as_posix()
            target = installed / "lib" / folder / path.relative_to(directory / source)
            if path.is_file() and not any(fnmatchcase(name, pattern) for pattern in recipe.without):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
