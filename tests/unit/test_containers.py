"""Steps in Docker: how commands are wrapped, the content of the image, and the error where Docker cannot be used."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from pathlib import Path

import pytest

from setup_local.build import containers
from setup_local.build.containers import DockerSandbox, docker_sandbox, write_context
from setup_local.build.sandbox import Root
from setup_local.errors import HostError
from setup_local.run import CommandFailed, Outcome


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "root" / "bin").mkdir(parents=True)
    (tmp_path / "root" / "bin" / "sh").write_text("shell")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return Root(name="tiny", directory=tmp_path / "root", sha256="ab" * 32)


class Client:
    """Simulates the Docker client: answers by the first words of a command, and records the commands."""

    def __init__(self, answers: dict[str, str | CommandFailed]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str], *_: object, env: object) -> Outcome:
        del env
        self.asked.append([str(word) for word in argv[1:]])
        answer = self.answers.get(argv[1], "")
        if isinstance(answer, CommandFailed):
            raise answer
        return Outcome(stdout=answer)


def use(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str | CommandFailed]) -> Client:
    client = Client(answers)
    monkeypatch.setattr(containers.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(containers, "run", client)
    monkeypatch.setattr(containers, "feed", client)
    return client


def test_a_container_has_no_network_no_privileges_and_the_callers_user(root: Root) -> None:
    sandbox = DockerSandbox(client="docker", image="a:b", root=root, visible=(Path("/cache"),), user="7:8")
    env = {"PATH": "/usr/bin", "MAKEFLAGS": "-j2 --jobserver-auth=5,6"}
    words = sandbox.wrap([sys.executable, "x"], writable=[Path("/out")], cwd=Path("/out"), env=env)
    text = " ".join(words)
    assert "--network none" in text
    assert "--privileged" not in words
    assert "--cap-drop ALL --security-opt no-new-privileges" in text
    assert "--user 7:8" in text
    assert "--volume /cache:/cache:ro --volume /out:/out:rw" in text
    assert "--env MAKEFLAGS=-j2 a:b" in text
    assert words[-2:] == ["/usr/bin/python3", "x"]
    assert words[words.index("--name") + 1] != sandbox.wrap([], writable=[], cwd=Path("/"), env={})[6]


def test_the_client_finds_its_daemon_whatever_a_step_has(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, {})
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere")
    words = docker_sandbox(root, []).wrap(["true"], writable=[], cwd=Path("/"), env={"PATH": "/bin"})
    assert words[0] == "env"
    assert "DOCKER_HOST=unix:///elsewhere" in words[: words.index("/usr/bin/docker")]
    assert "DOCKER_HOST" not in " ".join(words[words.index("run") :])


def test_the_image_is_made_once_of_the_root_alone(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    client = use(monkeypatch, {"image": CommandFailed(["docker"], 1, "No such image")})
    found = docker_sandbox(root, [Path("/cache")])
    assert found.image == "setup-local/tiny:abababababababab"
    assert ["build", "--network", "none", "--tag", found.image, "-"] in client.asked
    client = use(monkeypatch, {})
    docker_sandbox(root, [])
    assert "build" not in {words[0] for words in client.asked}


def test_the_context_has_the_same_bytes_every_time(root: Root) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_context(root, first)
    write_context(root, second)
    assert first.getvalue() == second.getvalue()
    with tarfile.open(fileobj=io.BytesIO(first.getvalue())) as archive:
        assert archive.getnames() == ["Dockerfile", "root.tar"]
        inner = archive.extractfile("root.tar")
        assert inner is not None
        with tarfile.open(fileobj=inner) as packed:
            assert packed.getnames() == ["bin", "bin/sh"]


@pytest.mark.parametrize(
    "said",
    [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "permission denied while trying to connect to the Docker daemon socket",
    ],
)
def test_a_daemon_that_cannot_be_used_is_one_line(root: Root, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    use(monkeypatch, {"version": CommandFailed(["docker"], 1, f"\n{said}\n")})
    with pytest.raises(HostError) as caught:
        docker_sandbox(root, [])
    assert str(caught.value).startswith(f"Docker cannot be used: {said} (start the Docker daemon")
    assert "\n" not in str(caught.value)


def test_an_image_that_cannot_be_made_says_why(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = CommandFailed(["docker"], 1, "Step 1/5\nno space left on device")
    use(monkeypatch, {"image": failed, "build": failed})
    with pytest.raises(HostError, match="cannot be built: no space left on device"):
        docker_sandbox(root, [])


def test_containers_of_dead_builds_are_removed_and_no_others(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = 2**22 + 7  # beyond the maximum process id
    client = use(monkeypatch, {"ps": f"aaa {dead}\nbbb {os.getpid()}\nccc\n"})
    docker_sandbox(root, [])
    assert client.asked[-1] == ["rm", "--force", "aaa"]


def test_docker_needs_an_environment() -> None:
    with pytest.raises(HostError, match=r"needs an environment \(name one with --environment\)"):
        docker_sandbox(None, [])
