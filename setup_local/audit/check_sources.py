"""Rules that check the record of sources against PYTHON.json: links have a source, and each source has a use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from setup_local.audit.facts import Distribution
from setup_local.audit.model import Group, Rule
from setup_local.audit.sources_record import PATH, Use

Breaches = Iterator[tuple[str, str]]
# A sysconfig variable in archives built by this project; archives of others have no record.
_OURS = "SETUP_LOCAL_TOOLCHAIN"
_PYTHON = "cpython"


def _readable(dist: Distribution) -> Breaches:
    if dist.record_problem:
        yield PATH, dist.record_problem
    elif dist.record is None and _OURS in dist.description.python_config_vars:
        yield PATH, "is not in the archive, so its sources are unknown"


def _linked(dist: Distribution) -> Iterator[tuple[str, str]]:
    """Yield (what links it, file) for every library of the archive that PYTHON.json names."""
    said = dist.description
    every = [("$.build_info.core", link) for link in said.build_info.core.links]
    every += [(label, link) for label, extension in said.extensions() for link in extension.links]
    for where, link in every:
        yield from ((where, path) for path in (link.path_static, link.path_dynamic) if path)


def _owned(dist: Distribution) -> Breaches:
    if dist.record is None:
        return
    owners = Counter(path for source in dist.record.sources for path in source.used_by.files)
    owners.update(dist.record.own_files)
    for where, path in sorted(set(_linked(dist))):
        if owners[path] != 1:
            yield where, f"links {path}, which belongs to {owners[path]} sources in {PATH}, not one"


def _used(dist: Distribution) -> Breaches:
    if dist.record is None:
        return
    linked = {path for _, path in _linked(dist)}
    modules = set(dist.description.build_info.extensions)
    for source in dist.record.sources:
        use, where = source.used_by, f"{PATH}: {source.name}"
        if not _is_used(use):
            yield where, "is not used by anything"
        yield from ((where, f"names {path}, which is not linked") for path in use.files if path not in linked)
        yield from (
            (where, f"names the module {name}, which does not exist") for name in use.modules if name not in modules
        )
    yield from ((PATH, f"names {path}, which is not linked") for path in dist.record.own_files if path not in linked)


def _is_used(use: Use) -> bool:
    return bool(use.python or use.modules or use.tools or use.files)


def _python(dist: Distribution) -> Breaches:
    if dist.record is None:
        return
    found = [f"{source.name} {source.version}" for source in dist.record.sources if source.used_by.python]
    expected = f"{_PYTHON} {dist.description.python_version}"
    if found != [expected]:
        yield PATH, f"says that Python was built from {' and '.join(found) or 'nothing'}, not from {expected}"


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("sources-record", "the record of sources is present and follows its schema", _readable),
        ("sources-linked", "every linked library has one source in the record", _owned),
        ("sources-used", "every source in the record is used, and names only files and modules that exist", _used),
        ("sources-python", "the record names the source of this Python", _python),
    )
)
