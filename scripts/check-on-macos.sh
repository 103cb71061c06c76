#!/bin/sh
# Test a distribution on a Mac: check-on-macos.sh ARCHIVE [all]
#
# ARCHIVE is a full or an install_only archive. Only macOS is needed; tests that need the network are skipped without
# it. With "all", all of CPython's own regression tests are run, otherwise a part of them. Each line is "ok", "FAILED"
# or "skipped"; the exit status is 0 if nothing failed. Logs of failed tests are kept, and their directory is printed at
# the end.
set -u

archive=${1:?"usage: $0 ARCHIVE [all]"}
tests=${2:-some}
[ "$(uname -s)" = Darwin ] || { echo "$0: this is not macOS" >&2; exit 2; }
[ -r "$archive" ] || { echo "$0: cannot read $archive" >&2; exit 2; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/check python.XXXXXX")
failed=0
trap 'chmod -R u+w "$scratch"; [ "$failed" -ne 0 ] || rm -rf "$scratch"' EXIT

# Run a test: its name, then a command. If it fails, the end of its output is shown.
check() {
    name=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then
        echo "ok       $name"
    elif [ "$(tail -n 1 "$scratch/output")" = skipped ]; then
        echo "skipped  $name: $(head -n 1 "$scratch/output")"
    else
        failed=$((failed + 1))
        echo "FAILED   $name"
        cp "$scratch/output" "$scratch/failed-$failed.log"
        tail -n 20 "$scratch/output" | sed 's/^/         /'
    fi
}

# Unpack; tar of macOS 13 and older may lack zstd.
mkdir "$scratch/first place"
case $archive in
    *.zst) tar --zstd -xf "$archive" -C "$scratch/first place" 2>/dev/null || zstd -dc "$archive" | tar -xf - -C "$scratch/first place" ;;
    *) tar -xf "$archive" -C "$scratch/first place" ;;
esac || { echo "$0: cannot unpack $archive" >&2; exit 2; }
# The quarantine attribute, which browsers set on downloads, is not tested here.
xattr -dr com.apple.quarantine "$scratch/first place" 2>/dev/null
mv "$scratch/first place" "$scratch/another place"
tree="$scratch/another place/python"
root=$tree
[ -d "$tree/install" ] && root=$tree/install
python=$root/bin/python3

binaries() {
    find "$root" -type f \( -name '*.so' -o -name '*.dylib' -o -path '*/bin/python3.*' \) -not -name '*-config'
}

signatures() {
    binaries | while IFS= read -r file; do
        codesign --verify --strict "$file" || exit 1
    done
}

# Check that only system libraries are needed. The first line of otool's output, which names the file, is dropped.
libraries() {
    binaries | while IFS= read -r file; do
        if otool -L "$file" | sed 1d | grep -v -E '^[[:space:]]+(/usr/lib/libSystem|/System/Library/Frameworks/|@rpath/libpython)'; then
            echo "in $file"
            exit 1
        fi
    done
}

run() {
    "$python" -I -c "$1"
}

check "the interpreter starts after a move, in a path with a space" "$python" -I -c 'import sys; print(sys.version)'
[ "$failed" -eq 0 ] || { echo "nothing else can be tested; logs are in $scratch" >&2; exit 1; }
check "signatures are valid" signatures
if command -v otool >/dev/null 2>&1 && xcode-select -p >/dev/null 2>&1; then
    check "only system libraries are needed" libraries
fi

check "platform and paths" run '
import os, platform, sys, sysconfig
kind, minimum, machine = sysconfig.get_platform().split("-")
assert kind == "macosx" and machine == platform.machine(), sysconfig.get_platform()
assert tuple(map(int, minimum.split("."))) <= tuple(map(int, platform.mac_ver()[0].split(".")[:2]))
for name, value in sysconfig.get_config_vars().items():
    assert "isysroot" not in str(value) and "/install/" not in str(value).replace(sys.base_prefix, ""), (name, value)
assert sysconfig.get_path("include").startswith(sys.base_prefix)'

check "every extension module can be imported" run '
import importlib, importlib.machinery, os, sys, sysconfig
suffixes = importlib.machinery.EXTENSION_SUFFIXES
directory = sysconfig.get_config_var("DESTSHARED")
shared = {name.split(".")[0] for name in os.listdir(directory) if name.endswith(tuple(suffixes))}
print(len(shared), "shared,", len(sys.builtin_module_names), "built in")
for name in sorted(shared | set(sys.builtin_module_names)):
    importlib.import_module(name)'

check "functions newer than the minimum are available" run '
import os, platform
version = tuple(map(int, platform.mac_ver()[0].split(".")[:2]))
since = {"preadv": (11, 0), "pwritev": (11, 0), "mkfifo": (10, 0)}
missing = [name for name, first in since.items() if version >= first and not hasattr(os, name)]
assert not missing, missing
if version >= (13, 0):
    assert os.mkfifo in os.supports_dir_fd and os.mknod in os.supports_dir_fd
os.posix_spawn("/usr/bin/true", ["true"], {}, setsid=True)'

check "TLS, with system or bundled certificates" run '
import ssl
context = ssl.create_default_context()
print(ssl.OPENSSL_VERSION, len(context.get_ca_certs()))
assert len(context.get_ca_certs()) > 50'

