from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from setup_local.catalog.catalogs import load_catalogs
from setup_local.errors import CatalogError
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.plan.resolve import resolve
from setup_local.render import module_line, render, render_setup_local
from setup_local.values import LinkMode, Request, ToolchainChoice

EXTENSION = PlannedExtension(
    name="_dbm",
    link=LinkMode.STATIC,
    sources=("_dbmmodule.c",),
    includes=("Modules/_dbm", "deps:include"),
    defines=("USE_BERKDB",),
    cflags=("-fwrapv",),
    libraries=("berkeley-db",),
    archives=("libdb.a",),
    system=("pthread",),
)


def plan(python: str) -> Plan:
    request = Request(
        python=python, target_triple="x86_64-unknown-linux-gnu", glibc=None, toolchain=ToolchainChoice.AUTO
    )
    return resolve(request, load_catalogs())


def test_only_the_link_of_a_shared_module_has_flags_of_its_own() -> None:
    extension = dataclasses.replace(EXTENSION, link=LinkMode.SHARED, ldflags=("-Wl,-Bsymbolic",))
    assert module_line(extension).endswith(" -Wl,-Bsymbolic")
    assert "-Wl" not in module_line(dataclasses.replace(extension, link=LinkMode.STATIC))


def test_a_line_has_its_words_in_the_order_of_makesetup() -> None:
    assert module_line(EXTENSION) == (
        "_dbm _dbmmodule.c -I$(srcdir)/Modules/_dbm -I$(DEPS)/include -DUSE_BERKDB -fwrapv"
        " $(DEPS)/lib/libdb.a -lpthread"
    )


def test_flags_that_makesetup_cannot_read_go_to_a_make_variable() -> None:
    extension = dataclasses.replace(EXTENSION, defines=("VERSION=5", "USE_BERKDB"), cflags=("-Wno-unused", "-std=c11"))
    assert " -DUSE_BERKDB $(EXTENSION__DBM_CFLAGS) " in module_line(extension)
    assert "=" not in module_line(extension)
    text = render_setup_local(dataclasses.replace(plan("3.13.5"), extensions=(extension,)))
    assert "\nEXTENSION__DBM_CFLAGS=-DVERSION=5 -Wno-unused -std=c11\n" in text


def test_a_source_that_several_built_in_modules_need_is_compiled_with_the_first() -> None:
    first, second = (dataclasses.replace(EXTENSION, name=name, sources=(f"{name}.c", "both.c")) for name in ("a", "b"))
    third = dataclasses.replace(second, name="c", link=LinkMode.SHARED)
    lines = render_setup_local(dataclasses.replace(plan("3.13.5"), extensions=(first, second, third))).splitlines()
    words = {line.split()[0]: line.split()[1:3] for line in lines if line.split()[:1] in (["a"], ["b"], ["c"])}
    assert words["a"] == ["a.c", "both.c"]
    assert words["b"] == ["b.c", "-I$(srcdir)/Modules/_dbm"]
    assert words["c"] == ["b.c", "both.c"]


def kind_of(word: str) -> str:
    """Classify a word with the patterns of CPython's makesetup, in its order."""
    patterns = [
        (r"-[IDUCfF].*", "compiler"),
        (r"-[A-Zl].*", "linker"),
        (r".*\.a", "linker"),
        (r".*\.[cC]", "source"),
        (r"\$\(.*_CFLAGS\)", "compiler"),
        (r"\$.*", "both"),
        (r".*\..*", "bad"),
        (r"[a-zA-Z_].*", "module"),
    ]
    return next((kind for pattern, kind in patterns if re.fullmatch(pattern, word)), "bad")


def test_makesetup_understands_each_word() -> None:
    kinds = [kind_of(word) for word in module_line(EXTENSION).split()]
    assert kinds == ["module", "source", "compiler", "compiler", "compiler", "compiler", "linker", "linker"]


@pytest.mark.parametrize("python", ["3.9.2", "3.10.22", "3.11.2", "3.12.15", "3.13.15", "3.14.10", "3.15.2"])
def test_makesetup_understands_every_line(python: str) -> None:
    given = plan(python)
    seen: list[str] = []
    tag = LinkMode.STATIC.value
    sections: dict[str, str] = {}
    for line in render_setup_local(given).splitlines():
        if not line or line.startswith("#") or re.match(r"\w+=", line):
            continue
        if line.startswith("*"):
            tag = line.strip("*")
            continue
        assert "=" not in line
        kinds = [kind_of(word) for word in line.split()]
        assert kinds.count("module") == 1
        assert kinds[0] == "module"
        assert not {"bad", "both"} & set(kinds)
        seen.append(line.split()[0])
        sections[seen[-1]] = tag
    expected = {item.name: item.link.value for item in given.extensions if not item.in_core}
    assert sections == expected
    assert len(seen) == len(set(seen))


def test_no_absolute_path_is_written() -> None:
    assert not re.search(r"(^|[\s=:])/", render_setup_local(plan("3.13.5")))


def test_reasons_and_absent_modules_are_told() -> None:
    text = render_setup_local(plan("3.13.5"))
    assert "# Left out: gdbm is under the GPL" in text
    assert "#   winreg: calls the Windows API" in text


def test_a_name_that_nobody_gives_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("{{ nobody }}")
    with pytest.raises(CatalogError, match="nobody"):
        render("a.j2", {}, tmp_path)


def test_an_unknown_template_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"a\.j2"):
        render("a.j2", {}, tmp_path)


def test_data_for_run_time_is_no_library_that_is_linked() -> None:
    """The text is an input of CPython's build: newer certificates must not change it."""
    decided = plan("3.13.5")
    assert {"certifi", "tzdata"} <= {item.name for item in decided.libraries if item.library.is_data}
    text = render_setup_local(decided)
    assert "With openssl" in text
    assert "certifi" not in text
    assert "tzdata" not in text
