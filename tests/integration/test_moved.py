"""However an installation was moved, every path that it reports is right.

There is one test for every way of moving and every kind of question. `tests/dist/places.py` runs once for each way,
in the interpreter at its new place and with its directories writable, and prints all answers.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from installed import Installation, as_ordinary_user, run
from moves import WAYS, Ground, Place, owned, version

OF_ANY_SYSTEM = ("/usr", "/bin", "/dev", "/etc", "/lib", "/tmp/foo")
NOT_OF_THE_BUILD = {"userbase", "XCRESULT", "base", "platbase", "projectbase"}
"""The user's own directory, a name that is used only on Apple's systems, and where the interpreter was started."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A place, and the answers of its interpreter."""

    place: Place
    answers: Mapping[str, Any]
    before: frozenset[tuple[str, int, int]]
    after: frozenset[tuple[str, int, int]]

    def said(self, part: str, name: str) -> str:
        """Return a program's output; check that its exit status was 0."""
        answer = self.answers[part][name]
        assert answer["status"] == 0, f"{name}: {answer['said']}"
        return str(answer["said"])

    @cached_property
    def version(self) -> str:
        return version(self.place.tree)

    @cached_property
    def series(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))

    @cached_property
    def has_tk(self) -> bool:
        """Return whether this distribution contains Tcl and Tk."""
        return any(self.stdlib.glob("lib-dynload/_tkinter.*"))

    @cached_property
    def full_version(self) -> str:
        """Return the version as in most names, with the ABI flags (`3.13td`)."""
        return f"{self.version}{self.answers['interpreter']['abi_flags']}"

    @cached_property
    def library_version(self) -> str:
        """Return the version in the name of the library directory, which builds with and without debugging share."""
        return self.full_version.rstrip("d")

    @cached_property
    def stdlib(self) -> Path:
        return self.place.base / "lib" / f"python{self.library_version}"

    @cached_property
    def include(self) -> Path:
        return self.place.base / "include" / f"python{self.full_version}"

    @cached_property
    def config(self) -> Path:
        (found,) = self.stdlib.glob(f"config-{self.full_version}-*")
        return found

    @cached_property
    def real(self) -> Path:
        """Return the base without symbolic links, as programs that ask the file system report it."""
        return self.place.base.resolve()


def listing(tree: Path) -> frozenset[tuple[str, int, int]]:
    """Return path, size and modification time of every file of a tree."""
    found = set()
    for directory, _, names in os.walk(tree):
        for name in names:
            status = os.lstat(os.path.join(directory, name))
            found.add((os.path.join(directory, name), status.st_size, status.st_mtime_ns))
    return frozenset(found)


