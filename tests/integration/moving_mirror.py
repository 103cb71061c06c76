"""A mirror of a tiny distribution on loopback, signed with its own key, whose index and pool can disagree."""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

PROGRAMS = ("gpg", "gpgv", "apt-get", "apt-cache", "dpkg")
SUITE = "trixie"


class Keys:
    """OpenPGP keys in a directory; `keyring` contains only the first, which hosts trust."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="keys-"))  # gpg's socket needs a short path
        self._home.chmod(0o700)
        self.keyring = self._home / "trusted.gpg"
        for name in ("trusted", "stranger"):
            self._gpg("--quick-generate-key", f"{name}@example.org", "ed25519", "sign", "never")
        self._gpg("--output", str(self.keyring), "--export", "trusted@example.org")
        self.keyring.chmod(0o644)

    def sign(self, release: Path, target: Path, *, by: str) -> None:
        """Write a release file with an inline signature."""
        self._gpg("--local-user", f"{by}@example.org", "--output", str(target), "--clearsign", str(release))

    def close(self) -> None:
        """End gpg's agent and remove the keys."""
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def _gpg(self, *words: str) -> None:
        command = ["gpg", "--homedir", str(self._home), "--batch", "--yes", "--quiet", "--passphrase", ""]
        subprocess.run([*command, *words], check=True, capture_output=True)


class Archive:
    """One archive (`debian`): its pool, and the stanzas for its index."""

    def __init__(self, top: Path, keys: Keys, suite: str = SUITE, component: str = "main") -> None:
        self.top = top
        self._keys = keys
        self._suite = suite
        self._component = component
        self._stanzas: dict[str, list[str]] = {"source": [], "binary": []}

    def file(self, directory: str, name: str, data: bytes) -> Path:
        """Add a file to the pool."""
        path = self.top / "pool" / self._component / directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def source(self, package: str, version: str, data: bytes, *, directory: str) -> Path:
        """Add an original tarball to the pool and its package to the index; return its path."""
        upstream = version.rpartition("-")[0]
        path = self.file(directory, f"{package}_{upstream}.orig.tar.gz", data)
        checksum = f"{hashlib.sha256(data).hexdigest()} {len(data)} {path.name}"
        self._stanzas["source"].append(
            f"Package: {package}\nBinary: {package}\nVersion: {version}\nArchitecture: any\nFormat: 3.0 (quilt)\n"
            f"Directory: {path.parent.relative_to(self.top)}\n"
            f"Files:\n {hashlib.md5(data).hexdigest()} {len(data)} {path.name}\n"
            f"Checksums-Sha256:\n {checksum}\n"
        )
        return path

    def binary(self, package: str, version: str, data: bytes, *, directory: str) -> Path:
        """Add a binary package to the pool and the index; return its path."""
        path = self.file(directory, f"{package}_{version}_{processor()}.deb", data)
        self._stanzas["binary"].append(
            f"Package: {package}\nVersion: {version}\nArchitecture: {processor()}\nMaintainer: nobody\n"
            f"Description: tiny\nFilename: {path.relative_to(self.top)}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
        return path

    def publish(self, *, signed_by: str = "trusted", valid_days: float | None = 7) -> None:
        """Write the index, unsigned if `signed_by` is "nobody"; `valid_days` counts from now, None means no expiry."""
        dists = self.top / "dists" / self._suite
        lines = [f"Origin: Tiny\nSuite: {self._suite}\nCodename: {self._suite}\nComponents: main"]
        lines += [f"Architectures: {processor()}", f"Date: {_date(-30 if valid_days and valid_days < 0 else 0)}"]
        lines += [] if valid_days is None else [f"Valid-Until: {_date(valid_days)}"]
        lines.append("SHA256:")
        indexes = {"source/Sources": "source", f"binary-{processor()}/Packages": "binary"}
        for name, kind in indexes.items():
            data = "\n".join(self._stanzas[kind]).encode()
            path = dists / "main" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} main/{name}")
        release = dists / "Release"
        release.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if signed_by != "nobody":
            self._keys.sign(release, dists / "InRelease", by=signed_by)


class Server:
    """Serves a directory on loopback; paths in `stalled` get no answer until the server is closed."""

    def __init__(self, top: Path) -> None:
        self.stalled: set[str] = set()
        self.requests: list[str] = []
        self._closing = threading.Event()
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *words: object) -> None:
                super().__init__(*words, directory=str(top))  # type: ignore[arg-type]

            def do_GET(self) -> None:
                outer.requests.append(self.path)
                if any(word in self.path for word in outer.stalled):
                    outer._closing.wait(60)
                    self.close_connection = True
                    return
                super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(top: Path) -> Iterator[Server]:
    """Serve a directory while the block runs."""
    server = Server(top)
    try:
        yield server
    finally:
        server.close()


def write_host(etc: Path, keys: Keys, archives: dict[str, str]) -> Path:
    """Write the apt configuration of a host with these archives (URL: suite); return its os-release file."""
    parts = etc / "sources.list.d"
    parts.mkdir(parents=True)
    stanzas = [
        f"Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: main\nSigned-By: {keys.keyring}\n"
        for url, suite in archives.items()
    ]
    (parts / "tiny.sources").write_text("\n".join(stanzas), encoding="utf-8")
    os_release = etc / "os-release"
    os_release.write_text(f"VERSION_CODENAME={SUITE}\n", encoding="utf-8")
    return os_release


@functools.cache
def processor() -> str:
    """Return this machine's architecture by the distribution's name."""
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def _date(days: float) -> str:
    moment = datetime.fromtimestamp(time.time(), UTC) + timedelta(days=days)
    return format_datetime(moment).replace("+0000", "UTC")
