"""Functions that must work with musl and in a static interpreter; the first argument is musl's version, or `none`."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import sysconfig

import harness
from old_c_library import (  # noqa: F401 - the harness runs them
    test_clocks_and_numbers,
    test_database,
    test_every_built_in_module,
    test_hashes_and_compression,
    test_sockets_and_polling,
    test_subprocess,
    test_tls_handshake_in_memory,
    test_tls_handshake_on_loopback,
)

LOADER = "/lib/ld-musl-x86_64.so.1"
_WITHOUT_CRYPT = "1.2.3"


def _dynamic() -> bool:
    return sys.argv[1] != "none"


def test_c_library_is_really_the_one_that_is_meant() -> None:
    harness.equal(os.path.exists(LOADER), _dynamic())
    if _dynamic():
        said = subprocess.run([LOADER], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False).stdout
        harness.holds(f"Version {sys.argv[1]}" in said.decode())
    files = [os.path.join(place, name) for place, _, names in os.walk("/lib") for name in names]
    harness.equal([path for path in files if "libc.so.6" in path or "ld-linux" in path], [])


def test_shared_extension_modules() -> None:
    directory = os.path.join(sys.base_prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "lib-dynload")
    names = sorted(name.partition(".")[0] for name in os.listdir(directory) if name.endswith(".so"))
    harness.equal(bool(names), _dynamic())
    for name in names:
        if name == "_crypt" and sys.argv[1] == _WITHOUT_CRYPT:
            harness.say(f"skip {name}: Debian's musl {_WITHOUT_CRYPT} is compiled without crypt")
            continue
        importlib.import_module(name)
    harness.say(f"     {len(names)}: {' '.join(names)}")


def test_foreign_functions() -> None:
    foreign_functions = importlib.import_module("foreign_functions")
    if _dynamic():
        foreign_functions.test_call_back_from_qsort()
    else:
        foreign_functions.test_the_c_api_is_called_and_raises()
    foreign_functions.test_big_structure_by_value_through_a_call_back()


def test_functions_newer_than_the_library() -> None:
    """musl added these in 1.2.5; the kernel supports them, so they work."""
    handle = os.memfd_create("x")
    harness.equal(os.pwritev(handle, [b"in memory"], 0, 0), 9)
    harness.equal(os.preadv(handle, [bytearray(9)], 0, 0), 9)
    harness.holds(os.RWF_NOWAIT)
    os.close(handle)


def test_names_are_resolved_without_a_name_service() -> None:
    found = {item[4][0] for item in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    harness.holds("127.0.0.1" in found)
    harness.equal(importlib.import_module("pwd").getpwuid(0).pw_name, "root")


def test_processes_and_threads() -> None:
    """By default, a thread has a stack of 128 KiB with musl; one of these threads recurses deeply."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "processes.py")
    output = harness.python("-B", script, seconds=90)
    harness.holds("ok   test_deep_recursion_in_a_thread" in output)


def test_extension_modules_can_be_loaded_or_are_not_looked_for() -> None:
    machinery = importlib.import_module("importlib.machinery")
    harness.equal(bool(machinery.EXTENSION_SUFFIXES), _dynamic())
    if _dynamic() and sys.version_info >= (3, 11):
        harness.holds("linux-musl" in sysconfig.get_config_var("EXT_SUFFIX"))


if __name__ == "__main__":
    harness.main()
