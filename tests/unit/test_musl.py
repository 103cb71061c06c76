"""musl: the catalog against its schema, the catalog's data in plans, and the loader that programs name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.binfmt.elf import build_id, read_elf
from setup_local.build import loader, musl, polyfill
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.musl import load_musl
from setup_local.catalog.sources import load_sources
from setup_local.catalog.targets import load_targets
from setup_local.errors import CatalogError, RequestError, StepError, ToolchainError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Libc, LinkMode, Request

ELF = Path(__file__).parent.parent / "binaries" / "elf"
TRIPLE = "x86_64-unknown-linux-musl"
TARGET = "/lib/ld-musl-x86_64.so.1"


def _plan(python: str = "3.13.5", options: str = "noopt") -> Plan:
    return resolve(Request(python=python, target_triple=TRIPLE, options=options), load_catalogs())


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = (paths.DATA / "musl.toml").read_text(encoding="utf-8")
    (tmp_path / "musl.toml").write_text(f"surprise = 1\n{text}", encoding="utf-8")
    with pytest.raises(CatalogError, match="surprise"):
        load_musl(tmp_path / "musl.toml")


def test_the_source_is_pinned_and_everything_that_decides_is_there() -> None:
    catalog = load_musl()
    assert load_sources().best(catalog.requirement).verified
    for path in musl.DATA:
        assert path.exists(), path
    for target in (item for item in load_targets() if item.libc is Libc.MUSL):
        assert "-linux-musl" in target.musl.triple


def test_every_processor_with_musl_has_unwind_tables_but_arm() -> None:
    catalog, architectures = load_musl(), {item.arch.name for item in load_targets() if item.libc is Libc.MUSL}
    without = {name for name in architectures if catalog.cflags_for(name) == catalog.cflags}
    assert without == set(catalog.unwind_tables.without) == {"armv7"}
    assert catalog.cflags_for("x86_64") == (*catalog.cflags, "-fasynchronous-unwind-tables")


def test_no_function_is_newer_twice_and_polyfilled_ones_have_their_source() -> None:
    catalog = load_musl()
    assert len(set(catalog.too_new)) == len(catalog.too_new)
    for name, source in catalog.polyfills:
        text = (polyfill.SOURCES / source).read_text(encoding="utf-8")
        assert re.search(rf"(ifdef|defined) POLYFILL_{name}\b", text)


def test_functions_that_the_oldest_musl_lacks_are_not_on_the_list_of_its_functions() -> None:
    lines = (paths.DATA / "policy" / "libc-functions-musl.txt").read_text(encoding="ascii").splitlines()
    listed = {line for line in lines if not line.startswith("#")}
    assert {"memcpy", "dlopen", "pthread_create", "log2"} <= listed
    assert listed.isdisjoint(load_musl().too_new)


def test_a_plan_for_musl_takes_its_source_and_promises_no_glibc() -> None:
    plan = _plan()
    assert plan.floor == ""
    assert [source.name for source in plan.sysroot_sources] == ["musl"]
    assert set(plan.sysroot_sources) <= set(plan.sources)
    assert resolve(Request(python="3.13.5"), load_catalogs()).sysroot_sources == ()
    with pytest.raises(RequestError, match="has no glibc"):
        resolve(Request(python="3.13.5", target_triple=TRIPLE, glibc="2.17"), load_catalogs())


@pytest.mark.parametrize("python", ["3.9.2", "3.11.2", "3.13.5", "3.15.2"])
def test_a_static_plan_has_nothing_shared_and_says_why_something_is_left_out(python: str) -> None:
    plan = _plan(python, "noopt+static")
    assert {item.link for item in plan.extensions} == {LinkMode.STATIC, LinkMode.DISABLED}
    links = {item.name: item for item in plan.extensions}
    assert links["_tkinter"].link is LinkMode.STATIC
    assert links["_ctypes"].link is LinkMode.STATIC
    assert "cpython-ctypes-static.toml" in {patch.name for patch in plan.python_patches}
    assert "shared" in links["_ctypes_test"].reason
    assert "_ctypes_test" in plan.left_out
    assert _plan(python).left_out == ()
    assert "-static" in plan.configure.ldflags
    assert "-static" not in _plan(python).configure.ldflags


def test_a_static_interpreter_is_optimized_but_not_laid_out_anew() -> None:
    plan = _plan(options="pgo+lto+static")
    assert plan.archive_stem.endswith("-musl-pgo+lto+static")
    assert plan.profiling is not None
    assert plan.configure.relayout is None
    assert _plan(options="pgo+lto").configure.relayout is not None


def test_only_programs_that_ask_for_a_loader_are_given_one(tmp_path: Path) -> None:
    assert loader.build_loader(_plan(), tmp_path) == tmp_path / "lib" / "ld-musl-x86_64.so.1"
    assert loader.build_loader(_plan(options="noopt+static"), tmp_path) is None
    assert loader.build_loader(resolve(Request(python="3.13.5"), load_catalogs()), tmp_path) is None
    assert loader.target_loader(_plan().target) == TARGET


def test_the_name_of_the_building_loader_has_one_length_wherever_it_lies(tmp_path: Path) -> None:
    names = [loader.padded(tmp_path / sub / "ld-musl-x86_64.so.1") for sub in ("a", "another/place")]
    assert len({len(name) for name in names}) == 1
    assert all(Path(name).parent.parent.name for name in names)
    with pytest.raises(ToolchainError, match="too long"):
        loader.padded(tmp_path / ("x" * 600))


def test_settings_for_building_name_target_sysroot_and_loader(tmp_path: Path) -> None:
    musl_loader = tmp_path / "ld-musl-x86_64.so.1"
    env = loader.building(musl_loader, _plan().target, tmp_path / "sysroot", tmp_path / "settings")
    lines = Path(*env.values(), "clang.cfg").read_text(encoding="utf-8").splitlines()
    wanted = f"-Wl,--dynamic-linker={loader.padded(musl_loader)}"
    assert lines == ["--target=x86_64-linux-musl", f"--sysroot={tmp_path / 'sysroot'}", wanted]


def test_a_rewritten_program_asks_for_the_other_loader_and_has_a_build_id_of_its_own() -> None:
    data = (ELF / "python-musl").read_bytes()
    rewritten = loader.with_loader(data, "/lib/ld.so")
    elf = read_elf(rewritten)
    assert elf.interpreter == "/lib/ld.so"
    assert (elf.needed, elf.exported) == (read_elf(data).needed, read_elf(data).exported)
    assert len(rewritten) == len(data)
    assert build_id(rewritten) != build_id(data)
    assert b"ld-musl" not in rewritten


def test_what_is_shipped_depends_on_no_place() -> None:
    """Two programs that differ only in the loader's path, and therefore in their build id, become identical."""
    data = (ELF / "python-musl").read_bytes()
    other = data.replace(TARGET.encode(), b"/opt/ld-musl-x86_64.so.1").replace(bytes.fromhex(build_id(data)), bytes(20))
    assert loader.with_loader(data, "/lib/ld.so") == loader.with_loader(other, "/lib/ld.so")


def test_only_programs_of_the_build_are_rewritten(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    shutil.copyfile(ELF / "python", tmp_path / "other")
    with pytest.raises(StepError, match="no program uses the loader"):
        loader.set_interpreter(tmp_path, Path("/nowhere/ld-musl-x86_64.so.1"), TARGET)
    assert (tmp_path / "other").read_bytes() == (ELF / "python").read_bytes()
