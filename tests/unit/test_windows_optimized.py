"""Optimized builds for Windows: commands that compile and link, and checks that the result is optimized."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from corruptions import Breach, Corruption, broken, every, refused
from corruptions import put as put_bytes
from sample_distribution import Sample
from sample_steps import steps_of
from sample_windows import TRIPLE, binary, put, windows
from test_windows_core import COMPILER

from setup_local.binfmt.coff import HOT, read_coff
from setup_local.binfmt.linker_map import read_linker_map
from setup_local.build.optimized import LOOP
from setup_local.build.windows.cpython import CoreBuild, cpython_commands
from setup_local.build.windows.optimized import check_linked, check_objects, check_result
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.windows import PLAIN, WindowsModule, WindowsNames, load_windows
from setup_local.errors import OptimizationError, RequestError
from setup_local.pipeline import profile_request
from setup_local.plan.resolve import resolve
from setup_local.values import BuildOption, Counters, Request

CATALOG = load_windows()
BOTH = (BuildOption.PGO, BuildOption.LTO)
FLAGS = CATALOG.optimizing.flags(BOTH, "../p/x.profdata")
PROFILE = b"\xfflprofi\x81" + bytes(8) + LOOP.encode()
MAP = """ python313

 Start         Length     Name                   Class
 0001:00000000 00000035H .text$hot$_PyEval_EvalFrameDefault CODE
 0001:00000040 00000010H .text$Py_Main           CODE

  Address         Publics by Value              Rva+Base               Lib:Object

 0001:00000000       _PyEval_EvalFrameDefault   0000000180001000     python313.dll.lto.Python_ceval.c.obj
 0001:00000040       Py_Main                    0000000180001040     python313.dll.lto.Modules_main.c.obj
 0001:00000060       helper.llvm.2009671178179198710 0000000180001060     python313.dll.lto.Modules_main.c.obj
 0003:00000000       Py_Initialized             0000000180003000     python313.dll.lto.Modules_main.c.obj
"""
PLAIN_MAP = MAP.replace("$hot$", "$").replace(".llvm.", "_")


def _commands(tmp_path: Path, *, optimized: bool) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return words and answers (`Command`) of the commands that build a small CPython, by their first output."""
    (tmp_path / "PCbuild").mkdir()
    projects = CATALOG.projects
    for name in (projects.frozen, projects.core, projects.forwarder, "_x", "_y"):
        text = rf'<Project><ItemGroup><ClCompile Include="..\Modules\{name}.c" /></ItemGroup></Project>'
        (tmp_path / "PCbuild" / f"{name}.vcxproj").write_text(text, encoding="utf-8")
    modules = (WindowsModule(name="_x"), WindowsModule(name="_y", is_shared=True))
    build = CoreBuild(
        tree=tmp_path,
        names=WindowsNames(version=(3, 13, 5), port=CATALOG.ports["x86_64"]),
        compiler=COMPILER,
        catalog=dataclasses.replace(CATALOG, modules=modules, programs=()),
        deps="deps",
        python="python3",
        optimizing=FLAGS if optimized else PLAIN,
    )
    return {item.outputs[0]: (item.words, item.answers) for item in cpython_commands(build)}


def test_options_have_their_flags() -> None:
    assert FLAGS.cflags[0] == "-fprofile-use=../p/x.profdata"
    assert "-flto=thin" in FLAGS.lto
    assert CATALOG.optimizing.flags((), "x") == PLAIN
    assert CATALOG.optimizing.flags((BuildOption.PGO,), "x").lto == ()