check "a connection to www.python.org" run '
import urllib.error, urllib.request
try:
    urllib.request.urlopen("https://www.python.org/", timeout=20).read(1)
except urllib.error.URLError as error:
    if "CERTIFICATE" in str(error):
        raise
    print("no network:", error); print("skipped"); raise SystemExit(1)'

check "system proxies" run 'import _scproxy; _scproxy._get_proxies(); _scproxy._get_proxy_settings()'

check "callbacks through libffi" run '
import ctypes
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 4)(4, 2, 3, 1)
ctypes.CDLL(None).qsort(numbers, 4, 4, compare(lambda a, b: a[0] - b[0]))
assert list(numbers) == [1, 2, 3, 4]
printf = ctypes.CDLL(None).snprintf
text = ctypes.create_string_buffer(40)
printf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
printf(text, 40, b"%d %.1f", ctypes.c_int(3), ctypes.c_double(0.5))
assert text.value == b"3 0.5", text.value'

check "databases and compression" run '
import bz2, dbm.ndbm, lzma, os, sqlite3, tempfile, zlib
connection = sqlite3.connect(":memory:")
connection.execute("create virtual table t using fts5(a)")
connection.execute("insert into t values (?)", ("words of a text",))
assert connection.execute("select count(*) from t where t match ?", ("text",)).fetchone() == (1,)
data = b"some text" * 1000
for module in (bz2, lzma, zlib):
    assert module.decompress(module.compress(data)) == data
with tempfile.TemporaryDirectory() as directory:
    with dbm.ndbm.open(os.path.join(directory, "file"), "c") as store:
        store[b"key"] = b"value"
        assert store[b"key"] == b"value"'

check "terminals" env TERM=xterm-256color "$python" -I -c '
import curses, os, readline
curses.setupterm(fd=os.open(os.devnull, os.O_WRONLY))
assert curses.tigetnum("colors") == 256
assert readline.backend == "editline"'

check "processes and threads" run '
import asyncio, concurrent.futures, multiprocessing, multiprocessing.shared_memory, threading, uuid
def work():
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=10)
    block.close(); block.unlink()
    uuid.uuid1()
thread = threading.Thread(target=work); thread.start(); thread.join()
context = multiprocessing.get_context("fork")
lock = context.Lock()
with lock: pass
async def echo():
    process = await asyncio.create_subprocess_exec("/bin/echo", "word", stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"word\n"
asyncio.run(echo())'

environment() {
    "$python" -m venv "$scratch/environment" && "$scratch/environment/bin/pip" --version && "$scratch/environment/bin/python" -I -c 'import ssl'
}
check "a virtual environment" environment
check "pip as a script" "$root/bin/pip3" --version

wheel() {
    if ! "$scratch/environment/bin/pip" download --quiet --no-deps --dest "$scratch/wheels" markupsafe; then
        echo "no network"; echo skipped; return 1
    fi
    "$scratch/environment/bin/pip" install --quiet --no-index --find-links "$scratch/wheels" --only-binary :all: markupsafe &&
        "$scratch/environment/bin/python" -I -c 'import markupsafe._speedups'
}
check "a wheel from PyPI for this system" wheel

compiled() {
    if ! xcode-select -p; then
        echo "no compiler"; echo skipped; return 1
    fi
    cd "$scratch" || return 1
    cat >greeting.c <<'END'
#include <Python.h>
static PyObject *greet(PyObject *self, PyObject *args) { (void)self; (void)args; return PyUnicode_FromString("hello"); }
static PyMethodDef methods[] = {{"greet", greet, METH_NOARGS, ""}, {0, 0, 0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "greeting", "", -1, methods, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_greeting(void) { return PyModule_Create(&module); }
END
    cat >embed.c <<'END'
#include <Python.h>
int main(void) { Py_Initialize(); int failed = PyRun_SimpleString("import ssl, sqlite3"); Py_Finalize(); return failed != 0; }
END
    suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
    eval "cc -bundle -undefined dynamic_lookup $("$root/bin/python3-config" --includes) greeting.c -o greeting$suffix" &&
        "$python" -c 'import greeting; assert greeting.greet() == "hello"' &&
        eval "cc embed.c $("$root/bin/python3-config" --includes --embed) $("$root/bin/python3-config" --ldflags --embed) -o embed" &&
        ./embed
}
check "an extension module and a program that embeds Python" compiled

regression() {
    cd "$scratch" || return 1
    if [ "$tests" = all ]; then
        "$python" -m test -j0 -u all,-largefile,-audio,-gui --timeout 1200
    else
        "$python" -m test -j0 --timeout 600 test_builtin test_ctypes test_decimal test_hashlib test_os test_posix test_posixpath test_pty \
            test_select test_socket test_sqlite3 test_ssl test_subprocess test_sysconfig test_threading test_uuid test_venv test_zlib
    fi
}
if [ -d "$(ls -d "$root"/lib/python3.*/test 2>/dev/null | head -n 1)" ]; then
    check "CPython's own tests ($tests)" regression
fi

chmod -R a-w "$root"
check "a read-only tree" run 'import json, ssl, sqlite3'
chmod -R u+w "$root"

if [ "$failed" -ne 0 ]; then
    echo "$failed tests failed; logs and the tree are in $scratch" >&2
    exit 1
fi
