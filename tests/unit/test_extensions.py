from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from setup_local import paths
from setup_local.catalog.check import conditions_of, cross_check
from setup_local.catalog.cpython import (
    load_cpython,
)
from setup_local.catalog.extensions import Decision, Extension, Part, load_extensions
from setup_local.catalog.features import load_features
from setup_local.catalog.libraries import Library
from setup_local.catalog.load import schema
from setup_local.catalog.targets import load_targets
from setup_local.catalog.variants import load_variants
from setup_local.catalog.when import When
from setup_local.errors import CatalogError
from setup_local.values import Libc, LinkMode

TARGETS = [target for target in load_targets() if target.arch.name == "x86_64"]
FACTS = conditions_of(["3.13.5"], TARGETS, load_variants(), load_features())


def test_schema_and_enums_have_the_same_values() -> None:
    definitions = schema("extensions")["$defs"]
    assert definitions["decision"]["properties"]["link"]["enum"] == [item.value for item in LinkMode]
    assert definitions["when"]["properties"]["libc"]["enum"] == [item.value for item in Libc]
    assert schema("target")["properties"]["libc"]["enum"] == [item.value for item in Libc]


def test_the_catalog_is_read() -> None:
    names = {extension.name for extension in load_extensions()}
    assert {"_ssl", "_tkinter", "posix", "marshal", "nis", "_testcapi", "winreg"} <= names
    assert load_cpython().deps == "../deps"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[extensions]]\nname = "a"\nsource = ["a.c"]\n', "source"),
        ('[[extensions]]\nname = "a b"\n', "a b"),
        ('[[extensions]]\nname = "a"\nparts = [{ sources = ["a.c b.c"] }]\n', "a.c b.c"),
        ('[[extensions]]\nname = "a"\ndecisions = [{ link = "dynamic" }]\n', "dynamic"),
        ('[[extensions]]\nname = "a"\ndecisions = [{ link = "disabled" }]\n', "reason"),
        ("extensions = [\n", "cannot be read"),
    ],
)
def test_a_wrong_catalog_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "extensions.toml"
    path.write_text(text)
    with pytest.raises(CatalogError, match=message) as caught:
        load_extensions(path)
    assert str(path) in str(caught.value)


def test_a_target_is_named_as_its_file(tmp_path: Path) -> None:
    text = (paths.DATA / "targets" / "x86_64-unknown-linux-gnu.toml").read_text()
    (tmp_path / "other.toml").write_text(text)
    with pytest.raises(CatalogError, match="the file is named other"):
        load_targets(tmp_path)


def test_a_default_floor_must_be_one_of_the_floors(tmp_path: Path) -> None:
    text = (paths.DATA / "targets" / "x86_64-unknown-linux-gnu.toml").read_text()
    changed = text.replace('default-floor = "2.12"', 'default-floor = "2.11"')
    assert changed != text
    (tmp_path / "x86_64-unknown-linux-gnu.toml").write_text(changed)
    with pytest.raises(CatalogError, match="default-floor"):
        load_targets(tmp_path)


def library(name: str, *produces: str, needs: tuple[str, ...] = (), python: str = "") -> Library:
    return Library(
        name=name,
        source=name,
        versions="==1",
        commands=(),
        produces=produces,
        licenses=("Zlib",),
        license_files=(),
        needs=needs,
        when=When(python=python),
    )


def linked(name: str = "zlib", **changes: Any) -> Extension:
    part = Part(sources=("zlibmodule.c",), libraries=("zlib",), archives=("libz.a",))
    return dataclasses.replace(Extension(name=name, parts=(part,)), **changes)


def test_catalogs_that_fit_have_no_problem() -> None:
    assert cross_check([linked()], [library("zlib", "lib/libz.a")], FACTS) == []


@pytest.mark.parametrize(
    ("extension", "problem"),
    [
        (linked(parts=()), "zlib has no sources"),
        (linked(decisions=(Decision(link=LinkMode.DISABLED),)), "zlib is disabled without a reason"),
        (linked(when=When(targets=("*",))), "zlib does not give a reason for other targets (elsewhere)"),
        (
            linked(parts=(Part(sources=("a.c",), libraries=("zlib", "bzip2")),)),
            "zlib needs the library bzip2, which does not exist (Python 3.13.5 on x86_64-unknown-linux-gnu)",
        ),
        (
            linked(parts=(Part(sources=("a.c",), libraries=("zlib",), archives=("libq.a",)),)),
            "zlib links libq.a, which none of its libraries produces (Python 3.13.5 on x86_64-unknown-linux-gnu)",
        ),
    ],
)
def test_each_contradiction_is_found(extension: Extension, problem: str) -> None:
    assert problem in cross_check([extension], [library("zlib", "lib/libz.a")], FACTS)


def test_a_module_may_stand_twice_only_if_the_conditions_exclude_each_other() -> None:
    libraries = [library("zlib", "lib/libz.a")]
    old, new = linked(when=When(python="<3.12")), linked(when=When(python=">=3.12"))
    assert cross_check([old, new], libraries, FACTS) == []
    assert cross_check([linked(), new], libraries, FACTS) == [
        "zlib is listed twice (Python 3.13.5 on x86_64-unknown-linux-gnu)"
    ]


def test_a_library_that_nobody_needs_is_reported() -> None:
    libraries = [library("xproto"), library("zlib", "lib/libz.a", needs=("xproto",)), library("tiff")]
    libraries.append(dataclasses.replace(library("readline"), optional=True))
    assert cross_check([linked()], libraries, FACTS) == ["nothing needs the library tiff"]
