from __future__ import annotations

from setup_local.plan.setup_script import ScriptExtension, scan_setup_script
from setup_local.plan.upstream import (
    CONFIG,
    MAKEFILE,
    PATCHLEVEL,
    SCRIPT,
    STDLIB,
    Origin,
    UpstreamModule,
    parse_archives,
    parse_inittab,
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
