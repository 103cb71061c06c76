"""The order of places, and the behaviour when each of them fails."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from setup_local.catalog.sources import AptPlace, Form, Requirement, Source, Sources
from setup_local.errors import RequestError, SourceError
from setup_local.fetch import Fetcher, cache
from setup_local.fetch.apt import Apt
from setup_local.fetch.cache import SourceCache
from setup_local.fetch.discover import Discovery

DATA = b"the pinned bytes" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
OTHER = b"other bytes" * 1000


class Server:
    """A loopback server for `files` (by path) that counts requests, and can be slow or abort a transfer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.break_after: int | None = None
        self.delay = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                time.sleep(outer.delay)
                data = outer.files.get(self.path)
                if data is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: outer.break_after])

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture(autouse=True)
def no_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Apt, "attempts", lambda *_: iter(()))


def form(*urls: str, data: bytes = DATA, file: str = "a.tar.gz", size: int | None = None) -> Form:
    sha256 = hashlib.sha256(data).hexdigest()
    return Form(file=file, sha256=sha256, size=len(data) if size is None else size, urls=urls)


def source(*forms: Form, name: str = "a") -> Source:
    return Source(name=name, version="1", forms=forms)


def fetcher(root: Path, lines: list[str] | None = None, **options: object) -> Fetcher:
    report = (lambda _: None) if lines is None else lines.append
    environ = options.pop("environ", {})
    return Fetcher(root, report=report, environ=environ, **options)  # type: ignore[arg-type]


def leftovers(root: Path) -> list[Path]:
    return [path for path in (root / "sources" / ".partial").rglob("*") if path.exists()]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_download_is_kept_under_its_hash(server: Server, tmp_path: Path) -> None:
    server.files["/a.tar.gz"] = DATA
    lines: list[str] = []
    obtained = fetcher(tmp_path, lines).obtain(source(form(f"{server.url}/a.tar.gz")))
    assert obtained.path == tmp_path / "sources" / SHA / "a.tar.gz"
    assert obtained.path.read_bytes() == DATA
    assert lines == [f"a-1: 0.0 MB from {server.url}/a.tar.gz"]
    assert leftovers(tmp_path) == []


def test_the_cache_comes_first(server: Server, tmp_path: Path) -> None:
    server.files["/a.tar.gz"] = DATA
    pinned = source(form(f"{server.url}/a.tar.gz"))
    fetcher(tmp_path).obtain(pinned)
    fetcher(tmp_path).obtain(pinned)
    assert server.requests == ["/a.tar.gz"]


def test_a_later_form_in_the_cache_wins_over_the_network(server: Server, tmp_path: Path) -> None:
    first, second = form(f"{server.url}/other", data=OTHER, file="other"), form(f"{server.url}/a.tar.gz")
    server.files |= {"/other": OTHER, "/a.tar.gz": DATA}
    fetcher(tmp_path).obtain(source(second))
    assert fetcher(tmp_path).obtain(source(first, second)).form == second


def test_a_damaged_file_in_the_cache_is_replaced(server: Server, tmp_path: Path) -> None:
    server.files["/a.tar.gz"] = DATA
    pinned = source(form(f"{server.url}/a.tar.gz"))
    path = fetcher(tmp_path).obtain(pinned).path
    path.write_bytes(DATA[:-1] + b"!")
    assert fetcher(tmp_path).obtain(pinned).path.read_bytes() == DATA


def test_an_untouched_file_is_hashed_once(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["/a.tar.gz"] = DATA
    pinned = source(form(f"{server.url}/a.tar.gz"))
    path = fetcher(tmp_path).obtain(pinned).path
    hashed: list[Path] = []
    monkeypatch.setattr(cache, "verify", lambda path, _: hashed.append(path))
    fetcher(tmp_path).obtain(pinned)
    fetcher(tmp_path).obtain(pinned)
    assert hashed == [path]
    os.utime(path, (0, 0))
    fetcher(tmp_path).obtain(pinned)
    assert hashed == [path, path]


@pytest.mark.parametrize("name", ["a.tar.gz", f"{SHA}/a.tar.gz"])
def test_mirror_directories_come_before_upstream(server: Server, tmp_path: Path, name: str) -> None:
    mirror = tmp_path / "mirror"
    (mirror / name).parent.mkdir(parents=True)
    (mirror / name).write_bytes(DATA)
    got = fetcher(tmp_path, mirrors=(str(mirror),)).obtain(source(form(f"{server.url}/a.tar.gz")))
    assert got.path.read_bytes() == DATA
    assert server.requests == []


def test_a_mirror_url_from_the_environment(server: Server, tmp_path: Path) -> None:
    server.files[f"/mirror/{SHA}/a%2Bb.tar.gz"] = DATA
    environ = {"SETUP_LOCAL_MIRROR": f"{server.url}/mirror/"}
    got = fetcher(tmp_path, environ=environ).obtain(source(form(file="a+b.tar.gz")))
    assert got.path.name == "a+b.tar.gz"


def test_a_mirror_directory_with_a_space_in_the_environment(tmp_path: Path) -> None:
    mirror = tmp_path / "a mirror"
    mirror.mkdir()
    (mirror / "a.tar.gz").write_bytes(DATA)
    environ = {"SETUP_LOCAL_MIRROR": str(mirror)}
    assert fetcher(tmp_path, environ=environ, offline=True).obtain(source(form())).path.read_bytes() == DATA


def test_a_mirror_serves_any_form_before_upstream_is_asked_for_the_first(server: Server, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "second").write_bytes(DATA)
    pinned = source(form(f"{server.url}/other", data=OTHER, file="other"), form(file="second"))
    assert fetcher(tmp_path, mirrors=(str(mirror),)).obtain(pinned).form.file == "second"
    assert server.requests == []


def test_a_mirror_that_does_not_exist_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such directory"):
        fetcher(tmp_path, mirrors=(str(tmp_path / "absent"),))


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("http://[::1", "not a URL"),
        ("http://host:99999", "not a URL"),
        ("https://", "not an http"),
        ("file://[::1", "not a URL"),
        ("ftp://host/x", "no such directory"),
        ("~nobody-of-this-name/x", "no such directory"),
        ("x" * 5000, "no such directory"),
    ],
)
def test_a_mirror_in_the_environment_that_is_none_is_a_wrong_request(tmp_path: Path, named: str, what: str) -> None:
    with pytest.raises(RequestError, match=what) as caught:
        fetcher(tmp_path, environ={"SETUP_LOCAL_MIRROR": named})
    assert named in str(caught.value)
    assert "SETUP_LOCAL_MIRROR" in str(caught.value)


