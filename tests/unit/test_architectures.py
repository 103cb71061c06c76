"""Architectures: the catalog against its schema, the targets, and the names that other projects use."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.enums import ENUM_E_MACHINE

from setup_local.catalog import architectures
from setup_local.catalog.architectures import DIRECTORY, load_architecture
from setup_local.catalog.libraries import ARCH_WORDS, load_libraries
from setup_local.catalog.targets import load_targets
from setup_local.errors import CatalogError

NAMES = architectures.names()


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = (DIRECTORY / "x86_64.toml").read_text(encoding="utf-8")
    (tmp_path / "x86_64.toml").write_text(f"surprise = 1\n{text}", encoding="utf-8")
    with pytest.raises(CatalogError, match="surprise"):
        load_architecture("x86_64", tmp_path)


@pytest.mark.parametrize("wrong", ['""', '"x86"', '"X86;ARM"', '["X86"]'])
def test_a_name_that_llvm_cannot_have_is_refused(wrong: str, tmp_path: Path) -> None:
    text = (DIRECTORY / "x86_64.toml").read_text(encoding="utf-8")
    assert 'backend = "X86"' in text
    (tmp_path / "x86_64.toml").write_text(text.replace('backend = "X86"', f"backend = {wrong}"), encoding="utf-8")
    with pytest.raises(CatalogError, match="backend"):
        load_architecture("x86_64", tmp_path)


def test_an_architecture_is_named_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "z80.toml").write_text((DIRECTORY / "x86_64.toml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(CatalogError, match="the file is named z80"):
        load_architecture("z80", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_an_architecture_has_a_machine_of_elf_and_targets(name: str) -> None:
    arch = load_architecture(name)
    assert arch.machine in ENUM_E_MACHINE
    targets = [target for target in load_targets() if target.arch.name == arch.name]
    assert targets
    assert all(target.triple.startswith(f"{name}") for target in targets)


@pytest.mark.parametrize("name", NAMES)
def test_an_architecture_has_the_words_that_recipes_take_and_no_others(name: str) -> None:
    words = [word for item in load_libraries() for command in item.commands for word in command.argv]
    taken = {match[1] for word in words if (match := ARCH_WORDS.fullmatch(word))}
    assert set(load_architecture(name).recipes) == taken
