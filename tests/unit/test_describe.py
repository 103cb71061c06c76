from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from sample_target import HOST, RECIPES, TARGET

from setup_local import paths
from setup_local.catalog.libraries import Library
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.catalog.sources import Source
from setup_local.catalog.sysconfig import load_settings
from setup_local.describe import model
from setup_local.describe.compose import describe, validated
from setup_local.describe.probe import Facts, parse_facts, probed_test_packages
from setup_local.errors import DescribeError
from setup_local.plan.model import Consequence, Plan, PlannedExtension, PlannedLibrary
from setup_local.stage.objects import Objects
from setup_local.stage.staged import StagedTree
from setup_local.values import Linkage, LinkMode

SCHEMA = json.loads((paths.SCHEMA / "python-json-8.schema.json").read_text())
GOLDEN = Path(__file__).parents[1] / "golden" / "PYTHON.json"
TRIPLE = "x86_64-unknown-linux-gnu"


def source(name: str, version: str) -> Source:
    return Source(name=name, version=version, forms=())


def library(name: str, *licenses: str, public_domain: bool = False, produces: str = "lib/lib.a") -> PlannedLibrary:
    recipe = Library(
        name=name,
        source=name,
        versions="==1",
        commands=(),
        produces=(produces,),
        licenses=licenses,
        license_files=(),
        license_public_domain=public_domain,
    )
    return PlannedLibrary(library=recipe, source=source(name, "1"))


PLAN = Plan(
    python=Version("3.13.5"),
    python_source=source("cpython", "3.13.5"),
    target=TARGET,
    host=HOST,
    recipes=RECIPES,
    floor="2.12",
    toolchain="zig",
    sysconfig=load_settings(),
    pip_patch=load_patch(PIP_LAUNCHERS),
    llvm_version="22.1.8",
    build_options=(),
    libraries=(
        library("sqlite", public_domain=True),
        library("openssl", "Apache-2.0"),
        library("ncurses", "X11"),
        library("certifi", "MPL-2.0", produces="share/certifi/cacert.pem"),
    ),
    extensions=(
        PlannedExtension(name="marshal", link=LinkMode.STATIC, in_core=True, init="PyMarshal_Init"),
        PlannedExtension(name="sys", link=LinkMode.STATIC, in_core=True, init="NULL"),
        PlannedExtension(name="posix", link=LinkMode.STATIC, in_core=True, sources=("posixmodule.c",)),
        PlannedExtension(
            name="_ssl",
            link=LinkMode.STATIC,
            sources=("_ssl.c",),
            libraries=("openssl", "ncurses", "certifi"),
            archives=("libssl.a", "libcrypto.a"),
        ),
        PlannedExtension(name="_sqlite3", link=LinkMode.STATIC, sources=("_sqlite/a.c",), archives=("libsqlite3.a",)),
        PlannedExtension(name="_crypt", link=LinkMode.SHARED, sources=("_cryptmodule.c",), system=("crypt",)),
        PlannedExtension(name="_gdbm", link=LinkMode.DISABLED, reason="GPL"),
    ),
)
STAGED = StagedTree(
    root=Path("/nowhere"),
    python_exe="install/bin/python3.13",
    libpython="install/lib/python3.13/config-3.13-x86_64-linux-gnu/libpython3.13.a",
    objects=Objects(
        core=("Python/marshal.o",),
        extensions={
            "marshal": (),
            "sys": (),
            "posix": ("Modules/posixmodule.o",),
            "_ssl": ("Modules/_ssl.o",),
            "_sqlite3": ("Modules/_sqlite/a.o",),
            "_crypt": ("Modules/_cryptmodule.o",),
        },
    ),
    inittab={
        "marshal": "PyMarshal_Init",
        "sys": "NULL",
        "posix": "PyInit_posix",
        "_ssl": "PyInit__ssl",
        "_sqlite3": "PyInit__sqlite3",
    },
    inittab_cflags=("-DPy_BUILD_CORE",),
    required=frozenset({"marshal", "sys", "posix"}),
    system_libraries=("dl", "m"),
    archives={
        "libssl.a": "openssl",
        "libcrypto.a": "openssl",
        "libsqlite3.a": "sqlite",
        "libpolyfill.a": "polyfill",
    },
    licenses={
        name: f"licenses/LICENSE.{name}.txt"
        for name in ("cpython", "openssl", "sqlite", "ncurses", "certifi", "polyfill")
    },
    tcl_library_paths=("tcl8.6", "tk8.6"),
)
SUFFIX = ".cpython-313-x86_64-linux-gnu.so"
FACTS = Facts(
    version="3.13.5",
    implementation_name="cpython",
    implementation_version=("3", "13", "5", "final", "0"),
    implementation_hex_version=51185136,
    implementation_cache_tag="cpython-313",
    abiflags="",
    platform_tag="linux-x86_64",
    paths={
        "data": "{root}",
        "include": "{root}/include/python3.13",
        "platinclude": "{root}/include/python3.13",
        "platlib": "{root}/lib/python3.13/site-packages",
        "platstdlib": "{root}/lib/python3.13",
        "purelib": "{root}/lib/python3.13/site-packages",
        "scripts": "{root}/bin",
        "stdlib": "{root}/lib/python3.13",
    },
    paths_abstract={
        "data": "{base}",
        "include": "{installed_base}/include/python{py_version_short}{abiflags}",
        "platinclude": "{installed_platbase}/include/python{py_version_short}{abiflags}",
        "platlib": "{platbase}/{platlibdir}/python{py_version_short}/site-packages",
        "platstdlib": "{platbase}/{platlibdir}/python{py_version_short}",
        "purelib": "{base}/lib/python{py_version_short}/site-packages",
        "scripts": "{base}/bin",
        "stdlib": "{installed_base}/{platlibdir}/python{py_version_short}",
    },
    config_vars={"LIBDIR": "{root}/lib", "SIZEOF_LONG": "8"},
    stdlib_platform_config="{root}/lib/python3.13/config-3.13-x86_64-linux-gnu",
    test_packages=("idlelib.idle_test", "test"),
    suffixes={
        "bytecode": (".pyc",),
        "debug_bytecode": (".pyc",),
        "extension": (SUFFIX, ".abi3.so", ".so"),
        "optimized_bytecode": (".pyc",),
        "source": (".py",),
    },
    bytecode_magic_number="f30d0d0a",
    builtin_modules=("_sqlite3", "_ssl", "marshal", "posix", "sys"),
    shared_directory="{root}/lib/python3.13/lib-dynload",
    shared_modules={"_crypt": f"_crypt{SUFFIX}"},
)


