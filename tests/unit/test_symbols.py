"""Hand-made symbol tables, with features that binaries from compilers lack."""

from __future__ import annotations

import struct

import pytest

from setup_local.binfmt import strings
from setup_local.binfmt.rows import form_of
from setup_local.binfmt.symbols import SymbolTable, read_symbols

FUNCTION, FILE, SECTION = 2, 4, 3
LOCAL, GLOBAL, WEAK = 0, 1, 2
HIDDEN = 2
NAMES = b"\0global\0weak\0hidden\0local\0file\0wanted\0maybe\0memcpy@@GLIBC_2.14\0caf\xc3\xa9\0bad\xc3\0"
ROWS = (
    ("global", FUNCTION | GLOBAL << 4, 0, 1),
    ("weak", WEAK << 4, 0, 2),
    ("hidden", FUNCTION | GLOBAL << 4, HIDDEN, 1),
    ("local", FUNCTION | LOCAL << 4, 0, 1),
    ("file", FILE, 0, 0xFFF1),
    ("file", SECTION, 0, 1),
    ("wanted", GLOBAL << 4, 0, 0),
    ("maybe", WEAK << 4, 0, 0),
    ("memcpy", FUNCTION | GLOBAL << 4, 0, 1),
    ("cpy@", FUNCTION | GLOBAL << 4, 0, 1),
    ("caf", GLOBAL << 4, 0, 1),
    ("bad", GLOBAL << 4, 0, 3),
)


def table(
    elf_class: int, order: str, rows: tuple[tuple[str, int, int, int], ...] = ROWS, names: bytes = NAMES
) -> bytes:
    packed = [bytes(24 if elf_class == 64 else 16)]
    for name, info, other, section in rows:
        at = names.index(name.encode())
        fields = (at, info, other, section, 0, 0) if elf_class == 64 else (at, 0, 0, info, other, section)
        packed.append(struct.pack(order + ("IBBHQQ" if elf_class == 64 else "IIIBBH"), *fields))
    return b"".join(packed)


def read(elf_class: int = 64, order: str = "<", names: bytes = NAMES, rows: object = ROWS, cut: int = 0) -> SymbolTable:
    data = table(elf_class, order, rows, NAMES) + names  # type: ignore[arg-type]
    size = len(data) - len(names)
    place = (size, len(names) - cut)
    hot = frozenset({3})
    return read_symbols(data, table=(0, size), names=place, form=form_of(elf_class, order), hot=hot, positions=True)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("elf_class", [32, 64])
@pytest.mark.parametrize("singly", [False, True])
def test_each_symbol_is_in_its_sets(
    elf_class: int, order: str, *, singly: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if singly:  # as for string tables that are disproportionately large
        monkeypatch.setattr(strings, "_OTHER_NAMES", -100)
    found = read(elf_class, order)
    assert found.globals == {"global", "memcpy", "cpy", "caf\u00e9", "bad\ufffd"}
    assert found.weak == {"weak"}
    assert found.hidden == {"hidden"}
    assert found.locals == {"local"}
    assert found.undefined == {"wanted", "maybe"}
    assert found.optional == {"maybe"}
    assert found.functions == {"global", "hidden", "local", "memcpy", "cpy"}
    assert found.hot == {"bad\ufffd"}
    assert found.defined_at == (
        (1, "global"),
        (2, "weak"),
        (9, "memcpy"),
        (10, "cpy"),
        (11, "caf\u00e9"),
        (12, "bad\ufffd"),
    )


def test_a_name_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="is not terminated"):
        read(cut=1)


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="is not terminated"):
        read(names=NAMES[:-1] + b"x" * (1 << 16) + b"\0")


def test_names_that_lie_over_each_other_are_refused_when_they_are_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "_MOST_BYTES", 20)
    with pytest.raises(ValueError, match="too long"):
        read()
