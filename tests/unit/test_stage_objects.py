from dataclasses import replace

import pytest
from packaging.version import Version
from sample_target import HOST, RECIPES, TARGET

from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.catalog.sources import Source
from setup_local.catalog.sysconfig import load_settings
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.stage import objects
from setup_local.values import LinkMode

PLAN = Plan(
    python=Version("3.13.5"),
    python_source=Source(name="cpython", version="3.13.5", forms=()),
    target=TARGET,
    host=HOST,
    recipes=RECIPES,
    floor="2.12",
    toolchain="zig",
    sysconfig=load_settings(),
    pip_patch=load_patch(PIP_LAUNCHERS),
    build_options=(),
    libraries=(),
    extensions=(
        PlannedExtension(name="marshal", link=LinkMode.STATIC, in_core=True),
        PlannedExtension(name="_md5", link=LinkMode.STATIC, sources=("md5module.c", "_hacl/Hacl_Hash_MD5.c")),
        PlannedExtension(name="_hmac", link=LinkMode.STATIC, sources=("hmacmodule.c", "_hacl/Hacl_Hash_MD5.c")),
        PlannedExtension(name="nis", link=LinkMode.SHARED, sources=("nismodule.c",)),
        PlannedExtension(name="gone", link=LinkMode.DISABLED, sources=("gone.c",)),
    ),
)
VARIABLES = {
    "MODOBJS": "Modules/md5module.o Modules/_hacl/Hacl_Hash_MD5.o Modules/hmacmodule.o",
    "LIBRARY_OBJS": "Python/marshal.o $(MODOBJS) Modules/config.o Modules/getpath.o",
}

CONFIG_C = """\
extern PyObject* PyInit__imp(void);
struct _inittab _PyImport_Inittab[] = {
    {"_ssl", PyInit__ssl},
    /* This module lives in marshal.c */
    {"marshal", PyMarshal_Init},
    {"builtins", NULL},
    /* Sentinel */
    {0, 0}
};
"""


@pytest.mark.parametrize(
    ("source", "python", "expected"),
    [
        ("_ssl.c", "3.13.5", "Modules/_ssl.o"),
        ("_sqlite/blob.c", "3.11.2", "Modules/_sqlite/blob.o"),
        ("cjkcodecs/multibytecodec.c", "3.13.5", "Modules/cjkcodecs/multibytecodec.o"),
        ("cjkcodecs/multibytecodec.c", "3.10.22", "Modules/multibytecodec.o"),
    ],
)
def test_object_names_are_those_of_makesetup(source: str, python: str, expected: str) -> None:
    assert objects.object_of(source, Version(python)) == expected


def test_every_object_has_one_owner() -> None:
    shares = objects.classify(PLAN, VARIABLES)
    assert shares.core == ("Modules/_hacl/Hacl_Hash_MD5.o", "Modules/getpath.o", "Python/marshal.o")
    assert shares.extensions["_md5"] == ("Modules/md5module.o",)
    assert shares.extensions["_hmac"] == ("Modules/hmacmodule.o",)
    assert shares.extensions["nis"] == ("Modules/nismodule.o",)
    assert "gone" not in shares.extensions


def test_all_objects_hold_the_table_of_modules_and_the_main_program() -> None:
    every = objects.classify(PLAN, VARIABLES).all
    assert {"Modules/config.o", "Programs/python.o", "Python/marshal.o", "Modules/nismodule.o"} < set(every)
    assert list(every) == sorted(set(every))


def test_a_source_that_is_given_twice_is_one_object() -> None:
    extension = replace(PLAN.extensions[1], sources=("a.c", "a.c"))
    assert objects.objects_of(extension, PLAN.python) == ("Modules/a.o",)


def test_reads_the_table_of_modules() -> None:
    assert objects.inittab(CONFIG_C) == {"_ssl": "PyInit__ssl", "marshal": "PyMarshal_Init", "builtins": "NULL"}


def test_reads_module_names_of_a_setup_file() -> None:
    text = (
        "# comment\n*static*\nDEPS=../deps\natexit atexitmodule.c\n\n#@X@pwd pwdmodule.c\n_io _io/_iomodule.c # tail\n"
    )
    assert objects.module_names(text) == ("atexit", "_io")
