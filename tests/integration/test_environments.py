"""Real environments: steps in bubblewrap and Docker, kills, a full disk, no daemon, and compiling for a distribution.

Docker's engine is the distribution's package (`docker.io`), started here with a separate data directory and socket.
Sources come from the cache, so `make test-environments` fetches them first, and builds the archive under test.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.catalog.environments import load_environment

ROOT = Path(__file__).resolve().parents[2]
SOURCES = paths.cache_root() / "sources"
PROJECTS = ROOT / "tests" / "integration" / "projects"
ENVIRONMENT = "bullseye"
WHOLE = "trixie"  # in which the archive under test was built
STAGE = ["toolchain", "bootstrap", "--environment", ENVIRONMENT, "--until", "m4", "--offline", "--mirror", str(SOURCES)]
WAIT_SECONDS = 600
ENGINE_VARIABLE = "SETUP_LOCAL_TEST_DOCKER"  # a directory with unpacked packages, if the engine is not installed


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "setup_local", *arguments]


def environ(cache: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SETUP_LOCAL_", "DOCKER_"))}
    return {**kept, "SETUP_LOCAL_CACHE": str(cache), **more}


def run(arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(*arguments), env=env, capture_output=True, text=True, check=False)


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the error message; a traceback is always a failure."""
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr[done.stderr.index("error: ") :].rstrip("\n")


def log_of(cache: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in (cache / "logs").glob("bootstrap-m4-*.log"))


def logged(cache: Path, sign: str) -> Callable[[], bool]:
    return lambda: sign in log_of(cache)


