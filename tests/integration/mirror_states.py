"""States of a distribution's mirror: the index, the pool, damage, and the configuration of the host."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

from moving_mirror import SUITE, Archive, Keys, Server, processor, write_host
from world import World

from setup_local.catalog.sources import AptPlace, ArchiveKind, Form, Source, Trust
from setup_local.fetch import Fetcher
from setup_local.fetch.apt import AptHost
from setup_local.fetch.cache import sha256_of
from setup_local.sourcing import Supply, plan_with_sources
from setup_local.values import Request

ZLIB = "z/zlib"
GLIBC = "g/glibc"
LIBC = "2.41-12+deb13u4"
SIGNED, PINNED = Trust.SIGNED, Trust.PINNED


def tarball(top: str, word: str) -> bytes:
    """Return a tiny source archive; its bytes depend only on the arguments."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        member = tarfile.TarInfo(f"{top}/README")
        member.size = len(word)
        tar.addfile(member, io.BytesIO(word.encode()))
    return buffer.getvalue()


PINNED_TAR = tarball("zlib-1.3.1", "pinned")
NEWER_TAR = tarball("zlib-upstream-name", "newer")
NEWEST_TAR = tarball("zlib-1.3.3", "newest")
PINNED_DEB, NEWER_DEB = b"libc6, the pinned revision", b"libc6, a newer revision"


class Stage:
    """A host with apt, its configured mirrors, and a catalog in which only zlib and libc6 come from them."""

    def __init__(self, top: Path, keys: Keys, server: Server) -> None:
        self.served = top / "served"
        self.main = Archive(self.served / "debian", keys)
        self.second = Archive(self.served / "second", keys)
        self.fixes = Archive(self.served / "fixes", keys, f"{SUITE}-security", "updates/main")
        self.server = server
        self.world = World(top)
        self._pin("zlib", "1.3.1", self._zlib_form())
        self._pin("libc6", "2.41", self._libc_form())
        self.said: list[str] = []
        self._cache = top / "cache"
        self._etc = top / "etc"
        suites = {"debian": SUITE, "second": SUITE, "fixes": f"{SUITE}-security"}
        urls = {f"{server.url}/{name}": suite for name, suite in suites.items()}
        self._host = AptHost(etc=self._etc, os_release=write_host(self._etc, keys, urls), timeout=1, retries=0)

    def publish(self, **options: object) -> None:
        """Write the indexes of all archives."""
        for archive in (self.main, self.second, self.fixes):
            archive.publish(**options)  # type: ignore[arg-type]

    def supply(self, request: Request, *, locked: bool) -> Supply:
        """Plan a request and get its sources; all sources except zlib and libc6 are in a directory."""
        return plan_with_sources(request, self.world.catalogs, self.fetcher(), self.said.append, locked=locked)

    def fetcher(self) -> Fetcher:
        """Return the fetcher of a build on this host."""
        return Fetcher(
            self._cache,
            mirrors=(str(self.world.mirror),),
            report=self.said.append,
            environ=os.environ,
            apt_host=self._host,
        )

    def _pin(self, name: str, version: str, form: Form) -> None:
        self.world.lose(name)
        source = Source(name=name, version=version, forms=(form,))
        kept = [item for item in self.world.catalogs.sources.sources if item.name != name]
        sources = replace(self.world.catalogs.sources, sources=(*kept, source))
        self.world.catalogs = replace(self.world.catalogs, sources=sources)

    def _zlib_form(self) -> Form:
        file = "zlib_1.3.1.orig.tar.gz"
        place = AptPlace(package="zlib", version="1.3.1-1", file=file, suites=(SUITE,))
        return self._form("zlib-1.3.1.tar.gz", PINNED_TAR, place, ArchiveKind.TAR, "zlib-1.3.1")

    def _libc_form(self) -> Form:
        file = f"libc6_{LIBC}_{processor()}.deb"
        place = AptPlace(package="libc6", version=LIBC, file=file, suites=(SUITE,), source="glibc")
        return self._form(file, PINNED_DEB, place, ArchiveKind.DEB, "usr/lib")

    def _form(self, file: str, data: bytes, place: AptPlace, kind: ArchiveKind, root: str) -> Form:
        path = self.served / "scratch"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return Form(
            file=file, sha256=sha256_of(path), size=len(data), kind=kind, root=root, apt=place, unsigned="package"
        )


def pinned_is_listed(stage: Stage) -> Path:
    stage.main.binary("libc6", LIBC, PINNED_DEB, directory=GLIBC)
    return stage.main.source("zlib", "1.3.1-1", PINNED_TAR, directory=ZLIB)


def pinned_is_only_in_the_pool(stage: Stage) -> Path:
    return stage.main.file(ZLIB, "zlib_1.3.1.orig.tar.gz", PINNED_TAR)


def newer(stage: Stage, data: bytes = NEWER_TAR) -> Path:
    return stage.main.source("zlib", "1.3.2-1", data, directory=ZLIB)