def prefixes(case: Case) -> None:
    place, told = case.place, case.answers["interpreter"]
    wanted = (str(place.prefix), str(place.prefix), str(place.base), str(place.base))
    assert tuple(told[name] for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix")) == wanted
    assert told["executable"] == (place.executable or place.start[0])
    assert told["library"] == str(case.stdlib)


def search_path(case: Case) -> None:
    told = case.answers["interpreter"]
    packages = case.place.prefix / "lib" / f"python{case.library_version}" / "site-packages"
    archive = case.place.base / "lib" / f"python{case.library_version.replace('.', '')}.zip"
    assert told["path"] == [str(path) for path in (archive, case.stdlib, case.stdlib / "lib-dynload", packages)]
    assert told["site_packages"] == [str(packages)]


def install_paths(case: Case) -> None:
    base, prefix = case.place.base, case.place.prefix
    library = f"lib/python{case.library_version}"
    told = case.answers["configuration"]["paths"]
    wanted = {
        "stdlib": base / library,
        "platstdlib": prefix / library,
        "purelib": prefix / library / "site-packages",
        "platlib": prefix / library / "site-packages",
        "include": case.include,
        "platinclude": case.include,
        "scripts": prefix / "bin",
        "data": prefix,
    }
    assert told == {name: str(path) for name, path in wanted.items()}


def directories(case: Case) -> dict[str, str]:
    """Return the variables that are directories of the installation."""
    base = case.place.base
    wanted = {
        "prefix": base,
        "exec_prefix": base,
        "BINDIR": base / "bin",
        "LIBDIR": base / "lib",
        "LIBDEST": case.stdlib,
        "BINLIBDEST": case.stdlib,
        "DESTSHARED": case.stdlib / "lib-dynload",
        "INCLUDEPY": case.include,
        "CONFINCLUDEPY": case.include,
        "LIBPL": case.config,
        "LIBPC": base / "lib" / "pkgconfig",
        "MANDIR": base / "share" / "man",
    }
    assert all(path.is_dir() for path in wanted.values())
    return {name: str(path) for name, path in wanted.items()}


def others(case: Case, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the directories in these values that belong neither to the installation nor to any system."""
    wrong = {}
    for name, value in values.items():
        text = str(value).replace(str(case.place.base), "PREFIX").replace(str(case.real), "PREFIX")
        found = re.findall(r"(?<![\w.$}{)-])/[\w.+-]+(?:/[\w.+-]+)*", text)
        if name not in NOT_OF_THE_BUILD and (bad := [path for path in found if not path.startswith(OF_ANY_SYSTEM)]):
            wrong[name] = bad
    return wrong


def variables(case: Case) -> None:
    told = case.answers["configuration"]
    wanted = directories(case) | {"srcdir": str(case.config.resolve())}  # sysconfig itself resolves this one
    assert {name: told["variables"].get(name) for name in wanted} == wanted
    assert others(case, told["variables"]) == {}
    assert told["makefile"] == str(case.config / "Makefile")
    assert told["header"] == str(case.include / "pyconfig.h")


def data_as_others_import_it(case: Case) -> None:
    told = case.answers["configuration"]["data"]
    wanted = directories(case)
    assert {name: told.get(name) for name in wanted} == wanted
    assert others(case, told) == {}


def config_program(case: Case) -> None:
    assert case.said("flags", "--prefix") == str(case.real)
    assert case.said("flags", "--configdir") == str(case.config.resolve())
    include = case.include.resolve()
    assert shlex.split(case.said("flags", "--includes")) == [f"-I{include}"]
    assert shlex.split(case.said("flags", "--cflags"))[0] == f"-I{include}"
    for question in ("--ldflags", "embed"):
        words = shlex.split(case.said("flags", question))
        assert [word for word in words if word.startswith("-L")] == [f"-L{case.real / 'lib'}"]
    assert f"-lpython{case.full_version}" in words
    assert f"-Wl,-rpath,{case.real / 'lib'}" in words


def package_config(case: Case) -> None:
    if shutil.which("pkg-config") is None:
        pytest.fail("pkg-config is missing; scripts/install-test-requirements installs it")
    for name in (f"python-{case.version}", f"python-{case.version}-embed"):
        words = shlex.split(case.said("flags", name))
        (include,) = [word[2:] for word in words if word.startswith("-I")]
        assert Path(include).samefile(case.include)
        if name.endswith("-embed"):
            directories = [word[2:] for word in words if word.startswith("-L")]
            assert Path(directories[0]).samefile(case.place.base / "lib")


def makefile(case: Case) -> None:
    base = case.place.base
    wanted = [str(path) for path in (base, base, base / "lib", case.include, case.config, base / "bin")]
    assert case.said("flags", "make").splitlines()[-len(wanted) :] == wanted


def own_programs(case: Case) -> None:
    packages = case.real / "lib" / f"python{case.library_version}" / "site-packages"
    assert f"from {packages}/pip" in case.said("programs", "pip3")
    assert ("idle3" in case.answers["programs"]) == case.has_tk
    assert not case.has_tk or "USAGE" in case.said("programs", "idle3")
    assert "Return the sine" in case.said("programs", "pydoc3")


def started_again(case: Case) -> None:
    base, prefix = str(case.place.base), str(case.place.prefix)
    flags = {
        "-I": ["isolated", "ignore_environment"],
        "-S": ["no_site"],
        "-E": ["ignore_environment"],
        "-I -S -E": ["isolated", "ignore_environment", "no_site"],
        "relative name": [],
    }
    told = {name: json.loads(case.said("restarted", name)) for name in flags}
    relative = told.pop("relative name")  # the path of the current directory contains no links
    assert [Path(path).resolve() for path in relative[:2]] == [Path(path).resolve() for path in (prefix, base)]
    assert relative[2] == flags.pop("relative name")
    if case.series < (3, 14):  # up to 3.13, `site` handles virtual environments
        assert {told[name].pop(0) for name in ("-S", "-I -S -E")} == {base}
        assert {told[name].pop(0) for name in ("-I", "-E")} == {prefix}
    else:
        assert {answer.pop(0) for answer in told.values()} == {prefix}
    assert told == {name: [base, wanted] for name, wanted in flags.items()}
    assert case.said("restarted", "-m ensurepip").startswith("pip ")


def tcl(case: Case) -> None:
    if not case.has_tk:
        assert case.answers["tcl"] == "No module named '_tkinter'"
        return
    (wanted,) = (case.place.base / "lib").glob("tcl[0-9]*.[0-9]*/init.tcl")
    status = wanted.stat()
    assert case.answers["tcl"] == [status.st_dev, status.st_ino]


def description_of_the_build(case: Case) -> None:
    told = case.answers["build_details"]
    assert (told is not None) == (case.series >= (3, 14))
    if told is not None:
        assert (case.stdlib / told["base_prefix"]).samefile(case.place.base)
        assert (case.stdlib / told["base_prefix"] / told["base_interpreter"]).is_file()


def nothing_was_written(case: Case) -> None:
    assert case.after ^ case.before == frozenset()


QUESTIONS: tuple[Callable[[Case], None], ...] = (
    prefixes,
    search_path,
    install_paths,
    variables,
    data_as_others_import_it,
    config_program,
    package_config,
    makefile,
    own_programs,
    started_again,
    tcl,
    description_of_the_build,
    nothing_was_written,
)

IMPOSSIBLE: dict[tuple[str, Callable[[Case], None]], str] = {
    ("blanks", makefile): "make takes a blank for the end of a file's name",
    ("quotes", package_config): "pkg-config takes quotes in a directory for its own",
    ("backslash", package_config): "pkg-config takes a backslash in a directory for its own",
    ("colon", package_config): "PKG_CONFIG_LIBDIR and PKG_CONFIG_PATH are lists that colons separate",
    ("rewritten by an installer", data_as_others_import_it): "the data are plain values; only sysconfig follows",
    ("no text", tcl): "Tcl's strings are Unicode, it cannot name such a directory",
    ("no text", own_programs): "the same, for idle3",
}
"""Impossible combinations, with the reason; the tests check that they really fail."""

TARGET = "\n$(DESTSHARED):"
AS_TARGET = {
    ("other signs", makefile): "make takes some of these signs in a target for its own",
    ("colon", makefile): "make takes a colon for the end of a target's name",
}
"""Impossible where a directory is the target of a rule, as in the Makefile of older series."""


def impossible(case: Case) -> Mapping[tuple[str, Callable[[Case], None]], str]:
    rules = (case.config / "Makefile").read_text(encoding="utf-8")
    of_tk = {("no text", tcl), ("no text", own_programs)}
    holding = {key: reason for key, reason in IMPOSSIBLE.items() if case.has_tk or key not in of_tk}
    return {**holding, **(AS_TARGET if TARGET in rules else {})}


@pytest.fixture(scope="module", params=WAYS)
def case(
    request: pytest.FixtureRequest,
    installation: Installation,
    repacked: Callable[[str], Path],
    scripts: Path,
    workshop: Path,
) -> Iterator[Case]:
    """Move a tree to its place in one of the ways, and collect all answers."""
    directory = workshop / f"way-{list(WAYS).index(request.param)}"
    tree = directory / "first" / "install"
    owned(directory)
    owned(tree.parent)
    subprocess.run(["cp", "-al", installation.prefix, tree], check=True)
    for inner, _, _ in os.walk(tree):
        owned(Path(inner))
    ground = Ground(tree=tree, directory=directory, repacked=repacked)
    ground.run(tree / "bin" / "python3", "-c", "import sysconfig; sysconfig.get_config_vars()")
    place = WAYS[request.param](ground)
    yield asked(place, scripts / "places.py", directory)
    shutil.rmtree(directory, ignore_errors=True)


def asked(place: Place, script: Path, home: Path) -> Case:
    """Run the script at its place; check only its exit status."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **place.environment}
    before = listing(place.tree)
    done = run(as_ordinary_user([*place.start, script, *place.start]), env=env, cwd=home, seconds=120)
    assert done.returncode == 0, done.stdout
    return Case(place=place, answers=json.loads(done.stdout), before=before, after=listing(place.tree))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__.replace("_", " "))
def test_moved(case: Case, question: Callable[[Case], None], request: pytest.FixtureRequest) -> None:
    way = request.node.callspec.params["case"]
    if (reason := impossible(case).get((way, question))) is None:
        question(case)
        return
    with pytest.raises((AssertionError, OSError, ValueError)):
        question(case)
    pytest.xfail(reason)
