"""Uses a distribution for Windows as programs do, in Wine or on Windows. Needs only the standard library.

    python on_windows.py

Prints a line for each function; exits with 1 if any of them failed.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import mmap
import os
import platform
import select
import socket
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
import zipfile
from pathlib import Path

IS_64_BIT = sys.maxsize > 2**32
SPAWNED = """\
import multiprocessing
def square(x):
    return x * x
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(square, range(4)))
"""


def test_every_built_in_module_is_imported() -> None:
    for name in sys.builtin_module_names:
        importlib.import_module(name)


def test_modules_of_the_test_suite_are_files() -> None:
    if not Path(sys.base_prefix, "Lib", "test").is_dir():
        return  # an installation without the test suite also lacks its modules
    found = {path.name.partition(".")[0] for path in Path(sys.base_prefix, "DLLs").glob("*.pyd")}
    assert {"_testcapi", "_testinternalcapi", "_ctypes_test", "xxlimited"} <= found
    for name in sorted(found - {"_testconsole"}):
        assert Path(importlib.import_module(name).__spec__.origin).suffix == ".pyd"


def test_wmi_reports_the_version_of_the_system() -> None:
    import _wmi

    assert _wmi.exec_query("SELECT Version FROM Win32_OperatingSystem") == f"Version={platform.version()}"


def test_names_are_those_that_wheels_expect() -> None:
    tag, machine = ("win-amd64", "64 bit (AMD64)") if IS_64_BIT else ("win32", "32 bit (Intel)")
    assert sysconfig.get_platform() == tag
    version = f"{sysconfig.get_config_var('py_version_nodot')}{sysconfig.get_config_var('abi_thread')}"
    suffix = f".cp{version}-{tag.replace('-', '_')}.pyd"
    assert sysconfig.get_config_var("EXT_SUFFIX") == suffix
    assert machine in sys.version
    assert platform.python_implementation() == "CPython"


def test_no_module_of_the_standard_library_needs_the_gil() -> None:
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled()  # all built-in modules and those in files have been imported
        counted = []
        threads = [threading.Thread(target=lambda: counted.extend(range(1000))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counted) == sorted(list(range(1000)) * 8)


def test_com_servers_can_be_written_in_python() -> None:
    import _ctypes

    if file := getattr(_ctypes, "__file__", ""):  # the system looks for these functions in the file of the module
        library = ctypes.PyDLL(file)
        assert library.DllCanUnloadNow() == 0
        assert library.DllGetClassObject


def test_sizes_are_those_of_the_official_abi() -> None:
    pointer = 8 if IS_64_BIT else 4
    sizes = {ctypes.c_long: 4, ctypes.c_longdouble: 8, ctypes.c_wchar: 2, ctypes.c_ssize_t: pointer, ctypes.c_void_p: pointer}
    assert all(ctypes.sizeof(kind) == size for kind, size in sizes.items())


def test_compression() -> None:
    import bz2
    import lzma
    import zlib

    data = bytes(range(256)) * 500
    for module in (zlib, bz2, lzma):
        assert module.decompress(module.compress(data)) == data


def test_callbacks() -> None:
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 5)(5, 3, 1, 4, 2)
    ctypes.cdll.msvcrt.qsort(numbers, 5, 4, compare(lambda left, right: left[0] - right[0]))
    assert list(numbers) == [1, 2, 3, 4, 5]
    assert ctypes.windll.kernel32.GetCurrentProcessId() == os.getpid()


def test_database() -> None:
    import sqlite3

    with sqlite3.connect(":memory:") as connection:
        connection.execute("create virtual table t using fts5(x)")
        connection.execute("insert into t values('hello world')")
        assert connection.execute("select count(*) from t where t match 'hello'").fetchone() == (1,)


def test_decimal_numbers() -> None:
    import decimal

    assert importlib.import_module("_decimal").__name__ == "_decimal"
    with decimal.localcontext() as context:
        context.prec = 60
        assert str(decimal.Decimal(2).sqrt()).startswith("1.41421356237309504880168872420969807856967187537694")


def test_xml_documents() -> None:
    import xml.etree.ElementTree as ET

    assert ET.fromstring("<a><b>1</b></a>")[0].text == "1"


def test_hashes() -> None:
    import hashlib

    assert hashlib.new("sha3_256", b"x").digest() == hashlib.sha3_256(b"x").digest()
    assert hashlib.scrypt(b"x", salt=b"y", n=2, r=8, p=1, dklen=8)


def test_processes_and_pipes() -> None:
    done = subprocess.run([sys.executable, "-c", "print(input()[::-1])"], input="abc", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "cba\n"), done.stderr


def test_proactor_event_loop() -> None:
    async def main() -> None:
        assert type(asyncio.get_running_loop()).__name__ == "ProactorEventLoop"
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)", stdout=subprocess.PIPE)
        output, _ = await child.communicate()
        assert output.strip() == b"1"
        server = await asyncio.start_server(lambda _, writer: (writer.write(b"x"), writer.close()), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b"x"
        writer.close()
        server.close()

    asyncio.run(main())


def test_spawned_workers() -> None:
    with tempfile.TemporaryDirectory() as place:
        script = Path(place, "spawned.py")
        script.write_text(SPAWNED, encoding="utf-8")
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
        assert done.stdout.strip() == "[0, 1, 4, 9]", done.stderr


def test_shared_memory() -> None:
    with mmap.mmap(-1, 4096) as memory:
        memory[:3] = b"abc"
        assert memory[:3] == b"abc"


def test_registry() -> None:
    import winreg

    place = r"Software\setup_local-test"
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, place) as key:
        winreg.SetValueEx(key, "name", 0, winreg.REG_SZ, "value")
        assert winreg.QueryValueEx(key, "name") == ("value", winreg.REG_SZ)
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, place)


def test_sockets() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.send(b"hi")
        assert select.select([right], [], [], 5)[0] == [right]
        assert right.recv(9) == b"hi"


def test_invalid_arguments_of_the_c_runtime_are_errors() -> None:
    for wrong in (lambda: os.close(999), lambda: time.strftime("%y", (0, 1, 1, 0, 0, 0, 0, 1, 0))):
        try:
            wrong()
        except (OSError, ValueError):
            continue
        raise AssertionError("nothing was raised")


def test_tls_between_client_and_server() -> None:
    certificates = Path(__file__).with_name("certificates")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates / "server.pem")
    client = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    left, right = socket.socketpair()

    def serve() -> None:
        with server.wrap_socket(right, server_side=True) as stream:
            stream.sendall(stream.recv(5)[::-1])

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(left, server_hostname="localhost") as stream:
        stream.sendall(b"hello")
        assert stream.recv(5) == b"olleh"
    thread.join()


def test_certificates_of_the_system_are_listed() -> None:
    assert isinstance(ssl.enum_certificates("ROOT"), list)


def test_virtual_environment() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        environment = Path(place, "with blank")
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=600)
        code = "import pip, sys; print(sys.prefix != sys.base_prefix)"
        done = subprocess.run([environment / "Scripts" / "python.exe", "-c", code], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "True", done.stderr


def test_pip_installs_a_package_with_a_program() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        environment, wheel = Path(place, "environment"), Path(place, "hello-1-py3-none-any.whl")
        info = "hello-1.dist-info"
        members = {
            "hello.py": "def main():\n    print('hello')\n",
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: 1\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": "[console_scripts]\nhello = hello:main\n",
        }
        members[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*members, f"{info}/RECORD"))
        with zipfile.ZipFile(wheel, "w") as packed:
            for name, text in members.items():
                packed.writestr(name, text)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=600)
        python = environment / "Scripts" / "python.exe"
        subprocess.run([python, "-m", "pip", "install", "--no-index", "-q", wheel], check=True, timeout=600)
        done = subprocess.run([environment / "Scripts" / "hello.exe"], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "hello", done.stderr


def test_pip_starts_from_its_launcher() -> None:
    program = Path(sys.prefix, "Scripts", "pip.exe")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.startswith("pip "), done.stderr


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run every function; return 1 if any of them failed."""
    failed = 0
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            try:
                function()
                say(f"ok {name}")
            except Exception:  # noqa: BLE001 -- every failure is reported, and the other tests still run
                failed += 1
                say(f"FAILED {name}\n{traceback.format_exc(limit=-4)}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
