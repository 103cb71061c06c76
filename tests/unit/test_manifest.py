"""The manifest: written and read in the format of `sha256sum`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from setup_local.manifest import BadManifest, digest, digests, parse, to_text

ZERO = "0" * 64


def test_it_is_sorted_by_the_bytes_of_the_names() -> None:
    text = to_text({"b": ZERO, "a/z": ZERO, "a b": ZERO, "\u00e9": ZERO})
    assert [line[66:] for line in text.splitlines()] == ["a b", "a/z", "b", "\u00e9"]
    assert text.startswith(f"{ZERO}  a b\n")


def test_newlines_and_backslashes_are_escaped_as_by_coreutils() -> None:
    assert to_text({"a\nb": ZERO}) == f"\\{ZERO}  a\\nb\n"
    assert to_text({"a\\nb": ZERO}) == f"\\{ZERO}  a\\\\nb\n"


@pytest.mark.parametrize("name", ["plain", "a b", " a", "a\n", "\\", "\\n", "a\\\nb", "\udcff", "-", "*x", "caf\u00e9"])
def test_what_is_written_is_read_again(name: str) -> None:
    assert parse(to_text({name: ZERO, "z": ZERO}).encode("utf-8", "surrogateescape")) == {name: ZERO, "z": ZERO}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{ZERO}  a", "truncated"),
        (f"{ZERO}  a\n\n", "line 2 is not"),
        (f"{ZERO} *a\n", "line 1 is not"),
        (f"{ZERO[1:]}  a\n", "line 1 is not"),
        (f"{ZERO[1:]}A  a\n", "line 1 is not"),
        (f"{ZERO}  \n", "line 1 is not"),
        (f"{ZERO}  a\n{ZERO}  a\n", "line 2 repeats"),
        (f"{ZERO}  ../a\n", "below the directory"),
        (f"{ZERO}  ..\n", "below the directory"),
        (f"{ZERO}  .\n", "below the directory"),
        (f"{ZERO}  /a\n", "below the directory"),
        (f"{ZERO}  a/../../b\n", "below the directory"),
        (f"{ZERO}  a//b\n", "below the directory"),
        (f"{ZERO}  SHA256SUMS\n", "below the directory"),
        (f"\\{ZERO}  a\\t\n", "escape sequence"),
        (f"\\{ZERO}  a\\\n", "escape sequence"),
    ],
)
def test_what_is_not_one_is_refused(text: str, what: str) -> None:
    with pytest.raises(BadManifest, match=what):
        parse(text.encode())


def test_files_and_links_to_files_have_hashes_and_nothing_else_has(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "file").write_bytes(b"x")
    (tmp_path / "SHA256SUMS").write_bytes(b"old")
    (tmp_path / "link").symlink_to("d/file")
    (tmp_path / "directory").symlink_to("d")
    (tmp_path / "dead").symlink_to("nothing")
    files = {name: tmp_path / name for name in ("d/file", "SHA256SUMS", "link", "directory", "dead")}
    assert digests(files) == dict.fromkeys(["d/file", "link"], hashlib.sha256(b"x").hexdigest())
    assert digest(b"x") == hashlib.sha256(b"x").hexdigest()