def as_pinned(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.publish()


def new_revision(stage: Stage) -> None:
    stage.main.source("zlib", "1.3.1-2", PINNED_TAR, directory=ZLIB)
    stage.publish()


def new_version_and_the_old_file_stays(stage: Stage) -> None:
    pinned_is_only_in_the_pool(stage)
    newer(stage)
    stage.publish()


def file_of_security_fixes_stays(stage: Stage) -> None:
    stage.fixes.file(ZLIB, "zlib_1.3.1.orig.tar.gz", PINNED_TAR)
    stage.publish()


def another_mirror_keeps_the_file(stage: Stage) -> None:
    stage.second.file(ZLIB, "zlib_1.3.1.orig.tar.gz", PINNED_TAR)
    stage.publish()


def new_version(stage: Stage) -> None:
    newer(stage)
    stage.publish()


def new_version_of_security_fixes(stage: Stage) -> None:
    stage.fixes.source("zlib", "1.3.2-0+deb13u1", NEWER_TAR, directory=ZLIB)
    stage.publish()


def repacked(stage: Stage) -> None:
    stage.main.source("zlib", "1.3.1+dfsg-1", tarball("zlib-1.3.1", "repacked"), directory=ZLIB)
    newer(stage)
    stage.publish()


def index_ahead_of_the_pool(stage: Stage) -> None:
    newer(stage)
    stage.main.source("zlib", "1.3.3-1", NEWEST_TAR, directory=ZLIB).unlink()
    stage.publish()


def index_ahead_of_the_pool_with_nothing_else(stage: Stage) -> None:
    newer(stage).unlink()
    stage.publish()


def pinned_is_listed_and_missing(stage: Stage) -> None:
    pinned_is_listed(stage).unlink()
    newer(stage)
    stage.publish()


def only_a_pre_release(stage: Stage) -> None:
    stage.main.source("zlib", "1.3.2~rc1-1", NEWER_TAR, directory=ZLIB)
    stage.publish()


def only_a_version_that_the_recipe_does_not_take(stage: Stage) -> None:
    stage.main.source("zlib", "2.0-1", NEWER_TAR, directory=ZLIB)
    stage.publish()


def package_gone(stage: Stage) -> None:
    stage.publish()


def stale_index(stage: Stage) -> None:
    pinned_is_listed(stage).unlink()
    stage.main.file(ZLIB, "zlib_1.3.2.orig.tar.gz", NEWER_TAR)
    stage.publish()


def expired_but_pinned(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.publish(valid_days=-1)


def expired(stage: Stage) -> None:
    newer(stage)
    stage.publish(valid_days=-1)


def one_mirror_expired(stage: Stage) -> None:
    expired(stage)
    stage.second.source("zlib", "1.3.3-1", NEWEST_TAR, directory=ZLIB)
    stage.second.publish()


def no_expiry(stage: Stage) -> None:
    newer(stage)
    stage.publish(valid_days=None)


def wrong_signature_but_pinned(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.publish(signed_by="stranger")


def wrong_signature(stage: Stage) -> None:
    newer(stage)
    stage.publish(signed_by="stranger")


def no_signature_but_pinned(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.publish(signed_by="nobody")


def no_signature(stage: Stage) -> None:
    newer(stage)
    stage.publish(signed_by="nobody")


def changed_index(stage: Stage) -> None:
    newer(stage)
    stage.publish()
    index = stage.main.top / "dists" / SUITE / "main" / "source" / "Sources"
    index.write_bytes(index.read_bytes().replace(b"1.3.2-1", b"1.3.2-2"))


def no_index(stage: Stage) -> None:
    pinned_is_only_in_the_pool(stage)


def wrong_bytes(stage: Stage) -> None:
    pinned_is_listed(stage).write_bytes(bytes(len(PINNED_TAR)))
    newer(stage)
    stage.publish()


def wrong_bytes_everywhere(stage: Stage) -> None:
    wrong_bytes(stage)
    (stage.main.top / "pool" / "main" / ZLIB / "zlib_1.3.2.orig.tar.gz").write_bytes(bytes(len(NEWER_TAR)))


def too_short(stage: Stage) -> None:
    pinned_is_listed(stage).write_bytes(PINNED_TAR[:-9])
    newer(stage)
    stage.publish()


def too_long(stage: Stage) -> None:
    pinned_is_listed(stage).write_bytes(PINNED_TAR + bytes(9))
    newer(stage)
    stage.publish()


def wrong_bytes_in_one_mirror(stage: Stage) -> None:
    wrong_bytes(stage)
    another_mirror_keeps_the_file(stage)


def file_stalls(stage: Stage) -> None:
    pinned_is_listed(stage)
    newer(stage)
    stage.publish()
    stage.server.stalled.add("zlib_1.3.1")


def index_stalls(stage: Stage) -> None:
    pinned_is_only_in_the_pool(stage)
    stage.publish()
    stage.server.stalled.add("/dists/")
