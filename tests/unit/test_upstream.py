from __future__ import annotations

import pytest

from setup_local.plan.setup_script import ScriptExtension, scan_setup_script
from setup_local.plan.upstream import (
    BOOTSTRAP,
    CONFIG,
    MAKEFILE,
    PATCHLEVEL,
    SCRIPT,
    SETUP,
    STDLIB,
    BundledObjects,
    Origin,
    UpstreamModule,
    parse_archives,
    parse_inittab,
    parse_module_objects,
    parse_setup,
    parse_upstream,
    parse_version,
)

STDLIB_TEXT = """\
# a comment
*@MODULE_BUILDTYPE@*
@MODULE_ARRAY_TRUE@array arraymodule.c
#@MODULE__CTYPES_TRUE@_ctypes _ctypes/_ctypes.c @MODULE__CTYPES_MALLOC_CLOSURE@
@MODULE__SHA2_TRUE@_sha2 sha2module.c -I$(srcdir)/Modules/_hacl/include Modules/_hacl/libHacl_Hash_SHA2.a
@MODULE__LSPROF_TRUE@_lsprof _lsprof.c \\
    rotatingtree.c  # the profiler

*shared*
@MODULE__TESTMULTIPHASE_TRUE@_testmultiphase _testmultiphase.c
*static*
after after.c
"""

MAKEFILE_TEXT = """\
LIBHACL_SHA2_A= Modules/_hacl/libHacl_Hash_SHA2.a
LIBHACL_SHA2_OBJS= \\
\t\tModules/_hacl/Hacl_Hash_SHA2.o \\
\t\tModules/_hacl/Other.o

NEXT= x
"""


def test_a_setup_file_is_read_as_makesetup_does() -> None:
    archives = {"Modules/_hacl/libHacl_Hash_SHA2.a": ("_hacl/Hacl_Hash_SHA2.c",)}
    modules = parse_setup(STDLIB_TEXT, Origin.STDLIB, archives)
    assert [(item.name, item.sources, item.must_be_shared) for item in modules] == [
        ("array", ("arraymodule.c",), False),
        ("_ctypes", ("_ctypes/_ctypes.c",), False),
        ("_sha2", ("sha2module.c", "_hacl/Hacl_Hash_SHA2.c"), False),
        ("_lsprof", ("_lsprof.c", "rotatingtree.c"), False),
        ("_testmultiphase", ("_testmultiphase.c",), True),
        ("after", ("after.c",), False),
    ]


def test_variables_and_commented_modules_of_setup_do_not_count() -> None:
    text = "DESTLIB=$(LIBDEST)\nPYTHONPATH=a\n#_asyncio _asynciomodule.c\nxxsubtype xxsubtype.c  # needed\n"
    assert parse_setup(text, Origin.SETUP, {}) == [
        UpstreamModule(name="xxsubtype", origin=Origin.SETUP, sources=("xxsubtype.c",))
    ]


def test_bundled_archives_are_known_by_their_sources() -> None:
    assert parse_archives(MAKEFILE_TEXT) == {
        "Modules/_hacl/libHacl_Hash_SHA2.a": ("_hacl/Hacl_Hash_SHA2.c", "_hacl/Other.c")
    }


def test_the_inittab_gives_init_functions() -> None:
    text = '    {"marshal", PyMarshal_Init},\n    {"builtins", NULL},\n    {0, 0}\n'
    assert [(item.name, item.init, item.in_core) for item in parse_inittab(text)] == [
        ("marshal", "PyMarshal_Init", True),
        ("builtins", "NULL", True),
    ]


def test_the_version_is_read() -> None:
    assert parse_version('#define PY_VERSION      "3.15.0a1+"\n') == "3.15.0a1+"
    assert parse_version("nothing") == ""


SCRIPT_TEXT = """
class PyBuildExt:
    def detect_simple(self):
        self.addext(Extension('array', ['arraymodule.c']))
        self.add(Extension("_json", ["_json.c"]))
        # self.addext(Extension('xx', ['xxmodule.c']))

    def detect_codecs(self):
        for loc in ('kr', 'jp'):
            self.addext(Extension(f'_codecs_{loc}', [f'cjkcodecs/_codecs_{loc}.c']))

    def detect_sqlite(self):
        sources = ["_sqlite/blob.c", "_sqlite/row.c"]
        self.addext(Extension("_sqlite3", sources=sources))

    def detect_multiprocessing(self):
        srcs = ['_multiprocessing/multiprocessing.c']
        if have_semaphores:
            srcs.append('_multiprocessing/semaphore.c')
        self.addext(Extension('_multiprocessing', srcs))

    def update(self, ext):
        Extension(ext.name, ext.sources)
"""


def test_setup_py_is_understood_without_running_it() -> None:
    assert scan_setup_script(SCRIPT_TEXT) == [
        ScriptExtension(name="array", sources=("arraymodule.c",)),
        ScriptExtension(name="_json", sources=("_json.c",)),
        ScriptExtension(name="_codecs_kr", sources=("cjkcodecs/_codecs_kr.c",)),
        ScriptExtension(name="_codecs_jp", sources=("cjkcodecs/_codecs_jp.c",)),
        ScriptExtension(name="_sqlite3", sources=("_sqlite/blob.c", "_sqlite/row.c")),
        ScriptExtension(
            name="_multiprocessing",
            sources=("_multiprocessing/multiprocessing.c",),
            optional_sources=("_multiprocessing/semaphore.c",),
        ),
    ]


