"""Runs `setup-local` for tests with limits on memory and processor time: a separate process for each command line.

Reads lines of JSON (`words`, `directory`), writes lines of JSON (`code`, `out`, `err`, `peak`). Everything is imported
once, and each command runs in a fork, so hundreds of them take seconds. A limit on processor time does not depend on
how busy the machine is.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import tempfile
import traceback
from typing import Any

from setup_local import cli

MEMORY = 512 << 20  # bytes that a process may allocate
SECONDS = 60  # of processor time; most commands take less than one
_FILES = 1 << 30  # bytes of the largest file that may be written
_TRACEBACK = 99


def main() -> None:
    """Answer requests until there are no more."""
    for name in cli._COMMANDS:
        importlib.import_module(f"setup_local.commands.{name}")
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_answered(request["words"], request["directory"])), flush=True)  # noqa: T201


def _answered(words: list[str], directory: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _run(words, directory, out.fileno(), err.fileno())
        _, status, usage = os.wait4(child, 0)
        out.seek(0)
        err.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out.read().decode("utf-8", "replace"),
            "err": err.read().decode("utf-8", "replace"),
            "peak": usage.ru_maxrss << 10,
        }


def _run(words: list[str], directory: str, out: int, err: int) -> None:
    code: object = _TRACEBACK
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(directory)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILES, _FILES))
        cli.main(words)
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - every error must be shown
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else _TRACEBACK)


if __name__ == "__main__":
    main()
