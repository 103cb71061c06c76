"""Creates an environment from a distribution: a directory that appears complete or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import assert_never

from setup_local import manifest
from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.errors import ArchiveError, OutputError, SourceError
from setup_local.fetch.unpack import TreeWriter, UnsafeMember, member_path
from setup_local.run import CommandFailed, run
from setup_local.stage import files, installer
from setup_local.stage.scripts import relocate_text, start, update_records

_TOP = PurePosixPath("python")
_INSTALL = "install"
_WINDOWS = "python.exe"
_DESCRIPTION = "PYTHON.json"
# Parts of a full archive that no environment needs.
_LEFT_OUT = (_TOP / "build", _TOP / "licenses")
# The part of the caller's environment that pip needs; everything else is dropped.
_HANDED_ON = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
_PLAIN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NETRC", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS")
# Options that would mislead pip; PIP_VERSION is ours, and pip would read it as its option --version.
_KEPT_BACK = {"PIP_VERSION", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_HELP"}
_STEERED = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def create(
    archive: Path,
    directory: Path,
    *,
    packages: Mapping[str, str],
    environ: Mapping[str, str],
    report: Callable[[str], None] = lambda _: None,
) -> Path:
    """Unpack an archive to `directory`, install exact versions of packages, and return the interpreter's path.

    `directory` must not exist, or be empty; it appears when everything is done, with a manifest of its contents. Raises
    `OutputError`, `ArchiveError`, and `SourceError` if a package cannot be obtained.
    """
    refuse_occupied(directory)
    final = directory.resolve()
    with _staging(final) as staging:
        report(f"unpacking {archive.name}")
        root = _unpacked(archive, staging)
        python = _interpreter(root, archive)
        if packages:
            report(f"installing {', '.join(f'{name} {version}' for name, version in packages.items())}")
            _install(python, packages, environ)
            _make_scripts_movable(root, python)
        _write_manifest(root)
        _appear(root, final)
    return directory.absolute() / python.relative_to(root)


def refuse_occupied(directory: Path) -> None:
    """Raise `OutputError` unless a directory is empty or missing."""
    hint = "name a new directory, or remove this one"
    try:
        if any(directory.iterdir()):
            raise OutputError("is not empty", where=directory, hint=hint)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot be used: {error.strerror}", where=directory, hint=hint) from error


@contextlib.contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """Yield a temporary directory next to the new one; remove those that killed processes left behind.

    A lock that ends with its process shows which are in use.
    """
    prefix = f".{directory.name}.making-"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        for leftover in directory.parent.iterdir():
            if leftover.name.startswith(prefix):
                _remove_unlocked(leftover)
        staging = Path(tempfile.mkdtemp(dir=directory.parent, prefix=prefix))
        lock = os.open(staging, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"cannot be created: {error.strerror}", where=directory) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _remove_unlocked(directory: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(lock)


def _unpacked(archive: Path, staging: Path) -> Path:
    """Unpack the parts of an archive that an environment needs; return the installation directory."""
    try:
        writer = TreeWriter(staging)
        for member, read in read_safe_members(archive):
            path = member_path(member.name)
            if path.is_relative_to(_TOP) and not any(path.is_relative_to(part) for part in _LEFT_OUT):
                _write(writer, member, path, read)
    except UnsafeMember as error:
        raise ArchiveError(f"cannot be unpacked: {error}", where=archive) from error
    except OSError as error:
        raise OutputError(f"cannot be unpacked: {error.strerror or error}", where=staging) from error
    top = staging / _TOP
    return top / _INSTALL if (top / _DESCRIPTION).is_file() and (top / _INSTALL).is_dir() else top


def _write(writer: TreeWriter, member: Member, path: PurePosixPath, read: Callable[[], bytes]) -> None:
    match member.kind:
        case MemberKind.DIRECTORY:
            writer.directory(path)
        case MemberKind.SYMLINK:
            writer.symlink(path, member.target)
        case MemberKind.HARDLINK:
            writer.hardlink(path, member_path(member.target))
        case MemberKind.FILE:
            data, executable = read(), bool(member.mode & 0o100)
            writer.file(path, lambda stream: stream.write(data), executable=executable, mtime=int(member.mtime))
        case MemberKind.DEVICE:
            raise UnsafeMember(f"{path} is not a file, link or directory")
        case _:
            assert_never(member.kind)


def _interpreter(root: Path, archive: Path) -> Path:
    python = root / "bin" / "python3"
    if (root / _WINDOWS).is_file():
        raise ArchiveError("is for Windows: unpack it there and use it in place", where=archive)
    if not (python.is_file() and os.access(python, os.X_OK)):
        raise ArchiveError("contains no installation: there is no bin/python3", where=archive)
    return python


def _install(python: Path, packages: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Install exact versions with the new interpreter's own pip."""
    words = [f"{name}=={version}" for name, version in packages.items()]
    try:
        run([python, "-I", "-m", "pip", "install", *words], env=_pip_environment(environ), cwd=python.parent)
    except CommandFailed as error:
        lines = error.output.strip().splitlines() or [str(error)]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1])
        reason = reason.removeprefix("ERROR:").strip()
        raise SourceError(f"pip cannot install {' '.join(words)}: {reason}") from error


def _pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    needed = {name: value for name, value in environ.items() if name in _PLAIN or name.upper().startswith(_HANDED_ON)}
    return {name: value for name, value in needed.items() if name not in _KEPT_BACK} | _STEERED | _QUIET


def _make_scripts_movable(root: Path, python: Path) -> None:
    """Make the scripts that pip wrote find their interpreter next to themselves: they name a path that will disappear.

    A pip that was installed with them is edited like the bundled one, if the edits fit it, and writes relocatable
    scripts later.
    """
    interpreter = python.resolve().name
    for path in sorted((root / "bin").iterdir()):
        if not path.is_symlink() and (fresh := _movable(path, interpreter, str(python.parent))) is not None:
            files.write(path, fresh, executable=True)
    for site_packages in root.glob("lib/python3*/site-packages"):
        update_records(site_packages)
        patch = load_patch(PIP_LAUNCHERS)
        if not installer.is_edited(site_packages, patch):
            installer.edit_later(site_packages, patch)


def _movable(path: Path, interpreter: str, place: str) -> str | None:
    """Return a script without the path of its interpreter, None if there is nothing to change.

    A path that is long or contains spaces cannot be in the first line; pip then writes three lines for `sh`.
    """
    with path.open("rb") as stream:
        if stream.read(2) != b"#!":
            return None
    text = files.read(path)
    if place not in "".join(text.split("\n", 3)[:3]):
        return None
    shell, _, rest = text.partition("\n' '''\n")
    if shell.startswith("#!/bin/sh\n'''exec' "):
        return start(interpreter) + rest
    return relocate_text(text, interpreter)


def _write_manifest(root: Path) -> None:
    """List the environment's contents, to detect changes later; this replaces the archive's manifest."""
    try:
        text = manifest.to_text(manifest.digests({name: root / name for name in files.below(root)}))
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", where=root) from error
    files.write(root / manifest.NAME, text)


def _appear(root: Path, directory: Path) -> None:
    try:
        root.rename(directory)
    except OSError as error:
        raise OutputError(f"cannot be created: {error.strerror}", where=directory) from error
