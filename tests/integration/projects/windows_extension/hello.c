#include <Python.h>

static PyObject *add(PyObject *self, PyObject *args)
{
    long long left, right;
    if (!PyArg_ParseTuple(args, "LL", &left, &right))
        return NULL;
    return PyLong_FromLongLong(left + right);
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add two numbers."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "hello", NULL, 0, methods};

PyMODINIT_FUNC PyInit_hello(void)
{
    return PyModuleDef_Init(&module);
}
