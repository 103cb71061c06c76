"""For CPython's own tests in Wine: what it pretends to do is refused, as Windows refuses it to ordinary users.

Wine says that it made a symbolic link, and makes none. CPython's tests ask by making one.
"""

from __future__ import annotations

import os
from typing import NoReturn

_PRIVILEGE_NOT_HELD = 1314


def _refused(source: str, target: str, *_: object, **__: object) -> NoReturn:
    raise OSError(0, "Wine makes no symbolic links", source, _PRIVILEGE_NOT_HELD, target)


os.symlink = _refused
