"""The real places: the distribution's packages through apt, wheels through pip; and processes that are killed."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup_local.catalog.sources import ArchiveKind, Form, Source, load_sources
from setup_local.errors import SourceError
from setup_local.fetch import Fetcher, unpack

ONE_FILE = """
import signal, sys
from pathlib import Path
from setup_local.catalog.sources import Form, Source
from setup_local.fetch import Fetcher
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
cache, url, sha256, size = sys.argv[1:]
form = Form(file="a.tar", sha256=sha256, size=int(size), urls=(url,))
fetcher = Fetcher(Path(cache), report=print, environ={})
print(fetcher.obtain(Source(name="a", version="1", forms=(form,))).path)
"""


def without_urls(source: Source, *kinds: ArchiveKind) -> Source:
    """Return a source with only those forms that a package registry has."""
    forms = tuple(dataclasses.replace(form, urls=()) for form in source.forms if form.kind in kinds and form.verified)
    return Source(name=source.name, version=source.version, forms=forms)


def obtain(source: Source, cache: Path, only: tuple[str, ...] = ()) -> Path:
    lines: list[str] = []
    fetcher = Fetcher(cache, report=lines.append, environ=os.environ)
    try:
        obtained = fetcher.obtain(source)
    except SourceError as error:
        pytest.skip(f"not reachable from here: {error}")
    assert "wrong bytes" not in "".join(lines)
    return unpack(obtained, cache / "tree", only=only)


needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="this host has no apt")


@needs_apt
def test_a_source_package(tmp_path: Path) -> None:
    tree = obtain(without_urls(load_sources().find("zlib", "1.3.1"), ArchiveKind.TAR), tmp_path)
    assert 'ZLIB_VERSION "1.3.1"' in (tree / "zlib.h").read_text()
    assert os.access(tree / "configure", os.X_OK)


@needs_apt
def test_a_binary_package_without_architecture(tmp_path: Path) -> None:
    tree = obtain(without_urls(load_sources().find("xcb-proto", "1.17.0"), ArchiveKind.DEB), tmp_path)
    assert (tree / "xproto.xml").is_file()


@needs_apt
def test_a_version_that_was_replaced_is_found_by_its_hash(tmp_path: Path) -> None:
    """The pinned package version is only informative: the hash decides."""
    source = without_urls(load_sources().find("bzip2", "1.0.8"), ArchiveKind.TAR)
    (form,) = source.forms
    assert form.apt is not None
    moved = dataclasses.replace(form, apt=dataclasses.replace(form.apt, version="0.0-gone", file="gone.tar.gz"))
    assert (obtain(Source(name="bzip2", version="1.0.8", forms=(moved,)), tmp_path) / "bzlib.h").is_file()


@needs_apt
def test_a_hash_that_no_package_has(tmp_path: Path) -> None:
    (form,) = without_urls(load_sources().find("bzip2", "1.0.8"), ArchiveKind.TAR).forms
    wrong = Form(file=form.file, sha256="0" * 64, size=form.size, apt=form.apt)
    fetcher = Fetcher(tmp_path, report=lambda _: None, environ=os.environ)
    with pytest.raises(SourceError, match=r"package bzip2 of trixie \(apt\): "):
        fetcher.obtain(Source(name="bzip2", version="1.0.8", forms=(wrong,)))


def test_a_wheel(tmp_path: Path) -> None:
    tree = obtain(without_urls(load_sources().find("ziglang", "0.17.0"), ArchiveKind.WHEEL), tmp_path, only=("zig",))
    version = subprocess.run([tree / "zig", "version"], capture_output=True, text=True, check=True).stdout
    assert version.strip() == "0.17.0"


class SlowServer:
    """Sends the first half of a file immediately and the rest when it is told to."""

    def __init__(self, data: bytes) -> None:
        self.proceed = threading.Event()
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                outer.proceed.wait(30)
                self.wfile.write(data[len(data) // 2 :])

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/a.tar"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


DATA = b"0123456789abcdef" * (1 << 16)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def slow() -> Iterator[SlowServer]:
    server = SlowServer(DATA)
    yield server
    server.proceed.set()
    server.server.shutdown()
    server.server.server_close()


def start(cache: Path, url: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", ONE_FILE, str(cache), url, SHA, str(len(DATA))]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_partial(cache: Path) -> Path:
    partial = cache / "sources" / ".partial" / SHA / "a.tar"
    deadline = time.monotonic() + 20
    while not (partial.is_file() and partial.stat().st_size):
        assert time.monotonic() < deadline, "no download began"
        time.sleep(0.02)
    return partial


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_in_the_middle(tmp_path: Path, slow: SlowServer, number: signal.Signals) -> None:
    process = start(tmp_path, slow.url)
    partial = wait_for_partial(tmp_path)
    process.send_signal(number)
    process.wait(20)
    assert not list((tmp_path / "sources").glob("[0-9a-f]*/*"))
    assert partial.exists() == (number == signal.SIGKILL)
    slow.proceed.set()
    second = start(tmp_path, slow.url)
    output, _ = second.communicate(timeout=20)
    assert second.returncode == 0, output
    assert Path(output.splitlines()[-1]).read_bytes() == DATA
    assert not list((tmp_path / "sources" / ".partial").iterdir())


def test_two_processes_fetch_a_file_once(tmp_path: Path, slow: SlowServer) -> None:
    first, second = start(tmp_path, slow.url), start(tmp_path, slow.url)
    wait_for_partial(tmp_path)
    slow.proceed.set()
    outputs = [process.communicate(timeout=20)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert slow.requests == 1
    assert {output.splitlines()[-1] for output in outputs} == {str(tmp_path / "sources" / SHA / "a.tar")}