def variant(name: str) -> model.ExtensionVariant:
    return describe(PLAN, STAGED, FACTS).build_info.extensions[name][0]


def test_the_text_is_that_of_the_golden_file() -> None:
    assert describe(PLAN, STAGED, FACTS).to_json() == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("cls", "node"),
    [
        (model.PythonJson, SCHEMA),
        (model.BuildInfo, SCHEMA["properties"]["build_info"]),
        (model.Core, SCHEMA["properties"]["build_info"]["properties"]["core"]),
        (model.ExtensionVariant, SCHEMA["$defs"]["extension"]),
        (model.Link, SCHEMA["$defs"]["link"]),
    ],
)
def test_model_and_schema_have_the_same_fields(cls: type[Any], node: dict[str, Any]) -> None:
    assert {field.name for field in dataclasses.fields(cls)} == set(node["properties"])
    never_none = {field.name for field in dataclasses.fields(cls) if "None" not in str(field.type)}
    assert never_none <= set(node["required"]), "what is always written may be relied on"


def test_licences_are_those_of_what_is_linked_or_is_data_and_no_more() -> None:
    ssl = variant("_ssl")
    assert ssl.licenses == ("Apache-2.0", "MPL-2.0"), "ncurses is named in the plan, but nothing of it is linked"
    assert ssl.license_paths == ("licenses/LICENSE.openssl.txt", "licenses/LICENSE.certifi.txt")
    assert [link.path_static for link in ssl.links] == ["build/lib/libssl.a", "build/lib/libcrypto.a"]


def test_public_domain_is_said_in_its_own_field() -> None:
    sqlite = variant("_sqlite3")
    assert sqlite.license_public_domain
    assert sqlite.licenses == ()
    assert not variant("_ssl").license_public_domain


