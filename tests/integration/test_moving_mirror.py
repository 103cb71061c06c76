"""What becomes of a build while the distribution's mirror moves on: which source is taken, who vouches, what is said.

Every case is run twice: as it is by default, and with `--locked`, where only pinned sources may be taken.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from moving_mirror import PROGRAMS, SUITE, Archive, Keys, Server, processor, serving, write_host
from world import World

from setup_local.catalog.sources import AptPlace, ArchiveKind, Form, Requirement, Source, Trust
from setup_local.errors import SourceError
from setup_local.fetch import Fetcher, unpack
from setup_local.fetch.apt import AptHost
from setup_local.fetch.cache import sha256_of
from setup_local.sourcing import Supply, plan_with_sources
from setup_local.values import LlvmToolsChoice, Request

ZLIB = "z/zlib"
GLIBC = "g/glibc"
LIBC = "2.41-12+deb13u4"
SIGNED, PINNED = Trust.SIGNED, Trust.PINNED


def tarball(top: str, word: str) -> bytes:
    """Return a tiny source archive; its bytes follow from the arguments."""
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
    """A host with apt, the mirrors that it knows, and a catalog in which zlib and libc6 come from them alone."""

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
        """Plan a request and get its sources; what is neither zlib nor libc6 is in a directory."""
        return plan_with_sources(request, self.world.catalogs, self.fetcher(), self.said.append, locked=locked)

    def fetcher(self) -> Fetcher:
        """Return what a build fetches with on this host."""
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


@dataclass(frozen=True, kw_only=True)
class Case:
    """One state of the mirrors: what is taken, who vouches and what is said, or what the error says.

    With --locked, where that makes a difference: why the pinned file was not had, and `outlook`, the version that the
    error names as what there is without it (by default that which is taken then).
    """

    state: Callable[[Stage], None]
    takes: str = ""
    trust: Trust = PINNED
    says: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    because: str = ""
    outlook: str = ""

    @property
    def fails_locked(self) -> tuple[str, ...]:
        """Return what the error with --locked says: `because` of the pinned file, and what there is without it."""
        best = self.outlook or (self.takes if self.trust is SIGNED else "")
        if not best:
            return self.fails
        without = f"--locked admits pinned sources only; without it there is zlib-{best}: the signed index of "
        return ("zlib_1.3.1.orig.tar.gz", self.because, without)


GONE = ("zlib_1.3.1.orig.tar.gz (apt): ", "404")
TAKEN = f"taking zlib-1.3.2 (signed, not pinned: the signed index of {SUITE} has the hash of zlib-1.3.2.tar.gz), as"
WRONG = "zlib-1.3.1.tar.gz has the wrong bytes: expected SHA-256"
NOT_VOUCHED = f"the index of {SUITE} vouches for nothing: "

CASES = [
    Case(state=as_pinned, takes="1.3.1", says=(f"zlib-1.3.1: 0.0 MB from package zlib of {SUITE} (apt)",)),
    Case(state=new_revision, takes="1.3.1", says=(f"zlib-1.3.1: 0.0 MB from package zlib of {SUITE} (apt)",)),
    Case(
        state=new_version_and_the_old_file_stays,
        takes="1.3.1",
        says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",),
    ),
    Case(state=file_of_security_fixes_stays, takes="1.3.1", says=("/fixes/pool/updates/main/z/zlib/zlib_1.3.1",)),
    Case(state=another_mirror_keeps_the_file, takes="1.3.1", says=("/second/pool/main/z/zlib/zlib_1.3.1",)),
    Case(state=new_version, takes="1.3.2", trust=SIGNED, says=(TAKEN,)),
    Case(
        state=new_version_of_security_fixes,
        takes="1.3.2",
        trust=SIGNED,
        says=(f"the signed index of {SUITE}-security has the hash of zlib-1.3.2.tar.gz",),
    ),
    Case(
        state=repacked,
        takes="1.3.1",
        trust=SIGNED,
        says=("taking zlib-1.3.1 (signed, not pinned: ", "has the hash of zlib_1.3.1+dfsg.orig.tar.gz"),
    ),
    Case(state=index_ahead_of_the_pool, takes="1.3.2", trust=SIGNED, says=(TAKEN,), outlook="1.3.3"),
    Case(
        state=index_ahead_of_the_pool_with_nothing_else,
        fails=(*GONE, "zlib-1.3.2: ", "zlib_1.3.2.orig.tar.gz (apt): 404 "),
        outlook="1.3.2",
    ),
    Case(state=pinned_is_listed_and_missing, takes="1.3.2", trust=SIGNED, says=(TAKEN,), because="(apt): 404 "),
    Case(state=only_a_pre_release, fails=GONE),
    Case(state=only_a_version_that_the_recipe_does_not_take, fails=GONE),
    Case(state=package_gone, fails=(*GONE, "no version of zlib has a file with this hash")),
    Case(state=stale_index, fails=GONE),
    Case(state=expired_but_pinned, takes="1.3.1"),
    Case(state=expired, fails=GONE, says=(f"{NOT_VOUCHED}its index expired on ",)),
    Case(
        state=one_mirror_expired,
        takes="1.3.3",
        trust=SIGNED,
        says=(f"the signed index of {SUITE} has the hash of zlib-1.3.3.tar.gz",),
    ),
    Case(state=no_expiry, takes="1.3.2", trust=SIGNED, says=(TAKEN,)),
    Case(state=wrong_signature_but_pinned, takes="1.3.1", says=("/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
    Case(state=wrong_signature, fails=(*GONE, "not signed"), says=(NOT_VOUCHED, "not signed")),
    Case(state=no_signature_but_pinned, takes="1.3.1", says=("/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
    Case(state=no_signature, fails=(*GONE, "is not signed"), says=(NOT_VOUCHED, "is not signed")),
    Case(state=changed_index, fails=GONE, says=(NOT_VOUCHED,)),
    Case(state=no_index, takes="1.3.1", says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
    Case(state=wrong_bytes, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=wrong_bytes_everywhere, fails=(WRONG, "zlib-1.3.2: "), outlook="1.3.2"),
    Case(state=too_short, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=too_long, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=wrong_bytes_in_one_mirror, takes="1.3.1"),
    Case(state=file_stalls, takes="1.3.2", trust=SIGNED, says=(TAKEN,), because="Connection failed"),
    Case(state=index_stalls, takes="1.3.1", says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
]


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.fail(f"{', '.join(missing)}: not there; scripts/install-test-requirements installs it on Debian")
    made = Keys()
    yield made
    made.close()


@pytest.fixture
def stage(tmp_path: Path, keys: Keys) -> Iterator[Stage]:
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as server:
        yield Stage(tmp_path, keys, server)


def zlib_of(supply: Supply) -> Source:
    (source,) = {source for source in supply.plan.sources if source.name == "zlib"}
    return source


def held(case: Case, stage: Stage, fails: tuple[str, ...], *, locked: bool) -> None:
    """Plan a build in the state of a case, and hold what is taken or what the error says."""
    case.state(stage)
    if fails:
        with pytest.raises(SourceError) as caught:
            stage.supply(Request(python="3.13.5"), locked=locked)
        assert caught.value.exit_code == 11
        assert [text for text in fails if text not in str(caught.value)] == [], str(caught.value)
    else:
        supply = stage.supply(Request(python="3.13.5"), locked=locked)
        source = zlib_of(supply)
        assert (source.version, source.trust) == (case.takes, case.trust)
        tree = unpack(supply.sources[source.identity], stage.served / "tree")
        assert (tree / "README").is_file()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.state.__name__)
def test_by_default(case: Case, stage: Stage) -> None:
    held(case, stage, case.fails, locked=False)
    lines = "\n".join(stage.said)
    assert [text for text in case.says if text not in lines] == [], lines
    assert ("signed, not pinned" in lines) == (case.trust is SIGNED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.state.__name__)
def test_locked(case: Case, stage: Stage) -> None:
    held(case, stage, case.fails_locked, locked=True)
    assert "signed, not pinned" not in "\n".join(stage.said)


OPTIMIZED = Request(python="3.13.5", options="pgo+lto", llvm_tools=LlvmToolsChoice.PACKAGES)


def test_a_tools_package_in_a_newer_revision(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.main.binary("libc6", "2.41-12+deb13u5", NEWER_DEB, directory=GLIBC)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.publish()
    supply = stage.supply(OPTIMIZED, locked=False)
    had = supply.sources["libc6-2.41"]
    assert (had.source.trust, had.path.read_bytes()) == (SIGNED, NEWER_DEB)
    assert f"has the hash of libc6_2.41-12+deb13u5_{processor()}.deb" in "\n".join(stage.said)


def test_a_tools_package_that_is_gone_with_locked(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.main.binary("libc6", "2.41-12+deb13u5", NEWER_DEB, directory=GLIBC)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.publish()
    with pytest.raises(SourceError, match=r"without it there is libc6-2\.41: the signed index of trixie") as caught:
        stage.supply(OPTIMIZED, locked=True)
    assert caught.value.exit_code == 11


@pytest.mark.parametrize("version", ["2.41-12+deb13u3", "2.42-1"])
def test_neither_an_older_package_nor_another_version_of_a_tool(stage: Stage, version: str) -> None:
    pinned_is_listed(stage)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.main.binary("libc6", version, NEWER_DEB, directory=GLIBC)
    stage.publish()
    with pytest.raises(SourceError, match=r"libc6_2\.41-12\+deb13u4"):
        stage.supply(OPTIMIZED, locked=False)


def test_a_binary_package_lies_in_the_pool_under_its_source(stage: Stage) -> None:
    pinned_is_listed(stage)
    stage.publish()
    shutil.rmtree(stage.main.top / "dists")
    supply = stage.supply(OPTIMIZED, locked=True)
    assert supply.sources["libc6-2.41"].path.read_bytes() == PINNED_DEB
    assert f"/debian/pool/main/g/glibc/libc6_{LIBC.replace('+', '%2B')}" in "\n".join(stage.said)


def test_all_newer_versions_are_listed(stage: Stage) -> None:
    stage.main.source("zlib", "1.2-1", PINNED_TAR[:-1], directory=ZLIB)
    index_ahead_of_the_pool(stage)
    found = stage.fetcher().newer(Requirement(name="zlib"), stage.world.catalogs.sources)
    assert [(item.version, item.trust, item.forms[0].places[0].value) for item in found] == [
        ("1.3.3", SIGNED, "distribution"),
        ("1.3.2", SIGNED, "distribution"),
    ]
