"""`setup-local fetch`: the right distribution is chosen, and only a file with the right bytes gets its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_fetch import Server, closed_port, server  # noqa: F401 - a fixture
from test_index import TRIPLE, full, reduced, written

from setup_local.archive_name import Flavor
from setup_local.commands.fetch import fetch as command
from setup_local.errors import OutputError, RequestError, SetupLocalError, SourceError
from setup_local.index.model import Index, parse_index
from setup_local.index.obtain import Wanted, choose, host_triple


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "SETUP_LOCAL_INDEX"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "dist"
    path.mkdir()
    for version in ("3.11.2", "3.13.5", "3.13.15", "3.14.0rc1"):
        full(path, version)
    full(path, "3.13.15", options="freethreaded+noopt")
    reduced(path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    reduced(path, f"cpython-3.13.5-{TRIPLE}-minimal.tar.gz")
    return written(path)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, words), "--target-triple", TRIPLE])


def failure(*words: str | Path) -> SetupLocalError:
    error = run(*words).exception
    assert isinstance(error, SetupLocalError), error
    return error


def served(server: Server, directory: Path) -> str:  # noqa: F811
    server.files = {f"/p/{path.name}": path.read_bytes() for path in directory.iterdir()}
    return f"{server.url}/p"


def chosen(directory: Path, version: str, flavor: Flavor | None = None, options: str | None = None) -> str:
    index = parse_index((directory / "versions.json").read_bytes(), where="x")
    wanted = Wanted(version=version, target_triple=TRIPLE, flavor=flavor, build_options=options)
    return choose(index, wanted, where="x").file


@pytest.mark.parametrize("version", ["3.13", "cpython-3.13", "3", ""])
def test_the_newest_final_release_is_chosen(directory: Path, version: str) -> None:
    assert chosen(directory, version) == f"cpython-3.13.15-{TRIPLE}-noopt-full.tar.zst"


def test_a_prerelease_must_be_named(directory: Path) -> None:
    assert "3.14.0rc1" in chosen(directory, "3.14.0rc1")
    with pytest.raises(RequestError, match=r"no 3\.14 x86_64"):
        chosen(directory, "3.14")


def test_flavours_have_an_order_and_can_be_named(directory: Path) -> None:
    assert chosen(directory, "3.13.5").endswith("-install_only.tar.gz")
    assert chosen(directory, "3.13.5", Flavor.FULL).endswith("-full.tar.zst")
    assert chosen(directory, "3.13.5", Flavor.MINIMAL).endswith("-minimal.tar.gz")
    assert "3.13.5" in chosen(directory, "3.13", Flavor.INSTALL_ONLY)


def test_build_options_can_be_named(directory: Path) -> None:
    assert "freethreaded" in chosen(directory, "3.13", options="freethreaded+noopt")


@pytest.mark.parametrize("version", ["3.1", "3.12", "2.7", "pypy-3.13", "3.13.1"])
def test_what_is_not_there_is_said_with_what_is(directory: Path, version: str) -> None:
    error = failure(version, "--index", directory)
    assert isinstance(error, RequestError)
    assert "3.11.2 x86_64-unknown-linux-gnu full" in str(error)


def test_an_empty_index_has_nothing() -> None:
    with pytest.raises(RequestError, match="available: nothing"):
        choose(Index(distributions=()), Wanted(version="3", target_triple=TRIPLE), where="x")


def test_a_directory_gives_without_network(directory: Path, tmp_path: Path) -> None:
    for index in (directory, f"file://{directory}", directory / "versions.json"):
        result = run("3.11", "--index", index, "--output", tmp_path / "out")
        path = Path(result.stdout.splitlines()[-1])
        assert path == tmp_path / "out" / f"cpython-3.11.2-{TRIPLE}-noopt-full.tar.zst"
        assert path.read_bytes() == (directory / path.name).read_bytes()
        assert list(path.parent.iterdir()) == [path]


def test_a_directory_gives_to_itself(directory: Path) -> None:
    before = sorted(directory.iterdir())
    assert run("3.11", "--index", directory, "--output", directory).exit_code == 0
    assert sorted(directory.iterdir()) == before


def test_a_server_gives_and_the_cache_remembers(server: Server, directory: Path, tmp_path: Path) -> None:  # noqa: F811
    url = served(server, directory)
    for _ in range(2):
        result = run("3.13.5", "--index", url, "--output", tmp_path / "out", "--flavor", "full")
        assert result.exit_code == 0, result.output
    assert server.requests.count(f"/p/cpython-3.13.5-{TRIPLE}-noopt-full.tar.zst") == 1


def test_wrong_bytes_get_no_name(server: Server, directory: Path, tmp_path: Path) -> None:  # noqa: F811
    url = served(server, directory)
    name = f"cpython-3.11.2-{TRIPLE}-noopt-full.tar.zst"
    good = server.files[f"/p/{name}"]
    for bad in (good[:-1], good[:-1] + b"x", good + b"more"):
        server.files[f"/p/{name}"] = bad
        assert isinstance(failure("3.11", "--index", url, "--output", tmp_path / "out"), SourceError)
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "cache").rglob(f"*{name}*")) == []


def test_a_broken_connection_gets_no_name(server: Server, directory: Path, tmp_path: Path) -> None:  # noqa: F811
    url = served(server, directory)
    index = server.files["/p/versions.json"]
    server.break_after = 1000
    assert isinstance(failure("3.11", "--index", url), SourceError)
    server.break_after = len(index)
    assert isinstance(failure("3.11", "--index", url, "--output", tmp_path / "out"), SourceError)
    assert not (tmp_path / "out").exists()


def test_a_changed_archive_of_a_directory_is_refused(directory: Path, tmp_path: Path) -> None:
    path = directory / f"cpython-3.11.2-{TRIPLE}-noopt-full.tar.zst"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "does not match the index" in str(failure("3.11", "--index", directory, "--output", tmp_path / "out"))
    path.unlink()
    assert "cannot be read" in str(failure("3.11", "--index", directory, "--output", tmp_path / "out"))


def test_an_index_that_is_not_there_is_one_line(server: Server, tmp_path: Path) -> None:  # noqa: F811
    assert "setup-local index DIR" in str(failure("3.11", "--index", tmp_path / "nowhere"))
    assert "HTTP 404" in str(failure("3.11", "--index", server.url))
    assert "cannot be reached" in str(failure("3.11", "--index", f"http://127.0.0.1:{closed_port()}"))


def test_a_server_cannot_name_files_of_this_machine(
    server: Server,  # noqa: F811
    directory: Path,
    tmp_path: Path,
) -> None:
    url = served(server, directory)
    document = json.loads(server.files["/p/versions.json"])
    for item in document["distributions"]:
        item["url"] = (directory / item["file"]).as_uri()
    server.files["/p/versions.json"] = json.dumps(document).encode()
    assert "not an http(s) URL" in str(failure("3.11", "--index", url, "--output", tmp_path / "out"))


def test_an_output_that_is_a_file_is_one_line(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert isinstance(failure("3.11", "--index", directory, "--output", tmp_path / "file" / "x"), OutputError)


def test_the_index_can_come_from_the_environment(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETUP_LOCAL_INDEX", str(directory))
    assert run("3.11", "--output", tmp_path / "out").exit_code == 0


def test_the_triple_of_a_host() -> None:
    assert host_triple("x86_64", "glibc") == TRIPLE
    assert host_triple("aarch64", "") == "aarch64-unknown-linux-musl"


@pytest.mark.parametrize(
    "index",
    [
        "",
        " ",
        "ftp://x",
        "data://x",
        "http://[::1",
        "http://host:99999",
        "http://host:abc",
        "http://host:0",
        f"http://{'h' * 300}",
        "http:///x",
    ],
)
def test_an_index_that_can_be_none_is_a_bad_request(index: str) -> None:
    error = failure("3.13", "--index", index)
    assert isinstance(error, RequestError)
    assert error.where == f"--index {index}"
    assert error.hint


def test_an_index_may_not_claim_gigabytes(directory: Path) -> None:
    path = directory / "versions.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for item in document["distributions"]:
        item["size"] = 1 << 40
    path.write_text(json.dumps(document), encoding="utf-8")
    assert "more than any archive" in str(failure("3.13", "--index", directory))


@pytest.mark.parametrize("url", ["a%00b", "../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://[::1"])
def test_a_place_that_is_none_is_one_line(url: str, directory: Path) -> None:
    path = directory / "versions.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for item in document["distributions"]:
        item["url"] = url
    path.write_text(json.dumps(document), encoding="utf-8")
    assert isinstance(failure("3.13", "--index", directory), SourceError)