def test_wrong_bytes_are_told_and_the_next_place_is_tried(server: Server, tmp_path: Path) -> None:
    bad = DATA[:-1] + b"!"
    server.files |= {"/bad": bad, "/good": DATA}
    lines: list[str] = []
    got = fetcher(tmp_path, lines).obtain(source(form(f"{server.url}/bad", f"{server.url}/good")))
    assert got.path.read_bytes() == DATA
    assert "a.tar.gz has the wrong bytes" in lines[0]
    for fact in (f"{server.url}/bad", SHA, hashlib.sha256(bad).hexdigest()):
        assert fact in lines[0]


def test_wrong_bytes_never_reach_the_cache(server: Server, tmp_path: Path) -> None:
    server.files["/bad"] = OTHER
    with pytest.raises(SourceError):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/bad")))
    assert not list((tmp_path / "sources").glob("[0-9a-f]*/*"))
    assert leftovers(tmp_path) == []


def test_wrong_bytes_of_a_mirror_directory_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(OTHER)
    with pytest.raises(SourceError) as caught:
        fetcher(tmp_path, mirrors=(str(tmp_path),)).obtain(source(form()))
    assert f"{tmp_path}/a.tar.gz: a.tar.gz is truncated" in str(caught.value)


def test_a_truncated_download_is_no_download(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = DATA
    server.break_after = 100
    with pytest.raises(SourceError, match=f"truncated: 100 of {len(DATA)} bytes"):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/a")))


def test_a_download_that_never_ends_is_cut_off(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = DATA * 100
    with pytest.raises(SourceError, match=f"more than the pinned {len(DATA)} bytes"):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/a")))


def test_a_form_of_unknown_size_is_held_to_its_hash(server: Server, tmp_path: Path) -> None:
    server.files |= {"/a": DATA, "/b": OTHER}
    assert fetcher(tmp_path).obtain(source(form(f"{server.url}/a", size=0))).path.read_bytes() == DATA
    with pytest.raises(SourceError, match="wrong bytes"):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/a", data=b"x", size=0, file="b")))


def test_an_unreachable_host_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    real = socket.create_connection

    def counting(*arguments: object, **options: object) -> object:
        calls.append(arguments[0])
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", counting)
    base = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(SourceError) as caught:
        fetcher(tmp_path).obtain(source(form(f"{base}/1", f"{base}/2")))
    assert str(caught.value).count("127.0.0.1 cannot be reached: Connection refused") == 2
    assert len(calls) == 1


def test_the_error_lists_every_place_and_a_way_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    with pytest.raises(SourceError) as caught:
        fetcher(tmp_path, mirrors=(str(tmp_path / "mirror"),)).obtain(
            source(form(f"{server.url}/1", f"{server.url}/2"))
        )
    text = str(caught.value)
    assert text.startswith("a-1: a.tar.gz could not be obtained:\n")
    assert f"\n  {tmp_path}/mirror/a.tar.gz: does not exist\n" in text
    assert f"\n  {server.url}/1: HTTP 404 Not Found\n" in text
    assert f"\n  {server.url}/2: HTTP 404 Not Found\n" in text
    assert "--mirror" in text


def test_offline_asks_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = (source(form()),)
    monkeypatch.setattr(Discovery, "find", lambda *_: found)
    monkeypatch.setattr(Discovery, "newer", lambda *_: found)
    asked = (Requirement(name="a"), Sources(sources=()))
    assert fetcher(tmp_path).discover(*asked) == fetcher(tmp_path).newer(*asked) == found
    assert fetcher(tmp_path, offline=True).discover(*asked) == fetcher(tmp_path, offline=True).newer(*asked) == ()


def test_offline_asks_no_server(server: Server, tmp_path: Path) -> None:
    server.files |= {"/a": DATA, "/a.tar.gz": DATA}
    with pytest.raises(SourceError, match=r"run without --offline, .* or build with --source a=FILE"):
        fetcher(tmp_path, offline=True, mirrors=(server.url,)).obtain(source(form(f"{server.url}/a")))
    assert server.requests == []


def test_a_snapshot_is_asked_for_the_package_file(server: Server, tmp_path: Path) -> None:
    place = AptPlace(package="libxcb", version="1", file="libxcb_1.orig.tar.gz", suites=("s",))
    server.files["/2025/pool/main/libx/libxcb/libxcb_1.orig.tar.gz"] = DATA
    pinned = Form(file="libxcb-1.tar.gz", sha256=SHA, size=len(DATA), apt=place)
    environ = {"SETUP_LOCAL_SNAPSHOT": f"{server.url}/2025"}
    assert fetcher(tmp_path, environ=environ).obtain(source(pinned)).path.read_bytes() == DATA
    with pytest.raises(SourceError):
        fetcher(tmp_path / "other").obtain(source(pinned))


def test_a_proxy_of_the_environment_is_used(server: Server, tmp_path: Path) -> None:
    server.files["http://upstream.invalid/a"] = DATA
    environ = {"http_proxy": server.url}
    got = fetcher(tmp_path, environ=environ).obtain(source(form("http://upstream.invalid/a")))
    assert got.path.read_bytes() == DATA


def test_many_at_once_download_one_file_once(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = DATA
    server.delay = 0.2
    pinned = source(form(f"{server.url}/a"))
    workers = [fetcher(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda worker: worker.obtain(pinned).path.read_bytes(), workers))
    assert found == [DATA] * 4
    assert server.requests == ["/a"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    leftover = tmp_path / "sources" / ".partial" / SHA
    leftover.mkdir(parents=True)
    (leftover / "a.tar.gz").write_bytes(DATA[:10])
    fetcher(tmp_path)
    assert leftovers(tmp_path) == []


def test_what_a_running_process_writes_is_left_alone(tmp_path: Path) -> None:
    with SourceCache(tmp_path).writing(form()) as directory:
        (directory / "a.tar.gz").write_bytes(DATA[:10])
        fetcher(tmp_path)
        assert (directory / "a.tar.gz").is_file()


def test_a_file_found_by_the_one_who_waited_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    pinned = source(form(f"{server.url}/absent"))
    kept = SourceCache(tmp_path)
    path = kept.path(pinned.forms[0])
    path.parent.mkdir(parents=True)
    with ThreadPoolExecutor() as pool, kept.writing(pinned.forms[0]):
        waiting = pool.submit(fetcher(tmp_path).obtain, pinned)
        time.sleep(0.1)
        path.write_bytes(DATA)
    assert waiting.result().path == path
    assert server.requests == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_one_line(server: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SourceError, match="the cache cannot be written"):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/a")))


def test_a_cache_that_is_a_file_is_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "sources").write_text("in the way")
    with pytest.raises(SourceError, match="the cache cannot be written"):
        fetcher(tmp_path).obtain(source(form(f"{server.url}/a")))


def test_all_are_obtained_by_identity(server: Server, tmp_path: Path) -> None:
    server.files |= {"/a": DATA, "/b": OTHER}
    one, two = source(form(f"{server.url}/a")), source(form(f"{server.url}/b", data=OTHER, file="b"), name="b")
    found = fetcher(tmp_path).obtain_all([one, two])
    assert {identity: item.path.read_bytes() for identity, item in found.items()} == {"a-1": DATA, "b-1": OTHER}


def test_one_failure_fails_all_or_is_kept_beside_the_rest(server: Server, tmp_path: Path) -> None:
    server.files["/a"] = DATA
    good, bad = source(form(f"{server.url}/a")), source(form(f"{server.url}/b", data=OTHER), name="b")
    with pytest.raises(SourceError, match=r"^b-1"):
        fetcher(tmp_path).obtain_all([good, bad])
    outcomes = fetcher(tmp_path).try_all([bad, good])
    assert isinstance(outcomes["b-1"], SourceError)
    assert getattr(outcomes["a-1"], "path", None)


def test_an_interrupt_ends_what_is_running(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.delay = 0.2
    server.files["/a"] = DATA
    running = fetcher(tmp_path)

    def interrupted(_: Source) -> None:
        raise KeyboardInterrupt

    one = source(form(f"{server.url}/a", f"{server.url}/again"))
    real = running.obtain
    monkeypatch.setattr(running, "obtain", lambda item: real(item) if item.name == "a" else interrupted(item))
    with pytest.raises(KeyboardInterrupt):
        running.obtain_all([source(form(), name="b"), one])
    assert "/again" not in server.requests
    assert not list((tmp_path / "sources").glob("[0-9a-f]*/*"))
    with pytest.raises(SourceError, match="interrupted"):
        real(one)
