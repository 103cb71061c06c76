from __future__ import annotations

import pytest
from sample_distribution import binary

from setup_local.binfmt.ar import HEADER_SIZE, MAGIC, ArMember, BadArchive, members, raw_members


def _header(name: str, size: int) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{size:<10}".encode() + b"`\n"


def _library(*parts: tuple[str, bytes]) -> bytes:
    return MAGIC + b"".join(_header(name, len(data)) + data + b"\n" * (len(data) % 2) for name, data in parts)


def test_a_real_library_holds_its_object() -> None:
    (member,) = members(binary("libbundled.a"))
    assert member.name == "bundled.o"
    assert member.data == binary("bundled.o")


def test_indexes_and_name_tables_are_no_members() -> None:
    library = _library(
        ("/", b"index"), ("//", b"a_very_long_object_name.o/\nother.o/\n"), ("/0", b"one"), ("/27", b"two")
    )
    assert list(members(library)) == [
        ArMember(name="a_very_long_object_name.o", data=b"one", offset=library.index(b"one")),
        ArMember(name="other.o", data=b"two", offset=library.index(b"two")),
    ]


def test_names_of_microsofts_tools_end_with_a_zero() -> None:
    library = _library(
        ("/", b"index"), ("/", b"index"), ("//", b"a_directory\\one.obj\0two.obj\0"), ("/0", b"one"), ("/20", b"two")
    )
    assert [member.name for member in members(library)] == ["a_directory\\one.obj", "two.obj"]


def test_bsd_names_precede_the_data() -> None:
    library = _library(("#1/20", b"long name of file.o\0data"), ("__.SYMDEF", b""))
    assert list(members(library)) == [ArMember(name="long name of file.o", data=b"data", offset=library.index(b"data"))]


def test_indexes_are_there_for_who_wants_all_and_headers_take_other_sizes() -> None:
    library = _library(("/", b"index"), ("a.o/", b"one"))
    index, member = raw_members(library)
    assert (index.at, index.field, index.body) == (len(MAGIC), "/", b"index")
    assert (member.at, member.field, member.body) == (library.index(b"a.o/"), "a.o/", b"one")
    assert member.resized(17) == _header("a.o/", 17)
    assert len(member.resized(17)) == HEADER_SIZE


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"!<thin>\n", "thin"),
        (b"something", "not an ar archive"),
        (_library(("a.o/", b"data"))[:-2], "truncated"),
        (MAGIC + b"x" * 60, "no member header"),
        (MAGIC + _header("a.o/", 0).replace(b"0         `", b"zero      `"), "unreadable member header"),
        (_library(("/5", b"")), "unreadable member name"),
        (_library(("#1/x", b"")), "unreadable member name"),
    ],
)
def test_damaged_libraries_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(BadArchive, match=what):
        list(members(data))
