"""Functions that must work with an old C library; the first argument is its expected version."""

from __future__ import annotations

import decimal
import hashlib
import importlib
import math
import mmap
import os
import platform
import select
import socket
import subprocess
import sys
import time

import harness


def test_c_library_is_really_the_old_one() -> None:
    ctypes = importlib.import_module("ctypes")
    library = ctypes.CDLL(None)
    library.gnu_get_libc_version.restype = ctypes.c_char_p
    harness.equal(library.gnu_get_libc_version().decode(), sys.argv[1])
    harness.equal(os.confstr("CS_GNU_LIBC_VERSION"), f"glibc {sys.argv[1]}")
    harness.say(f"     glibc {sys.argv[1]} on Linux {platform.release()}")


def test_every_built_in_module() -> None:
    for name in sys.builtin_module_names:
        importlib.import_module(name)
    harness.say(f"     {len(sys.builtin_module_names)} modules")


def test_shared_extension_modules() -> None:
    directory = next(path for path in sys.path if path.endswith("lib-dynload"))
    names = sorted(name.partition(".")[0] for name in os.listdir(directory) if name.endswith(".so"))
    for name in names:
        importlib.import_module(name)
    harness.say(f"     {' '.join(names)}")


def test_tls_handshake_in_memory() -> None:
    importlib.import_module("tls").test_handshake_in_memory()


def test_tls_handshake_on_loopback() -> None:
    importlib.import_module("tls").test_tls_1_3()


def test_database() -> None:
    databases = importlib.import_module("databases")
    databases.test_full_text_search()
    databases.test_mathematical_functions()
    databases.test_backup_into_a_file()


def test_foreign_functions() -> None:
    foreign_functions = importlib.import_module("foreign_functions")
    foreign_functions.test_call_back_from_qsort()
    foreign_functions.test_big_structure_by_value_through_a_call_back()


def test_hashes_and_compression() -> None:
    for name in hashlib.algorithms_guaranteed:
        hashlib.new(name, b"abc")
    for name in ("zlib", "bz2", "lzma"):
        module = importlib.import_module(name)
        harness.equal(module.decompress(module.compress(b"text" * 1000)), b"text" * 1000)


def test_subprocess() -> None:
    code = "import sys, ssl; print(sys.argv[1] * 2)"
    harness.equal(harness.run(sys.executable, "-c", code, "ab", seconds=30), "abab\n")


def test_functions_newer_than_the_library() -> None:
    """glibc added these after 2.17; the kernel supports them, so they work."""
    harness.equal(len(os.getrandom(8)), 8)
    handle = os.memfd_create("x")
    os.write(handle, b"in memory")
    other = os.memfd_create("y")
    harness.equal(os.copy_file_range(handle, other, 9, 0), 9)
    with mmap.mmap(other, 9) as view:
        harness.equal(view[:], b"in memory")
    harness.equal(os.preadv(handle, [bytearray(9)], 0, 0), 9)
    harness.equal(os.pwritev(handle, [b"IN"], 0, 0), 2)
    os.close(handle)
    os.close(other)


def test_clocks_and_numbers() -> None:
    harness.holds(time.clock_gettime(time.CLOCK_MONOTONIC) > 0)
    time.sleep(0.01)
    harness.equal(math.log2(8.0), 3.0)
    harness.holds(math.isclose(math.log2(1e-308), -1023.1538532253076, rel_tol=1e-15))
    harness.equal(str(decimal.Decimal(2).sqrt()), "1.414213562373095048801688724")
    harness.equal(time.strftime("%Y-%m-%d", time.gmtime(0)), "1970-01-01")


def test_sockets_and_polling() -> None:
    left, right = socket.socketpair()
    with left, right, select.epoll() as poll:
        poll.register(right, select.EPOLLIN)
        left.send(b"x")
        harness.equal(poll.poll(5), [(right.fileno(), select.EPOLLIN)])


if __name__ == "__main__":
    harness.main()
