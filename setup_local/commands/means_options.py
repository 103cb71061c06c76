"""The options for the means of a build (toolchain, tools, profile) and for the compression of its archive."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.errors import RequestError
from setup_local.values import ArchiveFormat, LlvmToolsChoice, OwnSdk, Request, ToolchainChoice

_OPTIONS = (
    click.option(
        "--profile",
        metavar="FILE",
        type=NamedPath(exists=True, dir_okay=False, resolve_path=True),
        help="Use this profile (build/cpython.profdata from an archive) instead of creating one.",
    ),
    click.option(
        "--toolchain",
        default="auto",
        type=EnumChoice(ToolchainChoice),
        help="Clang from the ziglang wheel, the host's LLVM, the one built by `toolchain bootstrap`, or Xcode's.",
    ),
    click.option(
        "--llvm",
        metavar="DIR",
        type=NamedPath(exists=True, file_okay=False, resolve_path=True),
        help="Directory of the host's LLVM, for --toolchain llvm.  [default: the newest]",
    ),
    click.option(
        "--sdk",
        metavar="DIR",
        type=NamedPath(exists=True, file_okay=False, resolve_path=True),
        help="Build with your own SDK instead of the available headers: for macOS, Apple's, which tkinter needs; for Windows, Microsoft's, laid out by xwin.",
    ),
    click.option(
        "--llvm-tools",
        default="auto",
        type=EnumChoice(LlvmToolsChoice),
        help="LLVM's tools for --optimized: from packages, or compiled from source.",
    ),
    click.option(
        "--format",
        "archive_format",
        default="zst",
        type=EnumChoice(ArchiveFormat),
        help="A .tar.zst, or a .tar.gz, which is 50% larger, but every system can unpack.",
    ),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Means:
    """The toolchain, LLVM's tools, an Apple SDK, an existing profile, and the format of the archive."""

    toolchain: ToolchainChoice
    llvm: Path | None
    llvm_tools: LlvmToolsChoice
    sdk: OwnSdk | None
    profile: Path | None
    archive_format: ArchiveFormat

    def of(self, request: Request) -> Request:
        """Return a request with these means."""
        return dataclasses.replace(
            request,
            toolchain=self.toolchain,
            llvm=self.llvm,
            llvm_tools=self.llvm_tools,
            sdk=self.sdk,
            profile=self.profile,
            archive_format=self.archive_format,
        )


def means_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the means to a command, as one argument `means`."""

    @functools.wraps(command)
    def with_means(
        *,
        toolchain: ToolchainChoice,
        llvm: Path | None,
        llvm_tools: LlvmToolsChoice,
        sdk: Path | None,
        profile: Path | None,
        archive_format: ArchiveFormat,
        **others: Any,
    ) -> None:
        if profile is not None:
            refuse_no_profile(profile)
        means = Means(
            toolchain=choose_toolchain(toolchain, llvm),
            llvm=llvm,
            llvm_tools=llvm_tools,
            sdk=None if sdk is None else _read_sdk(sdk),
            profile=profile,
            archive_format=archive_format,
        )
        command(means=means, **others)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), with_means)


def _read_sdk(path: Path) -> OwnSdk:
    from setup_local.own_sdk import read_sdk

    return read_sdk(path)


def choose_toolchain(choice: ToolchainChoice, llvm: Path | None) -> ToolchainChoice:
    """Return the toolchain selected by two options; raise `RequestError` if they contradict each other."""
    if llvm is None:
        return choice
    if choice in (ToolchainChoice.ZIG, ToolchainChoice.BOOTSTRAP, ToolchainChoice.XCODE):
        raise RequestError(
            f"--llvm is a directory for --toolchain llvm, not {choice.value}", hint="leave one of them out"
        )
    return ToolchainChoice.LLVM


def refuse_no_profile(path: Path) -> None:
    """Raise `RequestError` for a file that was not written by LLVM's profiling."""
    from setup_local.binfmt.detect import HEAD, FileKind, detect

    try:
        with path.open("rb") as stream:
            kind = detect(stream.read(HEAD))
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", where=f"--profile {path}") from error
    if kind is not FileKind.PROFILE:
        hint = "use build/cpython.profdata from an archive that was built with --optimized"
        raise RequestError("is not an LLVM profile", where=f"--profile {path}", hint=hint)
