#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *add(PyObject *self, PyObject *arguments)
{
    long left, right;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "ll", &left, &right))
        return NULL;
    return PyLong_FromLong(left + right);
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add two numbers."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {.m_base = PyModuleDef_HEAD_INIT, .m_name = "_adding", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit__adding(void)
{
    return PyModule_Create(&module);
}
