#include <Python.h>

PyObject *added(long left, long right)
{
    return PyLong_FromLong(left + right);
}
