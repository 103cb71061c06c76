from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from setup_local import paths
from setup_local.audit.policy import (
    COMMON,
    DIRECTORY,
    load_policy,
    triple_in,
    triples,
    version,
)
from setup_local.audit.texts import PathScanner
from setup_local.catalog.targets import Target, load_targets
from setup_local.errors import CatalogError, RequestError
from setup_local.values import Libc

GNU = "x86_64-unknown-linux-gnu"


def _schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((paths.SCHEMA / f"{name}.schema.json").read_text())
    return document


@pytest.mark.parametrize("triple", triples())
def test_every_policy_loads_and_is_named_after_its_target(triple: str) -> None:
    policy = load_policy(triple)
    assert policy.triple == triple
    for pattern in policy.known_paths:
        re.compile(pattern)
    for item in (*policy.allowed_exports, *policy.allowed_functions, *policy.allowed_paths):
        assert item.reason


@pytest.mark.parametrize("target", load_targets(), ids=lambda target: target.triple)
def test_every_floor_of_a_target_may_be_named(target: Target) -> None:
    newest = load_policy(target.triple).newest_floor
    assert not newest or max(map(version, target.floors)) <= version(newest)


def test_the_whitelist_is_the_design_card_and_the_loader() -> None:
    policy = load_policy(GNU)
    stems = {item.name.partition(".so")[0] for item in policy.needed}
    card = {"libc", "libm", "libpthread", "libdl", "libutil", "librt", "libnsl", "libcrypt"}
    assert stems == card | {"ld-linux-x86-64", "linux-vdso"}


@pytest.mark.parametrize(
    ("library", "file", "allowed"),
    [
        ("libc.so.6", "install/bin/python3.13", True),
        ("libcrypt.so.1", "install/lib/python3.13/lib-dynload/_crypt.cpython-313-x86_64-linux-gnu.so", True),
        ("libcrypt.so.1", "install/bin/python3.13", False),
        ("libnsl.so.1", "lib-dynload/nis.cpython-311-x86_64-linux-gnu.so", True),
        ("libnsl.so.1", "lib-dynload/_crypt.cpython-313-x86_64-linux-gnu.so", False),
        ("libz.so.1", "install/bin/python3.13", False),
        ("libc.so.7", "install/bin/python3.13", False),
    ],
)
def test_who_may_need_what(library: str, file: str, allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert load_policy(GNU).needs(library, file) is allowed


def test_names_of_dlls_are_compared_as_windows_does() -> None:
    policy = load_policy("x86_64-pc-windows-msvc")
    assert policy.needs("kernel32.DLL", "install/python.exe")
    assert policy.needs("WinMM.dll", "install/python313.dll")
    assert not policy.needs("WinMM.dll", "install/python.exe")
    assert policy.brings("Python313.dll")
    assert policy.is_libpython("PYTHON313.dll")


def test_functions_know_when_they_came() -> None:
    functions = load_policy(GNU).functions
    assert functions["memcpy"] == (2, 2, 5)
    assert functions["log2"] <= (2, 12)
    assert functions["getrandom"] > (2, 12)
    assert "__memcpy_chk" not in functions


@pytest.mark.parametrize("triple", [triple for triple in triples() if load_policy(triple).libc])
def test_a_policy_adds_its_loader_to_what_holds_on_every_processor(triple: str) -> None:
    policy = load_policy(triple)
    assert policy.needs("libc.so" if policy.libc is Libc.MUSL else "libm.so.6", "python")
    own = {item.name for item in policy.needed} - {item.name for item in load_policy(_other(triple)).needed}
    assert len(own) == 1


def _other(triple: str) -> str:
    """Return the same system on another processor."""
    arch, _, system = triple.partition("-")
    return f"{'aarch64' if arch != 'aarch64' else 'x86_64'}-{re.sub('e?abi[a-z0-9]*$', '', system)}"


def test_an_unknown_target_names_the_known_ones() -> None:
    with pytest.raises(RequestError, match=GNU):
        load_policy("m68k-unknown-linux-gnu")


def test_an_unknown_key_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DIRECTORY / f"{GNU}.toml").read_text()
    (tmp_path / "odd.toml").write_text(f"surprise = 1\n{text}")
    shutil.copytree(DIRECTORY / COMMON, tmp_path / COMMON)
    monkeypatch.setattr("setup_local.audit.policy.DIRECTORY", tmp_path)
    with pytest.raises(CatalogError, match="surprise"):
        load_policy("odd")


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.12", (2, 12)), ("2.2.5", (2, 2, 5)), ("", ()), ("x", ()), ("2.", ())]
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version(text) == numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cc -I/work/include -c", ("/work/include",)),
        ("x=/home/me/src:/usr/lib", ("/home/me/src",)),
        ("'/tmp/build-77/python'", ("/tmp/build-77/python",)),
        ("-fdebug-prefix-map=/root/x=/y", ("/root/x=/y",)),
        ("opens /tmp or /var/tmp/", ()),
        ("/tmp/.X11-unix/X0 and /tmp/perf-%jd.map", ()),
        ("https://example.org/home/page", ()),
        ("../Modules/work/x and lib/tmp/y", ()),
        ("${prefix}/home/x", ()),
    ],
)
def test_paths_of_a_build_machine(text: str, found: tuple[str, ...]) -> None:
    assert PathScanner(policy=load_policy(GNU)).machine_paths(text.encode()) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"'C:\Users\me\src\x.c'", (r"C:\Users\me\src\x.c",)),
        ("-Id:/a/1/s/Include -c", ("d:/a/1/s/Include",)),
        (r"C:\\build\\x", (r"C:\\build\\x",)),
        (r"C:\Windows\System32 c:/dir http://work/x abc:/a/b", ()),
    ],
)
def test_paths_of_a_build_machine_with_drives(text: str, found: tuple[str, ...]) -> None:
    assert PathScanner(policy=load_policy("x86_64-pc-windows-msvc")).machine_paths(text.encode()) == found
    assert PathScanner(policy=load_policy(GNU)).machine_paths(text.encode()) == ()


def test_forbidden_paths_are_exact() -> None:
    scanner = PathScanner(policy=load_policy(GNU), forbid=("/opt/odd place",))
    assert scanner.forbidden(b"a /opt/odd place/b") == ("/opt/odd place",)
    assert scanner.forbidden(b"a /opt/odd/b") == ()


@pytest.mark.parametrize(
    ("target", "triple"),
    [
        (GNU, GNU),
        (f"{GNU}-pgo+lto", GNU),
        ("x86_64_v3-unknown-linux-gnu", GNU),
        (f"{GNU}x", None),
        ("m68k-unknown-linux-gnu", None),
    ],
)
def test_the_triple_in_a_target(target: str, triple: str | None) -> None:
    assert triple_in(target) == triple
