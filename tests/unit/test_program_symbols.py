"""The symbols that a static interpreter offers through ctypes: those that Python's headers declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.build.program_symbols import HEADER, declared, write_symbols
from setup_local.errors import StepError

TEXT = """
/* PyAPI_FUNC(int) PyOld_Gone(void); */
// PyAPI_DATA(int) PyOld_Data;
PyAPI_FUNC(PyObject *) PyList_New(Py_ssize_t size);
PyAPI_FUNC(PyObject *)
    PyList_GetItem(PyObject *, Py_ssize_t);
PyAPI_DATA(PyTypeObject) PyList_Type;
PyAPI_DATA(int) (*PyOS_InputHook)(void);
PyAPI_DATA(const unsigned char) _Py_ctype_tolower[256];
PyAPI_FUNC(void) _Py_NO_RETURN Py_FatalError(const char *message);
#define PyAPI_FUNC(RTYPE) extern RTYPE
int pthread_self(void);
static inline int Py_Inline(int x) { return x; }
"""


def test_declarations_are_found() -> None:
    names = {"PyList_New", "PyList_GetItem", "PyList_Type", "PyOS_InputHook", "_Py_ctype_tolower", "Py_FatalError"}
    assert set(declared(TEXT)) == names


def test_the_header_lists_each_once(tmp_path: Path) -> None:
    for place in ("Include", "Include/cpython", "Include/internal"):
        (tmp_path / place).mkdir()
    (tmp_path / "Include" / "listobject.h").write_text(TEXT, encoding="utf-8")
    (tmp_path / "Include" / "cpython" / "listobject.h").write_text(
        "PyAPI_FUNC(int) _PyList_More(void);\nPyAPI_FUNC(PyObject *) PyList_New(Py_ssize_t size);\n", encoding="utf-8"
    )
    (tmp_path / "Include" / "internal" / "own.h").write_text("PyAPI_FUNC(int) _PyOwn_Affair(void);\n", encoding="utf-8")
    (tmp_path / HEADER).parent.mkdir(parents=True)
    write_symbols(tmp_path)
    lines = (tmp_path / HEADER).read_text(encoding="ascii").splitlines()
    assert lines == sorted(set(lines))
    assert "SYMBOL(_PyList_More)" in lines
    assert lines.count("SYMBOL(PyList_New)") == 1
    assert "SYMBOL(_PyOwn_Affair)" not in lines


def test_headers_that_declare_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Include").mkdir()
    with pytest.raises(StepError, match="declare nothing"):
        write_symbols(tmp_path)
