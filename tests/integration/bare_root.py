"""A root directory with this host's C library, the installation, scripts, and a test's own files, but nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from installed import Installation, run

INSIDE = "/opt/Maß und Zahl"
PYTHON = f"{INSIDE}/bin/python3"
SCRIPTS = "/scripts"


@dataclass(frozen=True, kw_only=True)
class Root:
    """A root directory; `mounts` are mounted over it when it is entered."""

    path: Path
    installation: Installation
    scripts: Path
    mounts: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def make(cls, path: Path, installation: Installation, scripts: Path) -> Self:
        """Create a new root directory; the C library has the same paths as on the host."""
        for name in ("tmp", "opt", "etc", "proc", "dev", "scripts"):
            (path / name).mkdir(parents=True)
        for library in _c_library(installation):
            target = Path(f"{path}{library}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)
        return cls(path=path, installation=installation, scripts=scripts)

    def with_mounts(self, mounts: Mapping[str, Path]) -> Self:
        """Return the same root directory with other files mounted over it."""
        return type(self)(path=self.path, installation=self.installation, scripts=self.scripts, mounts=mounts)

    def furnish(self, files: Mapping[str, Path | str]) -> Self:
        """Copy files into the directory, or create links where the value is a string."""
        for name, value in files.items():
            target = Path(f"{self.path}{name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(value, str):
                target.symlink_to(value)
            else:
                shutil.copyfile(value, target)
        return self

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command inside and return its output; fail if the exit status is not 0."""
        done = self.attempt(*command, env=env)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command inside, without privileges over files."""
        program = shutil.which("bwrap")
        if program is None:
            pytest.fail("bwrap is missing; scripts/install-test-requirements installs bubblewrap")
        places = {INSIDE: self.installation.prefix, SCRIPTS: self.scripts, **self.mounts}
        words = [program, "--bind", self.path, "/", "--proc", "/proc", "--dev", "/dev", "--cap-drop", "ALL"]
        for place, source in places.items():
            words += ["--ro-bind", source, place]
        words += ["--unshare-net", "--die-with-parent", "--chdir", "/tmp", "--", *command]
        environment = {"HOME": "/tmp", "LANG": "C.UTF-8", **(env or {})}
        return run(words, env=environment, cwd=self.path, seconds=120)


def _c_library(installation: Installation) -> set[Path]:
    """Return the files of this host that the interpreter needs to start."""
    if installation.c_library == "static":
        return set()
    if installation.c_library == "musl":
        return {Path("/lib/ld-musl-x86_64.so.1")}
    listed = subprocess.run(["ldd", installation.python], capture_output=True, text=True, check=True).stdout
    found = {Path(name) for name in re.findall(r"(?m)^.*?(/.*) \(0x", listed)}
    return {path for path in found if not path.is_relative_to(installation.prefix)}
