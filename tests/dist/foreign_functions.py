"""`ctypes`: C library calls, callbacks, structures by value, variadic functions; all but the first need no loader."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import sys

import harness


def _libc() -> ctypes.CDLL:
    """Return the C library, whose symbols a static interpreter does not export."""
    if harness.c_library() == "static":
        raise harness.Skip("a static interpreter shows nothing but Python's C API")
    return ctypes.CDLL(None, use_errno=True)


class Division(ctypes.Structure):
    """The return value of C's `ldiv`, a structure by value."""

    _fields_ = (("quotient", ctypes.c_long), ("remainder", ctypes.c_long))


class Big(ctypes.Structure):
    """A structure that is too big for registers."""

    _fields_ = (("a", ctypes.c_double), ("b", ctypes.c_int), ("c", ctypes.c_char * 20))


def test_call_back_from_qsort() -> None:
    libc = _libc()
    compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    calls = []

    def compare(left: object, right: object) -> int:
        calls.append(1)
        return left[0] - right[0]  # type: ignore[index,no-any-return]

    numbers = (ctypes.c_int * 6)(5, 1, 4, -2, 3, 0)
    libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare_type(compare))
    harness.equal(list(numbers), [-2, 0, 1, 3, 4, 5])
    harness.holds(len(calls) > 4)


def test_many_call_backs_at_once() -> None:
    """Several tables of trampolines: each maps the same code next to its own data."""
    add_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    made = [add_type(lambda value, number=number: value + number) for number in range(1000)]  # type: ignore[misc]
    harness.equal([add(1) for add in made], list(range(1, 1001)))


def test_structure_by_value_from_ldiv() -> None:
    libc = _libc()
    libc.ldiv.restype = Division
    libc.ldiv.argtypes = (ctypes.c_long, ctypes.c_long)
    result = libc.ldiv(-17, 5)
    harness.equal((result.quotient, result.remainder), (-3, -2))


def test_big_structure_by_value_through_a_call_back() -> None:
    swap_type = ctypes.CFUNCTYPE(ctypes.c_double, Big, ctypes.c_int)
    swap = swap_type(lambda big, more: big.a + big.b + more + len(big.c))
    harness.equal(swap(Big(0.5, 10, b"abc"), 100), 113.5)


def test_variadic_function() -> None:
    """The types of the fixed arguments show ctypes which are variadic; some processors pass those differently."""
    buffer = ctypes.create_string_buffer(100)
    snprintf = _libc().snprintf
    snprintf.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p)
    snprintf(buffer, ctypes.c_size_t(100), b"%d %s %.2f", ctypes.c_int(7), b"text", ctypes.c_double(2.5))
    harness.equal(buffer.value, b"7 text 2.50")


def test_errno() -> None:
    harness.equal(_libc().close(-1), -1)
    harness.equal(ctypes.get_errno(), errno.EBADF)


def test_interpreter_exports_its_api() -> None:
    harness.holds(ctypes.pythonapi.Py_GetVersion is not None)
    ctypes.pythonapi.Py_GetVersion.restype = ctypes.c_char_p
    harness.equal(ctypes.pythonapi.Py_GetVersion().decode(), sys.version)


class Pair(ctypes.Structure):
    """A structure within a structure, with bit fields."""

    _fields_ = (("small", ctypes.c_uint, 3), ("large", ctypes.c_uint, 29), ("words", ctypes.c_char * 4))


class Number(ctypes.Union):
    """Two views of the same bytes."""

    _fields_ = (("value", ctypes.c_double), ("bits", ctypes.c_uint64))


def test_structures_arrays_and_unions() -> None:
    pairs = (Pair * 3)(Pair(5, 1000, b"abcd"), Pair(9, 2, b"x"))
    harness.equal([(pair.small, pair.large, pair.words) for pair in pairs], [(5, 1000, b"abcd"), (1, 2, b"x"), (0, 0, b"")])
    harness.equal(Pair.from_buffer_copy(bytes(pairs)[8:16]).words, b"x")
    harness.equal(Number(1.0).bits, 0x3FF0000000000000)
    pointer = ctypes.cast(pairs, ctypes.POINTER(Pair))
    harness.equal(pointer[1].large, 2)


def test_memory() -> None:
    buffer = ctypes.create_string_buffer(b"some text")
    harness.equal(ctypes.string_at(buffer, 4), b"some")
    harness.equal(ctypes.wstring_at(ctypes.create_unicode_buffer("Maß")), "Maß")
    ctypes.memset(buffer, ord("-"), 4)
    ctypes.memmove(ctypes.addressof(buffer) + 5, b"TEXT", 4)
    harness.equal(buffer.value, b"---- TEXT")


def test_the_c_api_is_called_and_raises() -> None:
    api = ctypes.pythonapi
    api.PyLong_FromString.restype = ctypes.py_object
    harness.equal(api.PyLong_FromString(b"2a", None, 16), 42)
    with harness.raises(ValueError, "invalid literal"):
        api.PyLong_FromString(b"z", None, 10)
    error = ctypes.py_object.in_dll(api, "PyExc_KeyError")
    harness.holds(error.value is KeyError)
    with harness.raises(AttributeError, "PyNothing_OfThisName"):
        api.PyNothing_OfThisName  # noqa: B018 - looking is what is tried


def test_a_static_interpreter_refuses_libraries_in_words() -> None:
    if harness.c_library() != "static":
        raise harness.Skip("this interpreter loads libraries")
    for name in ("libm.so.6", "/lib/libc.so.6", "nothing"):
        with harness.raises(OSError, f"{name}: this Python is linked statically and loads no shared libraries"):
            ctypes.CDLL(name)
    with harness.raises(AttributeError):
        ctypes.cdll.nothing  # noqa: B018 - looking is what is tried
    ctypes.util.find_library("c")


def test_libraries_are_found_and_loaded() -> None:
    _libc()
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
