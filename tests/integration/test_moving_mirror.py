"""Builds while the distribution's mirror changes: the source that is used, its trust, and the messages.

Every case is run twice: by default, and with `--locked`, where only pinned sources may be used.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mirror_states as states
import pytest
from mirror_states import GLIBC, LIBC, NEWER_DEB, PINNED, PINNED_DEB, PINNED_TAR, SIGNED, ZLIB, Stage
from moving_mirror import PROGRAMS, SUITE, Keys, processor, serving

from setup_local.catalog.sources import Requirement, Source, Trust
from setup_local.errors import SourceError
from setup_local.fetch import unpack
from setup_local.sourcing import Supply
from setup_local.values import LlvmToolsChoice, Request


@dataclass(frozen=True, kw_only=True)
class Case:
    """One state of the mirrors: the version that is used, its trust and the messages, or the error's texts.

    With --locked, where the result differs: the reason why the pinned file was not available, and `outlook`, the
    version that the error reports as available without --locked (by default the one that is used then).
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
        """Return the error's texts with --locked, for the pinned file and the version available otherwise."""
        best = self.outlook or (self.takes if self.trust is SIGNED else "")
        if not best:
            return self.fails
        without = f"--locked allows only pinned sources; available without it: zlib-{best}: the signed index of "
        return ("zlib_1.3.1.orig.tar.gz", self.because, without)


GONE = ("zlib_1.3.1.orig.tar.gz (apt): ", "404")
TAKEN = f"using zlib-1.3.2 (signed, not pinned: the signed index of {SUITE} has the hash of zlib-1.3.2.tar.gz), as"
WRONG = "zlib-1.3.1.tar.gz has the wrong bytes: expected SHA-256"
NOT_VOUCHED = f"the index of {SUITE} cannot be used: "

