"""A C extension and an embedding program, compiled with the host's compiler and `sysconfig`'s flags, and run."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import harness

EXTENSION = r"""
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
add(PyObject *self, PyObject *args)
{
    long left, right;
    if (!PyArg_ParseTuple(args, "ll", &left, &right))
        return NULL;
    return PyLong_FromLong(left + right);
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add two numbers."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "adding", NULL, -1, methods};

PyMODINIT_FUNC
PyInit_adding(void)
{
    PyObject *made = PyModule_Create(&module);
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(made, Py_MOD_GIL_NOT_USED);
#endif
    return made;
}
"""
COMPILERS = ("gcc", "clang")


def _compilers() -> list[str]:
    found = [name for name in COMPILERS if shutil.which(name)]
    if not found:
        raise harness.Skip(f"none of {', '.join(COMPILERS)} is installed")
    fitting = [name for name in found if _is_for_this_processor(name)]
    if not fitting:
        raise harness.Skip(f"{', '.join(found)} compile for another processor than {platform.machine()}")
    return fitting


def _is_for_this_processor(compiler: str) -> bool:
    asked = subprocess.run([compiler, "-dumpmachine"], stdout=subprocess.PIPE, check=True)
    return asked.stdout.decode().startswith(platform.machine())


def _variable(name: str) -> list[str]:
    return shlex.split(str(sysconfig.get_config_var(name) or ""))


def _build(compiler: str, directory: Path) -> Path:
    """Compile as setuptools does: the compiler's name is replaced, the flags come from `sysconfig`."""
    source = directory / "adding.c"
    source.write_text(EXTENSION, encoding="utf-8")
    include = f"-I{sysconfig.get_path('include')}"
    compile_line = [compiler, *_variable("CFLAGS"), *_variable("CCSHARED"), include, "-c", str(source)]
    harness.run(*compile_line, "-o", str(directory / "adding.o"))
    result = directory / f"adding{sysconfig.get_config_var('EXT_SUFFIX')}"
    harness.run(compiler, *_variable("LDSHARED")[1:], str(directory / "adding.o"), "-o", str(result))
    return result


def test_extension() -> None:
    if harness.c_library() == "static":
        raise harness.Skip("a static interpreter loads nothing")
    for compiler in _compilers():
        with tempfile.TemporaryDirectory() as scratch:
            _build(compiler, Path(scratch))
            code = "import adding; print(adding.add(40, 2))"
            answer = harness.python("-c", code, env={"PYTHONPATH": scratch}).strip()
            harness.equal((compiler, answer), (compiler, "42"))
            harness.say(f"     with {compiler}")


def test_compiler_of_sysconfig_is_the_usual_one() -> None:
    command = _variable("CC")[0]
    harness.say(f"     CC is {command}")
    if not shutil.which(command):
        raise harness.Skip(f"{command} is not installed")
    if not _is_for_this_processor(command):
        raise harness.Skip(f"{command} compiles for another processor than {platform.machine()}")
    with tempfile.TemporaryDirectory() as scratch:
        _build(command, Path(scratch))


def test_flags_for_embedding() -> None:
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise harness.Skip("the installation has no shared libpython")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for config in (f"python{version}-config", f"python{version}{sys.abiflags}-config"):
        flags = harness.run(str(Path(sys.base_prefix, "bin", config)), "--embed", "--ldflags")
        harness.holds(f"-lpython{version}{sys.abiflags}" in shlex.split(flags))


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    harness.main()
