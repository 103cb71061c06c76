"""A rule about pip: users who unpack a distribution can install packages at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from setup_local.audit.facts import Flavoured, Packed
from setup_local.audit.model import Group, Rule
from setup_local.audit.safety import ROOT
from setup_local.catalog.flavors import path_expression

Breaches = Iterator[tuple[str, str]]
_PART = "pip"  # of `flavors.toml`
# Files in the packages directory that `python -m pip`, its script and queries for pip's version use.
_WANTED: Mapping[str, str] = {
    "package pip": "pip/__main__.py",
    "command line of pip": "pip/_internal/cli/main.py",
    "record of pip's files": "pip-*.dist-info/RECORD",
}


def _pip(dist: Packed) -> Breaches:
    if isinstance(dist, Flavoured) and _PART in dist.flavor.without:
        return
    layout, root = dist.policy.tree, "" if isinstance(dist, Flavoured) else "install/"
    filled = [name for name, facts in dist.files.items() if not facts.blank]
    for what, path in _WANTED.items():
        expression = re.compile(path_expression(f"{root}{layout.packages}/{path}"))
        if not any(map(expression.fullmatch, filled)):
            yield dist.archive, f"the {what} is missing"
    scripts = [member for member in dist.members if member.name == f"{ROOT}{root}{layout.pip}"]
    if not any(member.mode & 0o111 for member in scripts):
        yield dist.archive, "there is no executable script that starts pip"


RULES: tuple[Rule[Packed], ...] = (
    Rule(id="pip", title="pip is installed and has a script", group=Group.ARCHIVE, check=_pip),
)