CASES = [
    Case(state=states.as_pinned, takes="1.3.1", says=(f"zlib-1.3.1: 0.0 MB from package zlib of {SUITE} (apt)",)),
    Case(state=states.new_revision, takes="1.3.1", says=(f"zlib-1.3.1: 0.0 MB from package zlib of {SUITE} (apt)",)),
    Case(
        state=states.new_version_and_the_old_file_stays,
        takes="1.3.1",
        says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",),
    ),
    Case(
        state=states.file_of_security_fixes_stays, takes="1.3.1", says=("/fixes/pool/updates/main/z/zlib/zlib_1.3.1",)
    ),
    Case(state=states.another_mirror_keeps_the_file, takes="1.3.1", says=("/second/pool/main/z/zlib/zlib_1.3.1",)),
    Case(state=states.new_version, takes="1.3.2", trust=SIGNED, says=(TAKEN,)),
    Case(
        state=states.new_version_of_security_fixes,
        takes="1.3.2",
        trust=SIGNED,
        says=(f"the signed index of {SUITE}-security has the hash of zlib-1.3.2.tar.gz",),
    ),
    Case(
        state=states.repacked,
        takes="1.3.1",
        trust=SIGNED,
        says=("using zlib-1.3.1 (signed, not pinned: ", "has the hash of zlib_1.3.1+dfsg.orig.tar.gz"),
    ),
    Case(state=states.index_ahead_of_the_pool, takes="1.3.2", trust=SIGNED, says=(TAKEN,), outlook="1.3.3"),
    Case(
        state=states.index_ahead_of_the_pool_with_nothing_else,
        fails=(*GONE, "zlib-1.3.2: ", "zlib_1.3.2.orig.tar.gz (apt): 404 "),
        outlook="1.3.2",
    ),
    Case(state=states.pinned_is_listed_and_missing, takes="1.3.2", trust=SIGNED, says=(TAKEN,), because="(apt): 404 "),
    Case(state=states.only_a_pre_release, fails=GONE),
    Case(state=states.only_a_version_that_the_recipe_does_not_take, fails=GONE),
    Case(state=states.package_gone, fails=(*GONE, "no version of zlib has a file with this hash")),
    Case(state=states.stale_index, fails=GONE),
    Case(state=states.expired_but_pinned, takes="1.3.1"),
    Case(state=states.expired, fails=GONE, says=(f"{NOT_VOUCHED}its index expired on ",)),
    Case(
        state=states.one_mirror_expired,
        takes="1.3.3",
        trust=SIGNED,
        says=(f"the signed index of {SUITE} has the hash of zlib-1.3.3.tar.gz",),
    ),
    Case(state=states.no_expiry, takes="1.3.2", trust=SIGNED, says=(TAKEN,)),
    Case(
        state=states.wrong_signature_but_pinned, takes="1.3.1", says=("/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)
    ),
    Case(state=states.wrong_signature, fails=(*GONE, "not signed"), says=(NOT_VOUCHED, "not signed")),
    Case(state=states.no_signature_but_pinned, takes="1.3.1", says=("/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
    Case(state=states.no_signature, fails=(*GONE, "is not signed"), says=(NOT_VOUCHED, "is not signed")),
    Case(state=states.changed_index, fails=GONE, says=(NOT_VOUCHED,)),
    Case(state=states.no_index, takes="1.3.1", says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
    Case(state=states.wrong_bytes, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=states.wrong_bytes_everywhere, fails=(WRONG, "zlib-1.3.2: "), outlook="1.3.2"),
    Case(state=states.too_short, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=states.too_long, takes="1.3.2", trust=SIGNED, says=(TAKEN, WRONG), because=WRONG),
    Case(state=states.wrong_bytes_in_one_mirror, takes="1.3.1"),
    Case(state=states.file_stalls, takes="1.3.2", trust=SIGNED, says=(TAKEN,), because="Connection failed"),
    Case(state=states.index_stalls, takes="1.3.1", says=("/debian/pool/main/z/zlib/zlib_1.3.1.orig.tar.gz (apt)",)),
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
    """Plan a build in the state of a case, and check which source is used or the error's texts."""
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
    states.pinned_is_listed(stage)
    stage.main.binary("libc6", "2.41-12+deb13u5", NEWER_DEB, directory=GLIBC)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.publish()
    supply = stage.supply(OPTIMIZED, locked=False)
    had = supply.sources["libc6-2.41"]
    assert (had.source.trust, had.path.read_bytes()) == (SIGNED, NEWER_DEB)
    assert f"has the hash of libc6_2.41-12+deb13u5_{processor()}.deb" in "\n".join(stage.said)


def test_a_tools_package_that_is_gone_with_locked(stage: Stage) -> None:
    states.pinned_is_listed(stage)
    stage.main.binary("libc6", "2.41-12+deb13u5", NEWER_DEB, directory=GLIBC)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.publish()
    with pytest.raises(SourceError, match=r"available without it: libc6-2\.41: the signed index of trixie") as caught:
        stage.supply(OPTIMIZED, locked=True)
    assert caught.value.exit_code == 11


@pytest.mark.parametrize("version", ["2.41-12+deb13u3", "2.42-1"])
def test_neither_an_older_package_nor_another_version_of_a_tool(stage: Stage, version: str) -> None:
    states.pinned_is_listed(stage)
    (stage.main.top / "pool" / "main" / GLIBC / f"libc6_{LIBC}_{processor()}.deb").unlink()
    stage.main.binary("libc6", version, NEWER_DEB, directory=GLIBC)
    stage.publish()
    with pytest.raises(SourceError, match=r"libc6_2\.41-12\+deb13u4"):
        stage.supply(OPTIMIZED, locked=False)


def test_a_binary_package_lies_in_the_pool_under_its_source(stage: Stage) -> None:
    states.pinned_is_listed(stage)
    stage.publish()
    shutil.rmtree(stage.main.top / "dists")
    supply = stage.supply(OPTIMIZED, locked=True)
    assert supply.sources["libc6-2.41"].path.read_bytes() == PINNED_DEB
    assert f"/debian/pool/main/g/glibc/libc6_{LIBC.replace('+', '%2B')}" in "\n".join(stage.said)


def test_all_newer_versions_are_listed(stage: Stage) -> None:
    stage.main.source("zlib", "1.2-1", PINNED_TAR[:-1], directory=ZLIB)
    states.index_ahead_of_the_pool(stage)
    found = stage.fetcher().newer(Requirement(name="zlib"), stage.world.catalogs.sources)
    assert [(item.version, item.trust, item.forms[0].places[0].value) for item in found] == [
        ("1.3.3", SIGNED, "distribution"),
        ("1.3.2", SIGNED, "distribution"),
    ]
