"""Lend functions to Wine's C runtime, which exports them but raises an exception when they are called.

Each exported stub gets a jump to a function of the same name in another DLL. Only the running process is changed.
"""

from __future__ import annotations

import ctypes
import sys

_WRITABLE_CODE = 0x40  # PAGE_EXECUTE_READWRITE of VirtualProtect
# Move an address to the register of results, and jump there.
_MOVE, _JUMP = b"\x48\xb8" if sys.maxsize > 2**32 else b"\xb8", b"\xff\xe0"
FUNCTIONS = [f"c{name}{suffix}" for name in ("real", "imag", "abs", "arg") for suffix in ("", "f", "l")]


def lend(library: str) -> None:
    """Let the C runtime jump to the functions of a DLL; the DLL stays loaded.

    Raises:
        AttributeError: The C runtime or the DLL does not export one of them.
    """
    lender, runtime = ctypes.CDLL(library), ctypes.CDLL("ucrtbase")
    for name in FUNCTIONS:
        stub, function = (ctypes.cast(getattr(dll, name), ctypes.c_void_p).value for dll in (runtime, lender))
        code = _MOVE + function.to_bytes(ctypes.sizeof(ctypes.c_void_p), "little") + _JUMP
        before = ctypes.c_ulong()
        if not ctypes.windll.kernel32.VirtualProtect(
            ctypes.c_void_p(stub), len(code), _WRITABLE_CODE, ctypes.byref(before)
        ):
            raise ctypes.WinError()
        ctypes.memmove(stub, code, len(code))
