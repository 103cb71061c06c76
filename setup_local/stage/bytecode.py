"""Bytecode of the whole library: valid wherever the tree is unpacked, and reproducible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from setup_local import paths
from setup_local.build.launcher import HostPython
from setup_local.errors import StageError
from setup_local.run import CommandFailed, run

# Part of the result: another number divides the files differently.
SHARES = 8
# The interpreter's whole environment; the hash seed determines the order of constant sets.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "HOME": "/nonexistent"}
_TESTS = frozenset({"test", "tests"})


def compile_library(install: Path, python: HostPython, checked: tuple[str, ...], jobs: int) -> None:
    """Compile every module below `lib/` with a Python of the same version, `jobs` shares at a time.

    Raises `StageError` if a module other than test data cannot be compiled, or the interpreter fails.
    """

    def compiled(index: int) -> list[str]:
        script = paths.DATA / "probe" / "compile_tree.py"
        words: list[str | Path] = ["-s", "-S", "-B", script, install, str(index), str(SHARES), *checked]
        return run(python.command(words), env=environment, cwd=install).stdout.splitlines()

    environment = {**ENVIRONMENT, **({"PYTHONHOME": str(install)} if python.is_other else {})}
    try:
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            invalid = [name for names in pool.map(compiled, range(SHARES)) for name in names]
    except CommandFailed as error:
        raise StageError(f"cannot compile its standard library: {error.output[-400:]}", where=python.program) from error
    if broken := [name for name in invalid if not _TESTS.intersection(PurePosixPath(name).parts)]:
        raise StageError(f"{len(broken)} modules are not valid Python; the first is {broken[0]}", where=install)
