"""Makes CPython's record of its own build neutral: no toolchain, no directory of the build machine."""

from __future__ import annotations

import ast
import pprint
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build import makefile
from setup_local.catalog.sysconfig import Settings
from setup_local.errors import StageError
from setup_local.render import render
from setup_local.stage import files

Variables = dict[str, "str | int"]

# sysconfig reads these from the Makefile variables with the prefix `PY_`, and keeps both.
_RENAMED = ("CFLAGS", "LDFLAGS", "CPPFLAGS")
_HEADER = "build_time_vars = "


@dataclass(frozen=True, kw_only=True)
class Neutral:
    """A Makefile before and after it was made neutral; the values are not expanded."""

    text: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    def changes(self) -> dict[str, str]:
        """Return the variables, by sysconfig's names, whose expanded value has changed."""
        changed: dict[str, str] = {}
        for name in self.before:
            value = makefile.expand(self.after.get(name, ""), self.after)
            if value != makefile.expand(self.before[name], self.before):
                changed[name] = value
                if (short := name.removeprefix("PY_")) in _RENAMED:
                    changed[short] = value
        return changed


def neutral(text: str, settings: Settings) -> Neutral:
    """Return a Makefile in which the build's own values are replaced with those of the settings."""
    edited = makefile.edit(text, settings.replacement)
    return Neutral(text=edited, before=makefile.variables(text), after=makefile.variables(edited))


def leaks(before: Mapping[str, str], settings: Settings) -> tuple[str, ...]:
    """Return the directories of the build machine that a raw Makefile names."""
    names = ("abs_srcdir", "abs_builddir", "CC", "CXX", "AR", "CONFIG_ARGS")
    text = " ".join(before.get(name, "") for name in names)
    found = {word.rstrip("/") for word in re.findall(r"(?<![\w./$)}-])/[^\s'\":,;=]+", text)}
    own = {word for word in found if word == settings.prefix or word.startswith(f"{settings.prefix}/")}
    return tuple(sorted(word for word in found - own if word.count("/") > 1))


def parse(text: str, where: Path) -> Variables:
    """Return the variables of a `_sysconfigdata` module, read as a literal; raise `StageError`."""
    try:
        body = ast.parse(text).body
        if len(body) == 1 and isinstance(body[0], ast.Assign):
            value = ast.literal_eval(body[0].value)
            if isinstance(value, dict):
                return value
    except (ValueError, SyntaxError) as error:
        raise StageError(f"is not a _sysconfigdata module: {error}", where=where) from error
    raise StageError("does not consist of exactly one dictionary", where=where)


def check(variables: Mapping[str, str | int], settings: Settings, leaked: tuple[str, ...], where: Path) -> None:
    """Raise `StageError` for a directory of the build machine, or a prefix that cannot follow the tree."""
    loose = re.compile(rf"{re.escape(settings.prefix)}(?![/\s'\"]|$)|(?<=[\w.])(?<!-[IL]){re.escape(settings.prefix)}")
    for name, value in variables.items():
        text = str(value)
        if found := next((word for word in leaked if word in text), None):
            raise StageError(f"{name} names {found}, a directory of the build machine", where=where)
        if loose.search(text):
            raise StageError(f"{name} contains {settings.prefix} as part of another word: {text!r}", where=where)


def relocate(path: Path, changed: Neutral, settings: Settings) -> Variables:
    """Rewrite a `_sysconfigdata` module so that its directories follow the tree; return its variables.

    The dictionary stays a literal at the top with the configured prefix in it: tools that install
    distributions read and rewrite it as text.
    """
    values = parse(files.read(path), path)
    values.update({name: value for name, value in changed.changes().items() if name in values})
    values.update(settings.config_vars)
    check(values, settings, leaks(changed.before, settings), path)
    text = pprint.pformat(values, width=100)
    files.write(path, render("sysconfigdata.py.j2", {"variables": text, "prefix": settings.prefix}))
    return values
