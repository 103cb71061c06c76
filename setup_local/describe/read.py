"""Reads the facts of a distribution from its own files, and from a Python of its version that runs on this machine.

An interpreter for another processor may not run here, so facts that only it would know are read from the build results:
headers, Makefile, table of modules, object files. The *build Python* computes the rest with the distribution's standard
library, which is the same for every target of a version. If the interpreter does run here, it is also queried and must
agree.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build import makefile
from setup_local.build.launcher import HostPython
from setup_local.describe.probe import Facts, ask
from setup_local.errors import DescribeError
from setup_local.plan.model import Plan
from setup_local.stage import files
from setup_local.stage.installation import Installation, find
from setup_local.stage.staged import StagedTree
from setup_local.values import OperatingSystem

_DEFINE = re.compile(r'(?m)^#define[ \t]+(PY_\w+)[ \t]+"?([^"\s]+)"?')
# Values of PY_RELEASE_LEVEL: their names in sys.version_info, and their numbers in PY_VERSION_HEX.
_LEVELS = {
    "PY_RELEASE_LEVEL_ALPHA": ("alpha", 0xA),
    "PY_RELEASE_LEVEL_BETA": ("beta", 0xB),
    "PY_RELEASE_LEVEL_GAMMA": ("candidate", 0xC),
    "PY_RELEASE_LEVEL_FINAL": ("final", 0xF),
}
# Possible endings of the names of shared extension modules: the table `_PyImport_DynLoadFiletab`.
_SUFFIX = re.compile(rb"\.(?:[A-Za-z][\w-]*\.)?so(?=\0)")
_MOST_DIFFERENCES = 8


@dataclass(frozen=True, kw_only=True)
class Version:
    """The version in `patchlevel.h`."""

    text: str
    parts: tuple[str, ...]
    number: int


def read_facts(plan: Plan, staged: StagedTree, python: HostPython) -> Facts:
    """Return the facts of a staged tree; raise `DescribeError` if a file lacks the expected contents."""
    installation = find(staged.root / "install", f"{plan.python.major}.{plan.python.minor}", plan.abi_flags)
    version = read_version(files.read(installation.header.with_name("patchlevel.h")), installation.header)
    variables = makefile.variables(files.read(installation.config / "Makefile"))
    own = {
        "abiflags": " ".join(makefile.words("ABIFLAGS", variables)),
        "multiarch": " ".join(makefile.words("MULTIARCH", variables)),
        "extension_suffixes": extension_suffixes(staged.root / "build" / "Python", variables),
    }
    answer = ask(python, staged, own, _environment(plan, installation))
    if answer.version != version.text:
        what = f"the Python that replaces the interpreter is {answer.version}, but the headers are {version.text}"
        raise DescribeError(what, where=python.program)
    return dataclasses.replace(
        answer,
        implementation_version=version.parts,
        implementation_hex_version=version.number,
        builtin_modules=tuple(sorted(staged.inittab)),
    )


def read_version(text: str, where: object) -> Version:
    """Return the version in the text of `patchlevel.h`; raise `DescribeError` if it has none."""
    defined = dict(_DEFINE.findall(text))
    try:
        level, number = _LEVELS[defined["PY_RELEASE_LEVEL"]]
        parts = [defined[f"PY_{name}"] for name in ("MAJOR_VERSION", "MINOR_VERSION", "MICRO_VERSION")]
        serial = defined["PY_RELEASE_SERIAL"]
        major, minor, micro, last = map(int, (*parts, serial))
        encoded = major << 24 | minor << 16 | micro << 8 | number << 4 | last
        return Version(text=defined["PY_VERSION"], parts=(*parts, level, serial), number=encoded)
    except (KeyError, ValueError) as error:
        raise DescribeError(f"patchlevel.h does not state the version: {error}", where=where) from error


def extension_suffixes(objects: Path, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the possible endings of shared extension modules' names: none if the interpreter loads no modules.

    The interpreter tries the more specific ones first, which are the longer ones. In its object file they are in the
    compiler's order.
    """
    loading = makefile.words("DYNLOADFILE", variables)
    if len(loading) != 1 or not (objects / loading[0]).is_file():
        raise DescribeError(f"no object file loads modules: {' '.join(loading)}", where=objects)
    found = _SUFFIX.findall((objects / loading[0]).read_bytes())
    return tuple(sorted({suffix.decode() for suffix in found}, key=len, reverse=True))


def _environment(plan: Plan, installation: Installation) -> dict[str, str]:
    """Return the variables with which CPython's own cross builds make one Python answer for another."""
    data = files.only(installation.stdlib, "_sysconfigdata*.py")
    return {
        "PYTHONHOME": str(installation.root),
        "_PYTHON_HOST_PLATFORM": _platform(plan),
        "_PYTHON_PROJECT_BASE": str(installation.root / "bin"),
        "_PYTHON_SYSCONFIGDATA_NAME": data.stem,
    }


def _platform(plan: Plan) -> str:
    """Return what `sysconfig.get_platform` returns on the target."""
    if plan.target.os is OperatingSystem.DARWIN:
        return f"macosx-{plan.floor}-{plan.target.darwin.machine}"
    return f"{plan.target.os.value}-{plan.target.arch.machine_name}"


def refuse_differences(read: Facts, asked: Facts, *, where: object) -> None:
    """Raise a `DescribeError` that lists the differences between the interpreter's answers and its files."""
    found = list(differences(read, asked))
    if found:
        more = [f"and {len(found) - _MOST_DIFFERENCES} more"] if len(found) > _MOST_DIFFERENCES else []
        rows = "".join(f"\n  {row}" for row in (*found[:_MOST_DIFFERENCES], *more))
        raise DescribeError(f"the interpreter and the built files disagree:{rows}", where=where)


def differences(read: Facts, asked: Facts) -> Iterator[str]:
    """Yield a sentence for each fact that differs, for tables one for each entry."""
    for field in dataclasses.fields(Facts):
        ours, theirs = getattr(read, field.name), getattr(asked, field.name)
        if not isinstance(ours, dict):
            ours, theirs = {"": ours}, {"": theirs}
        for name in sorted(ours.keys() | theirs.keys()):
            if ours.get(name) != theirs.get(name):
                fact = f"{field.name}[{name}]" if name else field.name
                yield f"{fact}: {ours.get(name)!r} in the files, {theirs.get(name)!r} in the interpreter"
