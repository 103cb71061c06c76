"""Runs the commands of steps in Docker containers: no network, no privileges, the caller's user, the build's directories.

The image contains an environment's root file system; it is built from an archive that is streamed to the daemon. Each
command runs in a separate container, whose name begins with the id of this process: that is how containers left by a
killed build are found.
"""

from __future__ import annotations

import io
import itertools
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from setup_local.build.sandbox import Root, with_python
from setup_local.errors import HostError
from setup_local.fetch.rootfs import write_tar
from setup_local.run import CommandFailed, feed, run

_CLIENT = "docker"
_REPOSITORY = "setup-local"
_LABEL = "setup-local.process"
_HINT = "start the Docker daemon, allow this user to use it, or use --sandbox bwrap"
_NEEDED = "--sandbox docker needs an environment"


@dataclass(frozen=True, kw_only=True)
class DockerSandbox:
    """How a command is wrapped so that it runs in a container of an image.

    `settings` are the client's own: a step's environment does not contain them.
    """

    client: str
    image: str
    root: Root
    visible: tuple[Path, ...]
    user: str
    settings: tuple[str, ...] = ()
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def wrap(self, argv: Sequence[str], *, writable: Sequence[Path], cwd: Path, env: Mapping[str, str]) -> list[str]:
        """Return the argv that runs a command in a container, in exactly this environment.

        Containers cannot reach the descriptors of make's job server, so each make gets as many jobs as the pool has.
        """
        name = f"{_REPOSITORY}-{os.getpid()}-{next(self.numbers)}"
        words = [
            *_with(self.settings),
            self.client,
            "run",
            "--rm",
            "--init",
            "--name",
            name,
            "--label",
            f"{_LABEL}={os.getpid()}",
        ]
        words += ["--network", "none", "--read-only", "--tmpfs", "/tmp:exec,mode=1777", "--user", self.user]  # noqa: S108
        words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--workdir", str(cwd)]
        for mode, places in (("ro", self.visible), ("rw", writable)):
            for path in places:
                words += ["--volume", f"{path}:{path}:{mode}"]
        for key, value in _closed(env).items():
            words += ["--env", f"{key}={value}"]
        return [*words, self.image, *with_python(argv)]


def _with(settings: Sequence[str]) -> list[str]:
    """Return the words before a command that add variables to its environment."""
    return ["env", *settings] if settings else []


def _settings(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables by which the client finds its daemon and its configuration."""
    return tuple(f"{name}={value}" for name, value in environ.items() if name.startswith("DOCKER_") or name == "HOME")


def _closed(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which make does not look for a job server."""
    flags = env.get("MAKEFLAGS", "").split()
    kept = [word for word in flags if not word.startswith("--jobserver-auth")]
    return {**env, **({"MAKEFLAGS": " ".join(kept)} if flags else {})}


def docker_sandbox(root: Root | None, visible: Sequence[Path], *, instead: str = "") -> DockerSandbox:
    """Return the sandbox for a root file system, building its image if the daemon does not have it.

    Raises `HostError` without a client, a daemon, or the right to use it; `instead` says why Docker is needed at all.
    """
    if root is None:
        raise HostError(_NEEDED, hint="name one with --environment")
    client = _client(instead)
    image = f"{_REPOSITORY}/{root.name}:{root.sha256[:16]}"
    if not _known(client, image):
        _make_image(client, image, root)
    remove_left_over(client)
    return DockerSandbox(
        client=client,
        image=image,
        root=root,
        visible=tuple(visible),
        user=f"{os.getuid()}:{os.getgid()}",
        settings=_settings(os.environ),
    )


def _client(instead: str) -> str:
    """Return the path of a client whose daemon responds; raise `HostError`."""
    before = f"{instead}; " if instead else ""
    client = shutil.which(_CLIENT)
    if client is None:
        raise HostError(f"{before}the program {_CLIENT} is missing", hint="install docker.io, or use --sandbox bwrap")
    try:
        run([client, "version", "--format", "{{.Server.Version}}"], env=os.environ)
    except CommandFailed as error:
        raise HostError(f"{before}Docker cannot be used: {_reason(error.output)}", hint=_HINT) from error
    return client


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "the client printed nothing"


def _known(client: str, image: str) -> bool:
    try:
        run([client, "image", "inspect", image], env=os.environ)
    except CommandFailed:
        return False
    return True


def _make_image(client: str, image: str, root: Root) -> None:
    """Stream the build context to the daemon: the Dockerfile and the archive of the root file system."""
    words = [client, "build", "--network", "none", "--tag", image, "-"]
    env = {**os.environ, "DOCKER_BUILDKIT": "0"}  # the classic builder is part of every daemon
    with tempfile.TemporaryFile() as context:
        write_context(root, context)
        context.seek(0)
        try:
            feed(words, context, env=env)
        except CommandFailed as error:
            raise HostError(f"the image {image} cannot be built: {_reason(error.output)}", hint=_HINT) from error


def write_context(root: Root, stream: IO[bytes]) -> None:
    """Write the archive that Docker builds the image from; its bytes depend only on the root file system."""
    text = (root.directory.parent / "Dockerfile").read_bytes()
    with tempfile.TemporaryFile() as tar, tarfile.open(fileobj=stream, mode="w|") as archive:
        write_tar(root.directory, tar)
        size = tar.tell()
        tar.seek(0)
        for name, length, content in (("Dockerfile", len(text), io.BytesIO(text)), ("root.tar", size, tar)):
            member = tarfile.TarInfo(name)
            member.size = length
            archive.addfile(member, content)


def remove_left_over(client: str) -> None:
    """Remove the containers of killed builds."""
    words = [client, "ps", "--all", "--filter", f"label={_LABEL}", "--format", f'{{{{.ID}}}} {{{{.Label "{_LABEL}"}}}}']
    try:
        listed = [line.split() for line in run(words, env=os.environ).stdout.splitlines()]
        dead = [words[0] for words in listed if len(words) == 2 and not Path("/proc", words[1]).exists()]  # noqa: PLR2004
        if dead:
            run([client, "rm", "--force", *dead], env=os.environ)
    except CommandFailed:
        return  # another build may have removed them
