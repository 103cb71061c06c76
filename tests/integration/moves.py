"""Ways to move an installation to its place, for `test_moved.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from installed import NOBODY, as_ordinary_user, run

FIRST_LINE = "# system configuration generated and used by the sysconfig module"
PROGRAM = "import os, sys; os.execv(sys.argv[1], sys.argv[2:])"
"""Starts a program (first argument) under any name (second argument)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An installation at its final place.

    `start` is the command that starts it, `tree` its real path. `base` and `prefix` are the expected `sys.base_prefix`
    and `sys.prefix`; without an `executable`, `sys.executable` must be the first word of `start`.
    """

    start: tuple[str, ...]
    tree: Path
    base: Path
    prefix: Path
    executable: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The starting point of a move: an installation that was started at `tree`, in a separate directory.

    `repacked` creates a flavour of the archive.
    """

    tree: Path
    directory: Path
    repacked: Callable[[str], Path]

    def run(self, *argv: str | Path) -> str:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "LANG": "C.UTF-8"}
        done = run(as_ordinary_user(argv), env=env, cwd=self.directory, seconds=120)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def moved(self, *names: str) -> Path:
        """Move the tree to a new path with these components."""
        place = self.directory.joinpath(*names)
        owned(place.parent)
        return self.tree.rename(place)


def owned(directory: Path) -> None:
    """Create a directory and make the ordinary user its owner."""
    directory.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        os.chown(directory, NOBODY, NOBODY)


def here(base: Path, python: Path | None = None, **more: Any) -> Place:
    """Return the place of an installation that is started by its path."""
    start = str(python or base / "bin" / "python3")
    return Place(start=(start,), **{"tree": base, "base": base, "prefix": base, **more})


def called(tree: Path, name: str, **more: Any) -> Place:
    """Return the place of an installation that is started with a different name in `argv[0]`."""
    program = str(tree / "bin" / "python3")
    start = (program, "-S", "-c", PROGRAM, program, name)
    return Place(start=start, tree=tree, base=tree, prefix=tree, **more)


def through_a_link_to_the_program(ground: Ground) -> Place:
    tree = ground.moved("elsewhere")
    link = ground.directory / "my python"
    link.symlink_to(tree / "bin" / "python3")
    return here(tree, link)


def through_a_link_to_the_directory(ground: Ground) -> Place:
    tree = ground.moved("python-3.x")
    link = ground.directory / "current"
    link.symlink_to(tree.name, target_is_directory=True)
    return here(link, tree=tree)


def read_only(ground: Ground) -> Place:
    tree = ground.moved("for-reading")
    for directory, _, _ in os.walk(tree):
        if os.getuid() == 0:
            os.chown(directory, 0, 0)
        os.chmod(directory, 0o555)
    return here(tree)


def unpacked(ground: Ground) -> Place:
    place = ground.directory / "unpacked"
    with tarfile.open(ground.repacked("install_only")) as tar:
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)
        for member in tar:
            member.uid, member.gid = os.getuid(), os.getgid()
            tar.extract(member, place)
    return here((place / "python").rename(ground.directory / "from-a-tar"))


def copied(option: str) -> Callable[[Ground], Place]:
    """Return a way that copies the tree with `cp` and removes the original."""

    def way(ground: Ground) -> Place:
        place = ground.directory / "the-copy"
        subprocess.run(["cp", "-a", option, ground.tree, place], check=True)
        shutil.rmtree(ground.tree)
        return here(place)

    return way


def environment(*options: str) -> Callable[[Ground], Place]:
    """Return a way that moves the tree and then creates a virtual environment with it."""

    def way(ground: Ground) -> Place:
        tree = ground.moved("base")
        made = ground.directory / "own environment"
        ground.run(tree / "bin" / "python3", "-m", "venv", *options, made)
        return here(tree, made / "bin" / "python", prefix=made)

    return way


def environment_made_before(ground: Ground) -> Place:
    """Leave a link at the old place; the links of an environment are absolute and would dangle without it."""
    made = ground.directory / "older environment"
    first = ground.tree
    ground.run(first / "bin" / "python3", "-m", "venv", made)
    tree = ground.moved("base")
    first.symlink_to(tree)
    return here(first, made / "bin" / "python", tree=tree, prefix=made)


def rewritten_by_an_installer(ground: Ground) -> Place:
    """Write the first path into sysconfig's data as plain values, as uv does, and then move the tree."""
    (path,) = ground.tree.glob("lib/python3.*/_sysconfigdata*.py")
    code = "import json, sys; data = __import__(sys.argv[1]).build_time_vars; print(json.dumps(data, indent=4))"
    python = ground.tree / "bin" / "python3"
    values = ground.run(python, "-c", code, path.stem)
    path.unlink()  # other trees have hard links to it
    path.write_text(f"{FIRST_LINE}\nbuild_time_vars = {values}", encoding="utf-8")
    ground.run(python, "-c", "import sysconfig; sysconfig.get_config_vars()")
    return here(ground.moved("later"))


def named_like_no_program(ground: Ground) -> Place:
    tree = ground.moved("base")
    return called(tree, "no such program", executable=str(tree / "bin" / f"python{version(tree)}"))


def named_like_another_program(ground: Ground) -> Place:
    return called(ground.moved("base"), "/bin/sh", executable="/bin/sh")


def found_in_path(ground: Ground) -> Place:
    tree = ground.moved("base")
    program = str(tree / "bin" / "python3")
    path = {"PATH": f"{tree / 'bin'}:/usr/bin:/bin"}
    return Place(
        start=("/usr/bin/env", "python3"), tree=tree, base=tree, prefix=tree, executable=program, environment=path
    )


def version(tree: Path) -> str:
    (program,) = tree.glob("bin/python3.*[0-9]")
    return program.name.removeprefix("python")


WAYS: dict[str, Callable[[Ground], Place]] = {
    "moved": lambda ground: here(ground.moved("sub", "directory", ground.tree.name)),
    "renamed": lambda ground: here(ground.moved("cpython")),
    "blanks": lambda ground: here(ground.moved("with  two blanks", " in it ")),
    "not ASCII": lambda ground: here(ground.moved("Maß-数-ñ")),
    "not ASCII, plain C locale": lambda ground: here(ground.moved("Maß"), environment={"LC_ALL": "C"}),
    "no text": lambda ground: here(ground.moved(os.fsdecode(b"\xff\xfe"))),
    "very long": lambda ground: here(ground.moved(*["long" * 50] * 10)),
    "dollar": lambda ground: here(ground.moved("$HOME$$(x)")),
    "quotes": lambda ground: here(ground.moved('it\'s"so"')),
    "percent": lambda ground: here(ground.moved("100%s%(x)d")),
    "hash": lambda ground: here(ground.moved("#1")),
    "other signs": lambda ground: here(ground.moved("a&b;c(d)[e]{f}!~*?<g>|`h`=,@+^")),
    "backslash": lambda ground: here(ground.moved("back\\slash")),
    "colon": lambda ground: here(ground.moved("a:b")),
    "link to the program": through_a_link_to_the_program,
    "link to the directory": through_a_link_to_the_directory,
    "read-only": read_only,
    "from install_only": unpacked,
    "hard links": copied("--link"),
    "copy": copied("--reflink=auto"),
    "venv": environment("--symlinks"),
    "venv of copies": environment("--copies"),
    "venv made before the move": environment_made_before,
    "rewritten by an installer": rewritten_by_an_installer,
    "argv[0] is not a program": named_like_no_program,
    "argv[0] is another program": named_like_another_program,
    "found in PATH": found_in_path,
}
