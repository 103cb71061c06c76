"""For CPython's own tests in Wine: symbolic links are refused, as Windows refuses them to ordinary users.

Wine reports success but creates no link. CPython's tests detect support by creating one.
"""

from __future__ import annotations

import os
from typing import NoReturn

_PRIVILEGE_NOT_HELD = 1314


def _refused(src: str, dst: str, target_is_directory: bool = False, *, dir_fd: int | None = None) -> NoReturn:
    raise OSError(0, "Wine makes no symbolic links", src, _PRIVILEGE_NOT_HELD, dst)


os.symlink = _refused
