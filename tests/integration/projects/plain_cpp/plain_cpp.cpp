#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

// Uses functions of the C++ library itself: without it, the link or the import fails.
static PyObject *add(PyObject *, PyObject *arguments)
{
    long left, right;
    if (!PyArg_ParseTuple(arguments, "ll", &left, &right))
        return nullptr;
    std::vector<long> numbers{left, right};
    try {
        if (numbers.at(2))
            return nullptr;
    } catch (const std::out_of_range &) {
        return PyLong_FromLong(std::stol(std::to_string(std::accumulate(numbers.begin(), numbers.end(), 0L))));
    }
    return nullptr;
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add two numbers."}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "plain_cpp", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_plain_cpp()
{
    return PyModule_Create(&module);
}