OLD_SCRIPT_TEXT = """
def detect_math(self):
    shared_math = 'Modules/_math.o'
    self.add(Extension('math', ['mathmodule.c'], extra_objects=[shared_math], libraries=['m']))
    for loc in ('kr', 'jp'):
        self.add(Extension('_codecs_%s' % loc, ['cjkcodecs/_codecs_%s.c' % loc]))
    for dblib in (('db-%d.%d' % db_ver), ('db%d' % db_ver[0])):
        self.find(dblib)

def detect_bundled(self):
    if system:
        sources = ['_decimal/_decimal.c']
        expat_sources = []
    else:
        sources = ['_decimal/_decimal.c', '_decimal/libmpdec/context.c']
        expat_sources = ['expat/xmlparse.c']
    self.add(Extension('_decimal', sources=sources))
    self.add(Extension('pyexpat', sources=['pyexpat.c'] + expat_sources))

def main():
    setup(ext_modules=[Extension('_struct', ['_struct.c']), Extension('_dummy', ['_dummy.c'])])
"""


def test_what_setup_py_makes_of_names_and_conditions_is_understood() -> None:
    assert scan_setup_script(OLD_SCRIPT_TEXT) == [
        ScriptExtension(name="math", sources=("mathmodule.c", "_math.c")),
        ScriptExtension(name="_codecs_kr", sources=("cjkcodecs/_codecs_kr.c",)),
        ScriptExtension(name="_codecs_jp", sources=("cjkcodecs/_codecs_jp.c",)),
        ScriptExtension(
            name="_decimal", sources=("_decimal/_decimal.c",), optional_sources=("_decimal/libmpdec/context.c",)
        ),
        ScriptExtension(name="pyexpat", sources=("pyexpat.c",), optional_sources=("expat/xmlparse.c",)),
        ScriptExtension(name="_struct", sources=("_struct.c",)),
    ]


MODULE_OBJECTS_TEXT = """\
LIBHACL_MD5_OBJS= \\
\t\tModules/_hacl/Hacl_Hash_MD5.o
LIBHACL_SIMD_OBJS=@LIBHACL_SIMD_OBJS@
LIBHACL_HMAC_OBJS= \\
\t\tModules/_hacl/Hacl_HMAC.o \\
\t\t$(LIBHACL_MD5_OBJS) \\
\t\t$(LIBHACL_SIMD_OBJS)

Modules/_hacl/Hacl_Hash_MD5.o: $(srcdir)/Modules/_hacl/Hacl_Hash_MD5.c
Modules/_hacl/Hacl_HMAC.o: $(srcdir)/Modules/_hacl/Hacl_HMAC.c
Modules/_hacl/Simd.o: $(srcdir)/Modules/_hacl/Simd.c
Modules/getpath.o: $(srcdir)/Modules/getpath.c
MODULE__HMAC_LDEPS=$(LIBHACL_HMAC_LIB_@LIBHACL_LDEPS_LIBTYPE@)
"""


def test_objects_that_only_the_makefile_gives_to_a_module_count() -> None:
    assert parse_module_objects(MODULE_OBJECTS_TEXT) == {
        "_HMAC": BundledObjects(
            sources=("_hacl/Hacl_HMAC.c", "_hacl/Hacl_Hash_MD5.c"), optional_sources=("_hacl/Simd.c",)
        )
    }
    found = parse_upstream({STDLIB: "_hmac hmacmodule.c\n", MAKEFILE: MODULE_OBJECTS_TEXT}, ())
    assert found.modules["_hmac"].sources == ("hmacmodule.c", "_hacl/Hacl_HMAC.c", "_hacl/Hacl_Hash_MD5.c")


@pytest.mark.parametrize(("bootstrap", "core"), [({}, True), ({BOOTSTRAP: "posix posixmodule.c\n"}, False)])
def test_up_to_3_10_setup_names_what_cpython_links_itself(*, bootstrap: dict[str, str], core: bool) -> None:
    found = parse_upstream({SETUP: "xxsubtype xxsubtype.c\n", **bootstrap}, ())
    assert found.modules["xxsubtype"].in_core is core


def test_the_first_declaration_counts_and_paths_are_sorted_out() -> None:
    upstream = parse_upstream(
        {
            PATCHLEVEL: '#define PY_VERSION "3.11.2"',
            CONFIG: '{"gc", PyInit_gc},',
            MAKEFILE: MAKEFILE_TEXT,
            STDLIB: STDLIB_TEXT,
            SCRIPT: SCRIPT_TEXT,
        },
        ["Modules/arraymodule.c", "Modules/_hacl/include/a.h", "PC/winreg.c"],
    )
    assert upstream.version == "3.11.2"
    assert upstream.modules["array"].origin is Origin.STDLIB
    assert upstream.modules["_json"].origin is Origin.SCRIPT
    assert upstream.modules["gc"].in_core
    assert upstream.files == {"arraymodule.c", "_hacl/include/a.h"}
    assert {"Modules/_hacl/include", "Modules", "PC"} <= upstream.directories
