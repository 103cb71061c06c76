"""Reading the host's apt configuration and apt's answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.catalog.sources import AptPlace, Form
from setup_local.fetch.apt import Apt, AptHost, private_configuration
from setup_local.fetch.apt_sources import (
    Archive,
    Repository,
    archives,
    codename,
    listed_files,
    parse_deb822,
    parse_one_line,
    private_sources,
    read_repositories,
)
from setup_local.fetch.attempt import PlaceFailed

DEB822 = """\
# a comment
Types: deb
URIs: http://mirror.example/debian
 http://second.example/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb
URIs: http://addition.example/apt
Suites: nodistro
Components: main
"""

ONE_LINE = """\
# deb http://commented.example/debian trixie main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://one.example/debian/ trixie main
deb-src http://two.example/debian sid main contrib # trailing
deb http://security.example/debian trixie-security main
nonsense
"""


def test_deb822_entries_keep_an_embedded_key() -> None:
    first, addition = parse_deb822(DEB822)
    assert first.uris == ("http://mirror.example/debian", "http://second.example/debian")
    assert first.suites == ("trixie", "trixie-updates")
    assert first.signed_by.startswith("\n -----BEGIN PGP")
    assert first.signed_by.endswith("-----END PGP PUBLIC KEY BLOCK-----")
    assert addition.suites == ("nodistro",)


def test_one_line_entries() -> None:
    first, second, third = parse_one_line(ONE_LINE)
    assert (first.uris, first.signed_by) == (("http://one.example/debian/",), "/usr/share/keyrings/k.gpg")
    assert (second.suites, second.components) == (("sid",), ("main", "contrib"))
    assert third.suites == ("trixie-security",)


def test_only_mirrors_of_the_distribution_itself_are_asked() -> None:
    found = archives([*parse_one_line(ONE_LINE), *parse_deb822(DEB822)], "trixie", "forky")
    assert [item.uri for item in found] == [
        "http://one.example/debian",
        "http://two.example/debian",
        "http://mirror.example/debian",
        "http://second.example/debian",
    ]


def test_mirror_lists_are_read_and_media_left_out(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("# mirrors\nhttp://a.example/debian priority:1\nhttp://b.example/debian\n")
    uris = (f"mirror+file:{tmp_path}/list", "cdrom:[Debian]/", "mirror+file:/not/there")
    found = archives([Repository(uris=uris, suites=("stable",), components=("main",))], "", "stable")
    assert [item.uri for item in found] == ["http://a.example/debian", "http://b.example/debian"]


def test_the_whole_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(ONE_LINE)
    (tmp_path / "sources.list.d" / "x.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "y.sources.disabled").write_text(DEB822)
    (tmp_path / "sources.list.d" / "z.list").write_bytes(b"\xff\xfe")
    assert len(read_repositories(tmp_path)) == 5
    assert read_repositories(tmp_path / "absent") == ()


def test_codename(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('NAME="X"\nVERSION_CODENAME=trixie\n')
    assert codename(tmp_path / "os-release") == "trixie"
    assert codename(tmp_path / "absent") == ""


def test_our_own_sources_name_one_suite() -> None:
    found = [Archive(uri="http://m.example/debian", signed_by="/k.gpg"), Archive(uri="http://n.example", signed_by="")]
    text = private_sources(found, "deb-src", "sid")
    assert [item.suites for item in parse_deb822(text)] == [("sid",), ("sid",)]
    assert text.count("Signed-By:") == 1
    assert "Types: deb-src\n" in text


def test_our_own_configuration_keeps_apt_in_its_directory() -> None:
    text = private_configuration(Path("/state"), ['Acquire::http::Proxy "http://p";'], AptHost(timeout=7, retries=1))
    assert 'Dir::State "/state";' in text
    assert 'Dir::Etc::sourceparts "/state/parts";' in text
    assert 'Acquire::http::Proxy "http://p";\n' in text
    assert 'Acquire::Retries "1";' in text
    assert text.endswith('Acquire::http::Timeout "7";\nAcquire::https::Timeout "7";\n')


def test_no_index_is_taken_unsigned() -> None:
    text = private_configuration(Path("/state"), [], AptHost())
    assert 'Acquire::AllowInsecureRepositories "false";' in text
    assert 'APT::Update::Error-Mode "any";' in text
    found = archives(parse_one_line("deb [trusted=yes] http://m/debian sid main"), "", "sid")
    assert "rusted" not in private_sources(found, "deb", "sid")


def test_files_of_source_and_binary_packages() -> None:
    text = f"""\
Package: zlib
Checksums-Sha256:
 {"a" * 64} 100 zlib_1.orig.tar.gz
 {"b" * 64} 10 zlib_1.dsc
Directory: pool/main/z/zlib
Files:
 abc 100 zlib_1.orig.tar.gz

Package: x11proto-dev
Filename: pool/main/x/xorgproto/x11proto-dev_1_all.deb
SHA256: {"c" * 64}
"""
    assert dict(listed_files(text)) == {
        "a" * 64: "pool/main/z/zlib/zlib_1.orig.tar.gz",
        "b" * 64: "pool/main/z/zlib/zlib_1.dsc",
        "c" * 64: "pool/main/x/xorgproto/x11proto-dev_1_all.deb",
    }


def test_a_host_without_apt_is_told(tmp_path: Path) -> None:
    place = AptPlace(package="zlib", version="1", file="f", suites=("trixie", "sid"))
    host = AptHost(etc=tmp_path, os_release=tmp_path / "x")
    apt = Apt(tmp_path, environ={"PATH": str(tmp_path)}, report=lambda _: None, host=host)
    attempts = list(apt.attempts(Form(file="f", sha256="0" * 64, size=1, apt=place)))
    assert [item.where for item in attempts] == ["package zlib of trixie (apt)", "package zlib of sid (apt)"]
    with pytest.raises(PlaceFailed, match="no apt"):
        attempts[0].download(tmp_path)


def test_a_suite_of_security_fixes_is_asked_where_the_host_names_a_mirror(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list"
    parts.write_text(ONE_LINE)
    apt = Apt(tmp_path, environ={}, report=lambda _: None, host=AptHost(etc=tmp_path, os_release=tmp_path / "x"))
    assert apt.suites_of(["sid", "trixie", "forky"]) == ("sid", "trixie", "trixie-security", "forky")
    parts.write_text("deb http://one.example/debian trixie main")
    other = Apt(tmp_path, environ={}, report=lambda _: None, host=AptHost(etc=tmp_path, os_release=tmp_path / "x"))
    assert other.suites_of(["trixie"]) == ("trixie",)


def test_a_form_without_package_is_not_asked_for(tmp_path: Path) -> None:
    apt = Apt(tmp_path, environ={}, report=lambda _: None)
    assert list(apt.attempts(Form(file="f", sha256="0" * 64, size=1))) == []
