"""A root directory that holds the C library, one installation and scripts, and nothing else: no databases, no shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from installed import Installation, run

INSIDE = "/opt/Maß und Zahl"
SCRIPTS = "/opt/scripts"
_LIBRARIES = ("libpthread", "libdl", "libutil", "librt", "libm", "libc", "libresolv", "libcrypt", "libnsl", "ld-linux")
_NAMES = ("libnss_files.so.2", "libnss_dns.so.2")  # glibc loads these by name


@dataclass(frozen=True, kw_only=True)
class BareRoot:
    """`path` is the root directory as the host sees it; `interpreter` is a path inside."""

    path: Path
    interpreter: str = f"{INSIDE}/bin/python3"
    env: Mapping[str, str] = field(default_factory=lambda: {"HOME": "/tmp", "LANG": "C.UTF-8"})

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        seconds: float = 120,
    ) -> str:
        """Run the interpreter inside and return what it printed; fail with all of it when it does not end with 0.

        `options` are more words for bubblewrap.
        """
        command = [*_enter(self.path), *options, "--", self.interpreter, "-B", *arguments]
        done = run(command, env={**self.env, **(env or {})}, cwd=self.path, seconds=seconds)
        if done.returncode:
            pytest.fail(f"{arguments} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
        return done.stdout


def make_bare_root(path: Path, installation: Installation, scripts: Path) -> BareRoot:
    """Fill a new directory: this host's C library at its own places, the installation and the scripts."""
    for name in ("etc", "proc", "dev", "tmp", "opt", "lib64"):
        (path / name).mkdir(parents=True)
    (path / "tmp").chmod(0o1777)
    (path / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    for library in _c_library(installation.python):
        (path / library.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, path / library.relative_to("/"))
    shutil.copytree(
        installation.prefix,
        f"{path}{INSIDE}",
        symlinks=True,
        ignore=shutil.ignore_patterns("test", "__pycache__"),
        copy_function=os.link,
    )
    shutil.copytree(scripts, f"{path}{SCRIPTS}", ignore=shutil.ignore_patterns("__pycache__"))
    return BareRoot(path=path)


def _c_library(program: Path) -> set[Path]:
    """Return the parts of the C library that a program may load: those it names, and their neighbours."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    named = {Path(word) for word in done.stdout.split() if word.startswith("/")}
    directories = {library.parent for library in named}
    near = {item for one in directories for stem in _LIBRARIES for item in one.glob(f"{stem}.so*")}
    return named | near | {one / name for one in directories for name in _NAMES if (one / name).is_file()}


def _enter(root: Path) -> Sequence[str]:
    """Return the words by which bubblewrap enters the root directory, read-only and without a network."""
    program = shutil.which("bwrap")
    if program:
        trial = [program, "--ro-bind", "/", "/", "--unshare-net", "--proc", "/proc", "true"]
        if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            return [
                *(program, "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
                *("--unshare-net", "--die-with-parent", "--chdir", "/tmp"),
            ]
    pytest.fail("bwrap does not work here; scripts/install-test-requirements installs it")
