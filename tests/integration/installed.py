"""An unpacked distribution, run as its users do: with an ordinary account and a small, explicit environment."""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard

from setup_local.binfmt.elf import read_elf
from setup_local.catalog.variants import load_variants
from setup_local.values import BuildOption

DIST = Path(__file__).resolve().parent.parent / "dist"
DATA = Path(__file__).resolve().parent.parent / "data"
NOBODY = 65534
COMPATIBLE = {("i686", "x86_64")}
"""Target and machine, where the machine needs no emulator but reports its own processor's name in uname(2)."""
INSTALLATION = ("python/PYTHON.json", "python/install/")
INDEX_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""The variables that pip needs to reach the index; no other variables are passed on."""


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a user who can reach the package index."""
    handed_on = {name: value for name, value in os.environ.items() if name.startswith(INDEX_VARIABLES)}
    certificates = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    return {**handed_on, **certificates, **plain, **(more or {})}


def checked(argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, seconds: float = 300) -> str:
    """Run a command and return its output; fail with all of it if the exit status is not 0."""
    done = run(argv, env=env, cwd=cwd, seconds=seconds)
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
    return done.stdout


def listed_otherwise(directory: Path) -> str:
    """Return the errors of `sha256sum` for a directory with a list of its files; empty if all files match the list."""
    words = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    done = run(words, env={"PATH": "/usr/bin:/bin"}, cwd=directory, seconds=180)
    return done.stdout or ("it failed" if done.returncode else "")


def unpack(archive: Path, destination: Path, *, kept: tuple[str, ...] = INSTALLATION) -> None:
    """Unpack an archive as a stream: only members whose name begins with one of `kept`."""
    with (
        archive.open("rb") as packed,
        gzip.open(packed) if archive.suffix == ".gz" else zstandard.open(packed) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)  # not in the first releases of 3.11
        for member in tar:
            if member.name.startswith(kept):
                member.uid, member.gid = os.getuid(), os.getgid()
                tar.extract(member, destination)


def as_ordinary_user(argv: Sequence[str | Path]) -> list[str]:
    """Return a command that runs `argv` without root privileges, which would make some tests meaningless."""
    words = [str(word) for word in argv]
    if os.getuid() != 0:
        return words
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.fail("setpriv (util-linux) is missing; scripts/install-test-requirements installs it")
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words]


def run(
    argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a command with a time limit and merged output streams; kill its whole process group at the limit."""
    process = subprocess.Popen(
        [str(word) for word in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"{argv} did not end within {seconds} s:\n{output}")
    return subprocess.CompletedProcess(list(map(str, argv)), process.returncode, output)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """`root` contains PYTHON.json and `install`; `home` is the directory of the ordinary user."""

    root: Path
    home: Path

    @property
    def prefix(self) -> Path:
        return self.root / "install"

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python3"

    @property
    def description(self) -> Any:
        return json.loads((self.root / "PYTHON.json").read_text(encoding="utf-8"))

    @property
    def c_library(self) -> str:
        """Return how the interpreter is linked to the C library: `glibc`, `musl` or `static`."""
        features = self.description["crt_features"]
        return next((name for name in ("static", "musl") if name in features or f"{name}-dynamic" in features), "glibc")

    @property
    def is_native(self) -> bool:
        """Return whether the distribution is for this machine's own processor."""
        return str(self.description["target_triple"]).startswith(platform.machine())

    @property
    def personality(self) -> list[str]:
        """Return a command that makes a 64-bit kernel report a 32-bit processor, as containers do (setarch(8))."""
        machine = str(self.description["target_triple"]).partition("-")[0]
        return ["setarch", machine] if (machine, platform.machine()) in COMPATIBLE else []

    @property
    def left_out(self) -> list[str]:
        """Return the extension modules that were left out by choice according to PYTHON.json."""
        return str(self.description["python_config_vars"].get("SETUP_LOCAL_LEFT_OUT", "")).split()

    def want(self, *modules: str) -> None:
        """Skip the test unless the distribution contains these extension modules."""
        for module in modules:
            if module in self.left_out:
                pytest.skip(f"PYTHON.json says that {module} was left out")

    @property
    def version(self) -> str:
        """Return the version as three numbers (`3.13.5`)."""
        return str(self.description["python_version"])

    @property
    def build_options(self) -> frozenset[BuildOption]:
        """Return the build options that conditions in the catalogs can test."""
        words = str(self.description["build_options"]).split("+")
        return frozenset(option for option in BuildOption if option.value in words)

    @property
    def floor(self) -> tuple[int, ...]:
        """Return the oldest glibc that the distribution supports, `()` without glibc."""
        features = [feature.partition(":") for feature in self.description["crt_features"]]
        named = [value for name, _, value in features if name == "glibc-max-symbol-version"]
        return tuple(map(int, named[0].split("."))) if named else ()

    @property
    def tls(self) -> str:
        """Return the TLS library as conditions name it (`openssl-3.0`), the default if the build options name none."""
        named = re.search(r"(?:^|\+)(openssl|libressl)([\d.]+)", str(self.description["build_options"]))
        return f"{named[1]}-{named[2]}" if named else load_variants().tls[0].name

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        self.home.mkdir(exist_ok=True)
        if os.getuid() == 0:
            os.chown(self.home, NOBODY, NOBODY)
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8", **(more or {})}

    def run(
        self, arguments: Sequence[str | Path], *, env: Mapping[str, str] | None = None, seconds: float = 120
    ) -> str:
        """Run the interpreter and return its output; fail with all of it if the exit status is not 0.

        If it fails because of a module that was left out according to PYTHON.json, the test is skipped.
        """
        environment = self.environment(env)
        command = as_ordinary_user([*self.personality, self.python, *arguments])
        done = run(command, env=environment, cwd=self.home, seconds=seconds)
        if done.returncode:
            for module in self.left_out:
                if f"No module named '{module}'" in done.stdout:
                    pytest.skip(f"PYTHON.json says that {module} was left out")
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
        return done.stdout


def libpython(prefix: Path) -> Path:
    """Return the file that contains libpython: the shared library that the interpreter needs, else the interpreter."""
    program = prefix / "bin" / "python3"
    needed = read_elf(program.read_bytes()).needed
    return next((path for path in prefix.glob("lib/libpython3.*.so.*") if path.name in needed), program)
