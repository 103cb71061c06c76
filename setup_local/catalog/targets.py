"""Model of `data/targets/*.toml`: what is built for, one file for each target triple."""

from __future__ import annotations

from dataclasses import dataclass

from setup_local.values import Libc


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target triple.

    `clang_triple` is what Clang's `--target` takes; `floors` are the glibc versions that can be asked for
    (`default_floor` among them, empty for musl); `cflags` the baseline code generation flags;
    `policy` names the audit policy.
    """

    triple: str
    os: str
    arch: str
    libc: Libc
    clang_triple: str
    platform_tag: str
    default_floor: str
    floors: tuple[str, ...]
    cflags: tuple[str, ...]
    policy: str