def test_core_modules_have_no_objects_of_their_own() -> None:
    assert (variant("marshal").in_core, variant("marshal").objs) == (True, ())
    assert variant("sys").init_fn == "NULL"
    assert (variant("posix").in_core, variant("posix").required) == (False, True)
    assert not variant("_ssl").required


def test_shared_modules_name_their_file_and_system_libraries() -> None:
    crypt = variant("_crypt")
    assert crypt.shared_lib == f"install/lib/python3.13/lib-dynload/_crypt{SUFFIX}"
    assert crypt.links == (model.Link(name="crypt", system=True),)
    assert variant("_ssl").shared_lib is None


def test_what_the_toolchain_adds_is_linked_by_the_core() -> None:
    links = describe(PLAN, STAGED, FACTS).build_info.core.links
    assert model.Link(name="polyfill", path_static="build/lib/libpolyfill.a") in links
    assert model.Link(name="dl", system=True) in links


def test_what_was_chosen_stands_among_the_variables() -> None:
    consequence = Consequence(license="GPL-3.0-or-later", libraries=("openssl",))
    plan = dataclasses.replace(PLAN, left_out=("_tkinter", "_uuid"), consequences=(consequence,))
    plain, chosen = (describe(item, STAGED, FACTS).python_config_vars for item in (PLAN, plan))
    assert chosen.items() - plain.items() == {
        ("SETUP_LOCAL_LEFT_OUT", "_tkinter _uuid"),
        ("SETUP_LOCAL_LICENSE", "GPL-3.0-or-later"),
    }


def test_a_shared_libpython_is_named_beside_the_static_one() -> None:
    library = "install/lib/libpython3.13.so.1.0"
    plan = dataclasses.replace(PLAN, libpython=Linkage.SHARED)
    said = describe(plan, dataclasses.replace(STAGED, shared_libpython=library), FACTS)
    assert (said.libpython_link_mode, said.build_info.core.shared_lib) == ("shared", library)
    assert said.build_info.core.static_lib == STAGED.libpython


def test_left_out_modules_and_absent_values_do_not_stand_in_the_text() -> None:
    text = describe(PLAN, STAGED, FACTS).to_json()
    assert "_gdbm" not in text
    assert "null" not in text


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"version": "3.13.4"}, "reports version 3.13.4, not 3.13.5"),
        ({"builtin_modules": FACTS.builtin_modules[1:]}, "missing _sqlite3"),
        ({"builtin_modules": (*FACTS.builtin_modules, "xx")}, "unexpected xx"),
        ({"shared_modules": {}}, "missing _crypt"),
        ({"paths": {**FACTS.paths, "data": "/usr"}}, "outside the installation"),
        ({"bytecode_magic_number": "zz"}, "python_bytecode_magic_number"),
    ],
)
def test_a_result_that_contradicts_the_plan_is_refused(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(DescribeError, match=message):
        describe(PLAN, STAGED, dataclasses.replace(FACTS, **facts))


def test_another_init_function_than_planned_is_refused() -> None:
    staged = dataclasses.replace(STAGED, inittab={**STAGED.inittab, "_ssl": "PyInit_other"})
    with pytest.raises(DescribeError, match="PyInit_other"):
        describe(PLAN, staged, FACTS)


def test_a_description_off_the_schema_is_refused() -> None:
    good = describe(PLAN, STAGED, FACTS)
    with pytest.raises(DescribeError, match="version"):
        validated(dataclasses.replace(good, version="9"))


def test_reads_what_the_probe_prints() -> None:
    assert parse_facts(json.dumps(dataclasses.asdict(FACTS)), "python") == FACTS


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json"])
def test_an_answer_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(DescribeError, match="is invalid"):
        parse_facts(text, "python")


def test_packages_of_tests_are_the_outermost_ones(tmp_path: Path) -> None:
    for name in ("test/test_json", "idlelib/idle_test", "site-packages/x/tests", "tkinter/test"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("test", "test/test_json", "idlelib/idle_test", "site-packages/x/tests"):
        (tmp_path / name / "__init__.py").touch()
    assert probed_test_packages(tmp_path) == ("idlelib.idle_test", "test")
