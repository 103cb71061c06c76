"""`ctypes`: calls into the C library, call-backs, structures by value, variadic functions."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import sys

import harness

LIBC = ctypes.CDLL(None, use_errno=True)


class Division(ctypes.Structure):
    """What C's `ldiv` returns, by value."""

    _fields_ = (("quotient", ctypes.c_long), ("remainder", ctypes.c_long))


class Big(ctypes.Structure):
    """A structure that is too big for registers."""

    _fields_ = (("a", ctypes.c_double), ("b", ctypes.c_int), ("c", ctypes.c_char * 20))


def test_call_back_from_qsort() -> None:
    compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    calls = []

    def compare(left: object, right: object) -> int:
        calls.append(1)
        return left[0] - right[0]  # type: ignore[index,no-any-return]

    numbers = (ctypes.c_int * 6)(5, 1, 4, -2, 3, 0)
    LIBC.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare_type(compare))
    harness.equal(list(numbers), [-2, 0, 1, 3, 4, 5])
    harness.holds(len(calls) > 4)


def test_structure_by_value_from_ldiv() -> None:
    LIBC.ldiv.restype = Division
    LIBC.ldiv.argtypes = (ctypes.c_long, ctypes.c_long)
    result = LIBC.ldiv(-17, 5)
    harness.equal((result.quotient, result.remainder), (-3, -2))


def test_big_structure_by_value_through_a_call_back() -> None:
    swap_type = ctypes.CFUNCTYPE(ctypes.c_double, Big, ctypes.c_int)
    swap = swap_type(lambda big, more: big.a + big.b + more + len(big.c))
    harness.equal(swap(Big(0.5, 10, b"abc"), 100), 113.5)


def test_variadic_function() -> None:
    buffer = ctypes.create_string_buffer(100)
    LIBC.snprintf(buffer, ctypes.c_size_t(100), b"%d %s %.2f", ctypes.c_int(7), b"text", ctypes.c_double(2.5))
    harness.equal(buffer.value, b"7 text 2.50")


def test_errno() -> None:
    harness.equal(LIBC.close(-1), -1)
    harness.equal(ctypes.get_errno(), errno.EBADF)


def test_interpreter_exports_its_api() -> None:
    harness.holds(ctypes.pythonapi.Py_GetVersion is not None)
    ctypes.pythonapi.Py_GetVersion.restype = ctypes.c_char_p
    harness.equal(ctypes.pythonapi.Py_GetVersion().decode(), sys.version)


def test_libraries_are_found_and_loaded() -> None:
    math = ctypes.CDLL("libm.so.6")
    math.cos.restype = ctypes.c_double
    math.cos.argtypes = (ctypes.c_double,)
    harness.equal(math.cos(0.0), 1.0)
    harness.holds(ctypes.util.find_library("c") is not None)


def test_exception_in_a_call_back_does_not_crash() -> None:
    seen = []
    sys.unraisablehook, hook = lambda info: seen.append(type(info.exc_value)), sys.unraisablehook
    try:
        ctypes.CFUNCTYPE(None)(lambda: 1 // 0)()
    finally:
        sys.unraisablehook = hook
    harness.equal(seen, [ZeroDivisionError])


if __name__ == "__main__":
    harness.main()