def test_objects_for_the_link_time_optimizer_are_compiled_in_addition(tmp_path: Path) -> None:
    commands = _commands(tmp_path, optimized=True)
    for module in ("core/Modules_pythoncore", "_x/Modules__x"):
        plain, bitcode = (commands[f"{place}/{module}.c.o"][0] for place in ("objects", "bitcode"))
        assert {*FLAGS.cflags, *FLAGS.lto} <= set(bitcode)
        assert set(FLAGS.cflags) <= set(plain)
        assert not set(FLAGS.lto) & set(plain)
        assert set(CATALOG.code.builtin) <= set(bitcode) or module.startswith("core/")
    linked = commands["products/python313.dll"][1]
    assert {"bitcode/core/Modules_pythoncore.c.o", "bitcode/_x/Modules__x.c.o", *FLAGS.lto_ldflags} <= set(linked)
    assert "/map:products/python313.map" in linked
    assert not [word for word in linked if word.startswith("objects/") and word.endswith(".c.o")]
    words, answers = (*commands["objects/_y/Modules__y.c.o"][0],), commands["products/_y.pyd"][1]
    assert not {*FLAGS.cflags, *FLAGS.lto, *FLAGS.lto_ldflags} & {*words, *answers}


def test_a_plain_build_has_one_kind_of_objects_and_no_map(tmp_path: Path) -> None:
    commands = _commands(tmp_path, optimized=False)
    assert not [name for name in commands if name.startswith("bitcode/")]
    assert not [word for _, answers in commands.values() for word in answers if word.startswith("/map")]


def _tree(
    tmp_path: Path, *, objects: str = "core-profiled.obj", bitcode: str = "core-bitcode.obj", text: str = MAP
) -> Path:
    for place, name in (("objects", objects), ("bitcode", bitcode)):
        if name:
            (tmp_path / place / "core").mkdir(parents=True)
            for source in ("Python_ceval", "Modules__x"):
                (tmp_path / place / "core" / f"{source}.c.o").write_bytes(binary(name))
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "python313.map").write_text(text)
    return tmp_path


def test_an_optimized_result_is_accepted(tmp_path: Path) -> None:
    check_result(_tree(tmp_path), BOTH)
    check_result(tmp_path / "nothing", ())


