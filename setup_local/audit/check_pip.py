"""A rule about pip: who unpacks a distribution can install packages at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from setup_local.audit.facts import Flavoured, Packed
from setup_local.audit.model import Group, Rule
from setup_local.audit.safety import ROOT

Breaches = Iterator[tuple[str, str]]
_PART = "pip"  # of `flavors.toml`
_PACKAGES = r"(install/)?[Ll]ib/(python[^/]*/)?site-packages"
# What `python -m pip`, the script and whoever asks for the version of pip look at.
_WANTED: Mapping[str, re.Pattern[str]] = {
    "package pip": re.compile(rf"{_PACKAGES}/pip/__main__\.py"),
    "command line of pip": re.compile(rf"{_PACKAGES}/pip/_internal/cli/main\.py"),
    "record of what belongs to pip": re.compile(rf"{_PACKAGES}/pip-[^/]+\.dist-info/RECORD"),
}
_SCRIPT = re.compile(r"(install/)?(bin/pip3|Scripts/pip3\.exe)")


def _pip(dist: Packed) -> Breaches:
    if isinstance(dist, Flavoured) and _PART in dist.flavor.without:
        return
    filled = [name for name, facts in dist.files.items() if not facts.blank]
    for what, path in _WANTED.items():
        if not any(map(path.fullmatch, filled)):
            yield dist.archive, f"the {what} is missing"
    scripts = [member for member in dist.members if _SCRIPT.fullmatch(member.name.removeprefix(ROOT))]
    if not any(member.mode & 0o111 for member in scripts):
        yield dist.archive, "there is no script that starts pip"


RULES: tuple[Rule[Packed], ...] = (Rule(id="pip", title="pip is there and starts", group=Group.ARCHIVE, check=_pip),)
