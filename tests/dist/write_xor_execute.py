"""Everything works if the kernel forbids executable data (`prctl(PR_SET_MDWE)`, systemd's MemoryDenyWriteExecute=)."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import harness

# The scripts whose subjects could need it: callbacks, compiled regular expressions and queries, ciphers.
SCRIPTS = ("foreign_functions", "databases", "tls", "compression", "numbers_and_text", "threads")
# Deny it to this process permanently, and execute the interpreter again: the setting survives execve (prctl(2)).
REFUSING = """
import ctypes, os, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(f"refused {ctypes.get_errno()}")
os.execv(sys.executable, [sys.executable, "-B", *sys.argv[1:]])
"""
NEW_CODE = """
import mmap
try:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    print("denied")
"""


def _denied(*arguments: str) -> str:
    """Run the interpreter without executable data; skip if the kernel or the interpreter does not support this."""
    if harness.c_library() == "static":
        raise harness.Skip("a static interpreter cannot call prctl")
    harness.want("_ctypes")
    tried = harness.run(sys.executable, "-c", REFUSING + "\n", "-c", "print('asked')", status=None)
    if f"refused {errno.EINVAL}" in tried:
        raise harness.Skip("this kernel has no PR_SET_MDWE (6.3 or newer)")
    harness.holds("asked" in tried)
    return harness.python("-c", REFUSING, *arguments, seconds=100)


def test_new_code_is_denied() -> None:
    harness.equal(_denied("-c", NEW_CODE).strip(), "denied")


def test_everything_else_works() -> None:
    for name in SCRIPTS:
        output = _denied(os.fspath(Path(__file__).with_name(f"{name}.py")))
        harness.holds("ok   test_" in output)
        harness.say(f"     {name}: {output.count('ok   test_')} tests")


if __name__ == "__main__":
    harness.main()
