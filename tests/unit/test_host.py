"""Requirements on the host are checked before any work, and the message says how to meet them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from setup_local.build.host import NEEDED_BYTES, check_host, check_space
from setup_local.build.isolation import choose_sandbox
from setup_local.build.sandbox import Root, Sandbox, bwrap_problem
from setup_local.errors import HostError
from setup_local.paths import CACHE_VARIABLE, cache_root
from setup_local.values import SandboxChoice


def test_missing_programs_are_named_together_with_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match=r"missing: make, perl \(apt-get install make perl, dnf install"):
        check_host(tmp_path)


def test_too_little_space_names_the_directory(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="MiB are free; a build needs"):
        check_space(tmp_path / "not" / "there" / "yet", 1 << 62)
    check_space(tmp_path, 1)
    assert NEEDED_BYTES > 1 << 30


def test_requesting_bubblewrap_fails_if_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        HostError, match=r"the program bwrap is missing \(install the package bubblewrap, or use --sandbox none\)"
    ):
        choose_sandbox(SandboxChoice.BWRAP, tmp_path)
    assert choose_sandbox(SandboxChoice.AUTO, tmp_path) == Sandbox(program=None)


def test_wrapping_makes_only_the_given_directories_writable() -> None:
    words = Sandbox(program="/usr/bin/bwrap").wrap(["make"], writable=[Path("/work")], cwd=Path("/work"))
    assert "--unshare-net" in words
    assert words[words.index("--bind") : words.index("--bind") + 3] == ["--bind", "/work", "/work"]
    assert words.count("--bind") == 1
    assert words[words.index("--ro-bind") : words.index("--ro-bind") + 3] == ["--ro-bind", "/", "/"]
    assert words[-4:] == ["--chdir", "/work", "--", "make"]


def test_the_target_of_a_symbolic_link_is_writable_in_the_sandbox(tmp_path: Path) -> None:
    if problem := bwrap_problem():
        pytest.skip(problem)
    (tmp_path / "disk").mkdir()
    link = tmp_path / "cache"
    link.symlink_to(tmp_path / "disk")  # an absolute link, over which bubblewrap itself cannot mount
    sandbox = Sandbox(program=shutil.which("bwrap"), visible=(link,))
    subprocess.run(sandbox.wrap(["touch", "made"], writable=[link], cwd=link.resolve()), check=True)
    assert (tmp_path / "disk" / "made").is_file()


def test_the_cache_has_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk")
    assert cache_root({CACHE_VARIABLE: str(tmp_path / "cache")}) == (tmp_path / "disk").resolve()


def test_no_sandbox_leaves_the_command_alone() -> None:
    assert Sandbox(program=None).wrap(["make"], writable=[], cwd=Path("/")) == ["make"]


def test_a_needed_directory_below_the_empty_tmp_is_visible(tmp_path: Path) -> None:
    sandbox = choose_sandbox(SandboxChoice.AUTO, tmp_path, [Path("/tmp/llvm")])
    assert isinstance(sandbox, Sandbox)
    if sandbox.program is None:
        pytest.skip("bubblewrap does not work here")
    words = " ".join(sandbox.wrap(["make"], writable=[], cwd=Path("/")))
    assert words.index("--tmpfs /tmp ") < words.index("--ro-bind /tmp/llvm /tmp/llvm")


def root_in(directory: Path) -> Root:
    (directory / "usr" / "bin").mkdir(parents=True)
    (directory / "etc").mkdir()
    (directory / "home").mkdir()
    (directory / "bin").symlink_to("usr/bin")
    return Root(name="tiny", directory=directory, sha256="0" * 64)


def test_only_the_other_root_is_visible(tmp_path: Path) -> None:
    sandbox = Sandbox(program="bwrap", visible=(tmp_path / "cache",), root=root_in(tmp_path / "root"))
    words = sandbox.wrap([sys.executable, "x.py"], writable=[tmp_path / "out"], cwd=tmp_path / "out")
    text = " ".join(words)
    assert "--ro-bind / /" not in text
    assert f"--ro-bind {tmp_path}/root/usr /usr" in text
    assert "--symlink usr/bin /bin" in text
    assert "/home" not in words
    assert words[-2:] == ["/usr/bin/python3", "x.py"]


def test_a_requested_root_is_never_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = (
        r"bubblewrap cannot be used: the program bwrap is missing; the program docker is missing \(install docker.io"
    )
    with pytest.raises(HostError, match=wanted):
        choose_sandbox(SandboxChoice.AUTO, tmp_path, root=root_in(tmp_path / "root"))