@pytest.mark.parametrize(
    ("objects", "bitcode", "text", "message"),
    [
        ("core.obj", "core-bitcode.obj", MAP, "no object defines"),
        ("core-profiled.obj", "", MAP, "no objects for the link-time optimizer"),
        ("core-profiled.obj", "core.obj", MAP, "compiled without code for the link-time optimizer"),
        ("core-profiled.obj", "core-bitcode.obj", PLAIN_MAP, "linked without the profile"),
        ("core-profiled.obj", "core-bitcode.obj", MAP.replace(".llvm.", "_"), "without the link-time optimizer"),
    ],
)
def test_results_that_are_not_optimized_are_refused(
    objects: str, bitcode: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(OptimizationError, match=message):
        check_result(_tree(tmp_path, objects=objects, bitcode=bitcode, text=text), BOTH)


def test_code_only_for_the_link_time_optimizer_is_refused(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    (tree / "bitcode" / "core" / "more.c.o").write_bytes(binary("core-bitcode.obj"))
    with pytest.raises(OptimizationError, match="only for the link-time optimizer"):
        check_result(tree, BOTH)


def test_objects_without_a_profile_or_with_counters_are_refused() -> None:
    image = read_coff(binary("core-profiled.obj"))
    assert image.symbols.hot == {LOOP, "often"}
    with pytest.raises(OptimizationError, match=re.escape(HOT)):
        check_objects({"a.o": dataclasses.replace(image, symbols=dataclasses.replace(image.symbols, hot=frozenset()))})
    with pytest.raises(OptimizationError, match="names no static function"):
        check_objects({"core/Python_ceval.c.o": image})
    with pytest.raises(OptimizationError, match="contains counters"):
        check_objects({"core/Modules_a.o": image, "b.o": dataclasses.replace(image, sections=frozenset({".lprfc$M"}))})


def test_a_map_is_read() -> None:
    found = read_linker_map(MAP.encode())
    assert found.hot == {LOOP}
    assert found.names == {LOOP, "Py_Main", "Py_Initialized", "helper.llvm.2009671178179198710"}
    assert found.lto_functions == {"helper.llvm.2009671178179198710"}
    assert found.lacks(frozenset({"Py_Main", "Py_Exit"})) == {"Py_Exit"}
    assert read_linker_map(MAP.replace("Py_Main ", "_Py_Main").encode()).lacks(frozenset({"Py_Main"})) == set()
    assert read_linker_map(MAP.replace("\n", "\r\n").encode()) == found
    assert read_linker_map(b"no map").names == set()
    check_linked(read_linker_map(PLAIN_MAP.encode()), (), where="")


def _optimized(sample: Sample) -> None:
    sample.name = sample.name.replace("noopt", "pgo+lto")
    sample.document |= {"build_options": "pgo+lto", "optimizations": "pgo+lto"}
    put("build/Python/core.obj", "core-profiled.obj")(sample)
    put_bytes("build/cpython.profdata", PROFILE)(sample)
    put_bytes("build/python313.map", MAP.encode())(sample)


def _but(corrupt: Corruption) -> Corruption:
    def corrupted(sample: Sample) -> None:
        _optimized(sample)
        corrupt(sample)

    return corrupted


def _map(old: str, new: str) -> Corruption:
    return _but(put_bytes("build/python313.map", MAP.replace(old, new).encode()))


BREACHES: list[Breach] = [
    ("optimized-program", _but(lambda sample: sample.entries.pop("python/build/python313.map"))),
    ("optimized-program", _map("Py_Initialized", "Py_Other")),
    ("optimized-program", _map("$hot$", "$")),
    ("optimized-program", _map(".llvm.", "_")),
    ("text-paths", _map("python313.dll.lto", "/home/builder/python313.dll.lto")),
    ("optimized-objects", _but(put("build/Python/core.obj", "core.obj"))),
    ("bitcode", _but(put("build/Python/core.obj", "core-bitcode.obj"))),
    ("profile", _but(put_bytes("build/cpython.profdata", b"text"))),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(windows(), rule, corrupt, tmp_path)


def test_a_good_sample_holds(tmp_path: Path) -> None:
    sample = windows()
    _optimized(sample)
    assert broken(sample, tmp_path) == set()


def test_link_time_optimization_is_an_ingredient_only_of_cpython() -> None:
    requests = [Request(python="3.13.5", target_triple=TRIPLE, options=text) for text in ("noopt", "lto")]
    plans = [resolve(item, load_catalogs()) for item in requests]
    assert [plan.archive_stem for plan in plans] == [f"cpython-3.13.5-{TRIPLE}-{item.options}" for item in requests]
    steps = [{step.name: step for step in steps_of(plan)} for plan in plans]
    assert len({str(found["cpython"].ingredients) for found in steps}) == len(requests)
    assert len({str(found["library:openssl"].ingredients) for found in steps}) == 1
    assert not any("profile" in found for found in steps)


@pytest.mark.parametrize(
    ("triple", "counters", "flag"),
    [
        (TRIPLE, Counters.SOURCE, "-fprofile-instr-generate"),
        ("aarch64-apple-darwin", Counters.INTERMEDIATE, "-fprofile-generate"),
        ("aarch64-unknown-linux-gnu", Counters.INTERMEDIATE, "-fprofile-generate"),
        ("i686-unknown-linux-musl", Counters.SOURCE, "-fprofile-instr-generate"),
        ("s390x-unknown-linux-gnu", Counters.SOURCE, "-fprofile-instr-generate"),
    ],
)
def test_the_profile_is_that_of_a_linux_build_with_the_right_counters(
    triple: str, counters: Counters, flag: str
) -> None:
    request = Request(python="3.13.5", target_triple=triple, options="pgo")
    plan = resolve(request, load_catalogs())
    assert plan.profiling
    assert plan.profiling.counters is counters
    native = profile_request(plan, request)
    assert native
    profiling = resolve(native, load_catalogs()).profiling
    assert profiling
    assert profiling.counters is counters
    assert flag in profiling.configure.cflags
    assert flag in profiling.configure.ldflags
    assert ("LDFLAGS", flag) in profiling.configure.environment


@pytest.mark.parametrize("option", ["debug", "static", "freethreaded+debug"])
def test_other_options_are_refused(option: str) -> None:
    request = Request(python="3.13.5", target_triple=TRIPLE, options=option)
    with pytest.raises(RequestError, match=f"{option.rpartition('+')[2]} cannot be built for Windows"):
        resolve(request, load_catalogs())
