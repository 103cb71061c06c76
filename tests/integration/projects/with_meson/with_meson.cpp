#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern "C" PyObject *added(long left, long right);

static PyObject *add(PyObject *, PyObject *arguments)
{
    long left, right;
    return PyArg_ParseTuple(arguments, "ll", &left, &right) ? added(left, right) : nullptr;
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add two numbers."}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "with_meson", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_with_meson()
{
    return PyModule_Create(&module);
}
