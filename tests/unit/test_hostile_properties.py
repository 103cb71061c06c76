"""For any generated input, reading ends in one of the documented ways, with printable text."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from hostile_archives import described, extended, gz, header
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_distribution import NAME, SHARED, Sample, binary

from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.model import Finding
from setup_local.audit.policy import load_policy
from setup_local.audit.safe_archive import read_safe_members
from setup_local.audit.safety import Gate
from setup_local.audit.validate import audit_paths, validate_archive
from setup_local.binfmt.elf import BadElf, read_elf
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import SectionRow
from setup_local.errors import ArchiveError, DescriptionError, RequestError
from setup_local.printable import printable, printable_lines

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
PARTS = st.sampled_from(
    ["python", "install", "bin", "python3", "..", ".", "", "lib", "x", "é", "\n", "\\", "python3.13"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=6).map("/".join)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.CONTTYPE, b"Z", b"S"]
)
NUMBERS = st.sampled_from(["0", "-1", "512", "1e9", "nan", "99999999999999", "", "0x10", "1.5", " 1", "१"])
KEYS = st.sampled_from(["path", "linkpath", "size", "mtime", "uid", "gid", "uname", "comment", "GNU.sparse.major"])
RECORDS = st.dictionaries(KEYS, st.one_of(NUMBERS, PATHS), max_size=3)
HEADERS = st.builds(header, PATHS, st.integers(0, 2048), KINDS, PATHS)
BLOCKS = st.one_of(HEADERS, RECORDS.map(extended), st.binary(max_size=64).map(extended), st.just(bytes(512)))
FIELDS = st.sampled_from(SectionRow._fields)
VALUES = st.one_of(st.integers(0, 64), st.sampled_from([1 << 16, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1]))


def _refusal(action: Callable[[], object], *kinds: type[Exception]) -> Exception | None:
    """Perform an action that may raise errors of some kinds; return such an error."""
    try:
        action()
    except kinds as error:
        return error
    return None


def _read(path: Path) -> None:
    for _, read in read_safe_members(path):
        read()


def _ends(path: Path) -> None:
    """Check that the validator and the gate end as documented, and agree about what is unsafe."""
    unsafe = _refusal(lambda: _read(path), ArchiveError)
    found: list[Finding] = []
    error = _refusal(lambda: found.extend(validate_archive(path).walk()), ArchiveError, DescriptionError)
    assert str(unsafe).isprintable()
    assert str(error).isprintable()
    assert unsafe or not isinstance(error, ArchiveError)
    assert not unsafe or error or found
    assert all(item.where for item in found)


@SLOW
@given(st.lists(BLOCKS, max_size=6))
def test_members_of_any_kind_in_any_order(blocks: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, NAME)
        path.write_bytes(gz(described(*blocks)))
        _ends(path)


@SLOW
@given(st.binary(max_size=4096))
def test_any_content_of_a_compressed_archive(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, NAME)
        path.write_bytes(gz(data))
        _ends(path)


@SLOW
@given(st.lists(st.tuples(PATHS, PATHS), max_size=6))
def test_links_that_the_gate_accepts_stay_inside(links: list[tuple[str, str]]) -> None:
    """Create the links, and follow them."""
    gate = Gate()
    members = [
        Member(
            name=f"python/{name}",
            kind=MemberKind.SYMLINK,
            size=0,
            mode=0o777,
            mtime=0,
            uid=0,
            gid=0,
            uname="",
            gname="",
            target=target,
        )
        for name, target in links
    ]
    if [breach for member in members for breach in gate.admit(member)] or list(gate.finish()):
        return
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve() / "python"
        root.mkdir()
        for name, target in links:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(target)
        for name, _ in links:
            assert (root / name).resolve().is_relative_to(root)


@SLOW
@given(
    st.sampled_from(["good.so", "newer.so", "python"]),
    st.lists(st.tuples(st.integers(0, 40), FIELDS, VALUES), min_size=1, max_size=4),
)
def test_sections_of_any_kind_hide_nothing(name: str, changes: list[tuple[int, str, int]]) -> None:
    """Either the file is refused, or the facts that a loader reads are unchanged."""
    good = binary(name)
    file, body = read_layout(good), bytearray(good)
    rows = list(file.sections)
    for number, field, value in changes:
        row = rows[number % len(rows)]
        limit = (1 << 32) - 1 if field in ("name", "kind", "link", "info") else (1 << 64) - 1
        rows[number % len(rows)] = row._replace(**{field: min(value, limit)})
    table = file.pack_sections(rows)
    body[file.header.sections_at : file.header.sections_at + len(table)] = table
    if _refusal(lambda: read_elf(bytes(body)), BadElf):
        return
    elf, before = read_elf(bytes(body)), read_elf(good)
    assert elf.linked
    assert (elf.needed, elf.version_needs, elf.rpaths) == (before.needed, before.version_needs, before.rpaths)
    assert elf.exported == before.exported


@SLOW
@given(st.integers(0, 1200), st.binary(min_size=1, max_size=8))
def test_a_changed_module_is_validated(at: int, data: bytes) -> None:
    sample = Sample()
    good = binary("good.so")
    sample.file(SHARED).data = good[:at] + data + good[at + len(data) :]
    with tempfile.TemporaryDirectory() as directory:
        _ends(sample.write(Path(directory)))
        place = Path(directory, "module.so")
        place.write_bytes(sample.file(SHARED).data)
        policy = load_policy("x86_64-unknown-linux-gnu")
        assert str(_refusal(lambda: audit_paths([place], policy), RequestError)).isprintable()


@given(st.text())
def test_displayed_text_is_printable(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable_lines(text).split("\n")) == len(text.split("\n"))