def kill_when(ready: Callable[[], object], env: Mapping[str, str], *more: str) -> None:
    """Start the stage, and kill it with SIGKILL as soon as a condition holds."""
    process = subprocess.Popen(words(*STAGE, *more), env=env, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while not ready():
        assert process.poll() is None, "the stage ended before it could be killed"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def root_hash(cache: Path) -> str:
    (file,) = (cache / "store").glob(f"*-environment-{ENVIRONMENT}/result/root.sha256")
    return file.read_text()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_stage_that_is_killed_again_and_again_goes_on(cache: Path) -> None:
    """While the root file system is created, then while the source is unpacked, configured, compiled, and installed."""
    env, work = environ(cache), cache / "work"
    kill_when(lambda: list(work.glob(f"build-*/out/environment-{ENVIRONMENT}/root/usr/bin/*")), env)
    assert not list((cache / "store").glob("*-environment-*"))
    kill_when(lambda: list(work.glob("resumable/*-m4/source/archive/*")), env)
    assert not list(work.glob("resumable/*-m4/configured"))
    for sign in ("checking for", "  CC ", "; make install "):
        kill_when(logged(cache, sign), env)
    (resumed,) = work.glob("resumable/*-m4")
    done = run(STAGE, env)
    assert done.returncode == 0, done.stderr
    assert "/configure " not in log_of(cache), "the tree was configured again"
    assert_m4(Path(done.stdout.strip()))
    assert not resumed.exists()
    assert [path.name for path in work.iterdir() if path.name.startswith("build-")] == []


def assert_m4(result: Path) -> None:
    shown = subprocess.run([result / "bin" / "m4", "--version"], capture_output=True, text=True, check=True).stdout
    assert "GNU M4" in shown


@pytest.mark.parametrize("size", ["60m", "250m", "430m"], ids=["packages", "root", "stage"])
def test_a_full_disk_is_one_message(tmp_path: Path, size: str) -> None:
    """The disk is full while packages are fetched, while the root file system is created, or during a stage."""
    script = f'mount -t tmpfs -o size={size} none {tmp_path} && exec "$@"'
    start = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run([*start, *words(*STAGE)], env=environ(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode in (11, 12, 14, 16), done.stderr
    assert "No space left on device" in error_line(done)


def test_an_environment_whose_hashes_are_missing_is_told_before_anything_is_done(tmp_path: Path) -> None:
    done = run(["build", "--environment", "wheezy"], environ(tmp_path))
    assert done.returncode == 2
    assert "environments resolve wheezy" in error_line(done)
    assert not (tmp_path / "sources").exists()


def test_a_package_with_the_wrong_bytes_is_named_with_both_hashes(tmp_path: Path) -> None:
    """The mirror has all packages, but one of them has the content of another."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    sources = load_environment(ENVIRONMENT).sources
    for source in sources:
        (mirror / source.forms[0].file).symlink_to(SOURCES / source.forms[0].sha256 / source.forms[0].file)
    wrong, other = (source.forms[0] for source in sources[:2])
    (mirror / wrong.file).unlink()
    shutil.copyfile(SOURCES / other.sha256 / other.file, mirror / wrong.file)
    stage = [str(mirror) if word == str(SOURCES) else word for word in STAGE]
    done = run(stage, environ(tmp_path / "cache"))
    assert done.returncode == 11, done.stderr
    both = (
        f"{wrong.file} has the wrong bytes: expected SHA-256 {wrong.sha256} ({wrong.size} bytes), got {other.sha256} ("
    )
    assert both in error_line(done)
    assert not list((tmp_path / "cache" / "store").glob("*-environment-*"))


def docker(arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return run([*arguments, "--sandbox", "docker"], env)


def test_no_daemon_is_one_line(cache: Path) -> None:
    done = docker(STAGE, environ(cache, DOCKER_HOST=f"unix://{cache}/nothing.sock"))
    assert done.returncode == 12, done.stderr
    assert "Docker cannot be used" in error_line(done)
    assert "\n" not in error_line(done)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Docker's engine with a separate data directory and socket; yield the address."""
    if os.getuid() != 0:
        pytest.skip("only root can start Docker's engine")
    unpacked = os.environ.get(ENGINE_VARIABLE, "")
    path = ":".join(
        [*(f"{unpacked}/usr/{name}" for name in ("bin", "sbin") if unpacked), os.environ["PATH"], "/usr/sbin"]
    )
    engine = shutil.which("dockerd", path=path)
    assert engine, "there is no dockerd: install docker.io, or name unpacked packages with SETUP_LOCAL_TEST_DOCKER"
    place = tmp_path_factory.mktemp("docker")
    address = f"unix://{place}/docker.sock"
    arguments = [engine, "--data-root", place / "data", "--exec-root", place / "exec", "--pidfile", place / "pid"]
    arguments += ["--host", address, "--bridge=none", "--iptables=false", "--ip6tables=false"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(arguments, env={**os.environ, "PATH": path}, stdout=log, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while not (place / "docker.sock").exists():
        assert process.poll() is None, (place / "log").read_text()
        assert time.monotonic() < deadline, (place / "log").read_text()
        time.sleep(0.2)
    yield address
    process.terminate()
    process.wait()


def containers(daemon: str) -> list[str]:
    argv = ["docker", "--host", daemon, "ps", "--all", "--quiet"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_the_same_stage_runs_in_docker_and_goes_on_after_a_kill(daemon: str, cache: Path, tmp_path: Path) -> None:
    """The container outlives the killed build; the next one removes it before anything else writes there."""
    env = environ(tmp_path, DOCKER_HOST=daemon)
    kill_when(logged(tmp_path, "  CC "), env, "--sandbox", "docker")
    (left_over,) = containers(daemon)
    done = docker(STAGE, env)
    assert done.returncode == 0, done.stderr
    assert "/configure " not in log_of(tmp_path), "the tree was configured again"
    result = Path(done.stdout.strip())
    assert_m4(result)
    assert (result / "bin" / "m4").stat().st_uid == os.getuid()
    assert left_over not in containers(daemon)
    assert containers(daemon) == []
    assert root_hash(tmp_path) == root_hash(cache)


def test_a_whole_build_in_docker_has_the_same_bytes(daemon: str, archive: Path, tmp_path: Path) -> None:
    """The archive under test was built in the same distribution with bubblewrap; no result of that build is reused."""
    build = ["build", "--python", "cpython-" + archive.name.split("-")[1], "--environment", WHOLE]
    places = ["--offline", "--mirror", str(SOURCES), "--output", str(tmp_path / "dist")]
    done = docker([*build, *places], environ(tmp_path / "cache", DOCKER_HOST=daemon))
    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.strip())
    assert made.name == archive.name
    assert filecmp.cmp(made, archive, shallow=False), f"{made} differs from {archive}"
    assert containers(daemon) == []


def test_a_daemon_that_this_user_may_not_use_is_one_line(daemon: str) -> None:
    program = (
        "from pathlib import Path\n"
        "from setup_local.build.containers import docker_sandbox\n"
        "from setup_local.build.sandbox import Root\n"
        "docker_sandbox(Root(name='tiny', directory=Path('/'), sha256='0' * 64), [])\n"
    )
    start = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    env = {"PATH": os.environ["PATH"], "DOCKER_HOST": daemon, "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*start, sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "HostError: Docker cannot be used: " in last
    assert "permission denied" in last.lower()


@pytest.mark.parametrize("project", ["plain_c", "plain_cpp"])
def test_a_wheel_that_is_compiled_for_a_distribution_is_as_portable(tmp_path: Path, project: str) -> None:
    """The Python that runs the tests is the build Python: which Python compiles does not affect what is linked."""
    done = run(["buildenv", "--json"], {**os.environ})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    tree = shutil.copytree(PROJECTS / project, tmp_path / "project")
    env = {**os.environ, **found, "PATH": f"{found['PATH']}:{os.environ['PATH']}"}
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path / "wheels"), str(tree)]
    subprocess.run(pip, env=env, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    judged = run(["check", "--json", str(unpacked)], {**os.environ})
    assert judged.returncode == 0, judged.stdout + judged.stderr
