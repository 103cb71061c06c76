"""The index for uv: URLs, one archive for each platform and variant, and uv's names of processors."""

from __future__ import annotations

from pathlib import Path

from sample_distribution import NAME
from shelf import TRIPLE, document, full, reduced, written


def test_a_base_url_is_used_everywhere_and_quoted(tmp_path: Path) -> None:
    full(tmp_path, options="pgo+lto")
    written(tmp_path, "--base-url", "https://example.org/p/")
    url = f"https://example.org/p/cpython-3.13.5-{TRIPLE}-pgo%2Blto-full.tar.zst"
    assert document(tmp_path)["distributions"][0]["url"] == url
    (entry,) = document(tmp_path, "download-metadata.json").values()
    assert entry["url"] == url
    assert f'href="{url}"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_without_a_base_url_uv_gets_file_urls(tmp_path: Path) -> None:
    directory = tmp_path / "ä b"
    directory.mkdir()
    full(directory)
    (entry,) = document(written(directory), "download-metadata.json").values()
    assert entry["url"] == f"{directory.as_uri()}/{NAME}"
    assert "%20" in entry["url"]


def test_uv_gets_one_archive_for_each_platform_and_variant(tmp_path: Path) -> None:
    full(tmp_path)
    full(tmp_path, options="freethreaded+debug")
    full(tmp_path, triple="aarch64-unknown-linux-musl")
    full(tmp_path, "3.14.0rc2", triple="x86_64_v3-unknown-linux-gnu")
    full(tmp_path, triple="x86_64-pc-windows-msvc")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-noopt-install_only_stripped.tar.gz")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-noopt-minimal.tar.gz")
    found = document(written(tmp_path), "download-metadata.json")
    assert set(found) == {
        "cpython-3.13.5-linux-x86_64-gnu",
        "cpython-3.13.5+freethreaded+debug-linux-x86_64-gnu",
        "cpython-3.13.5-linux-aarch64-musl",
        "cpython-3.14.0rc2-linux-x86_64_v3-gnu",
        "cpython-3.13.5-windows-x86_64-none",
    }
    assert found["cpython-3.13.5-linux-x86_64-gnu"]["url"].endswith("noopt-install_only_stripped.tar.gz")
    assert found["cpython-3.13.5+freethreaded+debug-linux-x86_64-gnu"]["variant"] == "freethreaded+debug"
    newest = found["cpython-3.14.0rc2-linux-x86_64_v3-gnu"]
    assert (newest["arch"], newest["prerelease"]) == ({"family": "x86_64", "variant": "v3"}, "rc2")
    assert (newest["major"], newest["minor"], newest["patch"], newest["libc"]) == (3, 14, 0, "gnu")


def test_uv_gets_processors_by_its_own_names(tmp_path: Path) -> None:
    for triple in ("ppc64le-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf", "s390x-unknown-linux-gnu"):
        full(tmp_path, triple=triple)
    found = document(written(tmp_path), "download-metadata.json")
    assert {key: entry["arch"]["family"] for key, entry in found.items()} == {
        "cpython-3.13.5-linux-powerpc64le-gnu": "powerpc64le",
        "cpython-3.13.5-linux-armv7-gnueabihf": "armv7",
        "cpython-3.13.5-linux-s390x-gnu": "s390x",
    }


def test_uv_gets_no_static_interpreter(tmp_path: Path) -> None:
    triple = "x86_64-unknown-linux-musl"
    full(tmp_path, "3.13.6", triple=triple, options="noopt+static")
    full(tmp_path, "3.13.6", triple=triple)
    full(tmp_path, "3.13.7", triple=triple, options="noopt+static")
    (entry,) = document(written(tmp_path), "download-metadata.json").values()
    assert entry["url"].endswith("cpython-3.13.6-x86_64-unknown-linux-musl-noopt-full.tar.zst")
    assert len(document(tmp_path)["distributions"]) == 3


def test_uv_gets_the_optimised_build(tmp_path: Path) -> None:
    full(tmp_path, options="noopt")
    full(tmp_path, options="pgo+lto")
    full(tmp_path, options="lto")
    (entry,) = document(written(tmp_path), "download-metadata.json").values()
    assert entry["url"].endswith("-pgo%2Blto-full.tar.zst")


def test_uv_is_told_of_no_archive_for_two_processors(tmp_path: Path) -> None:
    full(tmp_path, "3.13.15", triple="universal2-apple-darwin")
    full(tmp_path, "3.13.15", triple="aarch64-apple-darwin")
    assert list(document(written(tmp_path), "download-metadata.json")) == ["cpython-3.13.15-darwin-aarch64-none"]
