"""Rules that check PYTHON.json against the files: everything it names exists, and everything that exists is named."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from setup_local.audit.archive import MemberKind
from setup_local.audit.description import NO_INIT, Link
from setup_local.audit.facts import Distribution, Packed
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import matches
from setup_local.audit.safety import ROOT
from setup_local.binfmt.formats import FORMATS
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_INITTAB = "PyImport_Inittab"
_INSTALL, _BUILD = "install/", "build/"


def _named(dist: Distribution) -> Iterator[tuple[str, str]]:
    """Yield (JSON path, file or directory) for everything that PYTHON.json names."""
    said = dist.description
    for field in ("python_exe", "python_stdlib_platform_config", "license_path", "run_tests", "tcl_library_path"):
        if (path := getattr(said, field)) is not None:
            yield f"$.{field}", path
    for key, path in said.python_paths.items():
        yield f"$.python_paths.{key}", path
    for path in said.tcl_library_paths:
        yield "$.tcl_library_paths", posixpath.join(said.tcl_library_path or "", path)
    info = said.build_info
    yield "$.build_info.inittab_object", info.inittab_object
    yield "$.build_info.inittab_source", info.inittab_source
    core = (*info.core.objs, *_files(info.core.links), info.core.static_lib, info.core.shared_lib)
    yield from (("$.build_info.core", path) for path in core if path)
    for label, item in said.extensions():
        own = (*item.objs, *_files(item.links), *item.license_paths, item.static_lib, item.shared_lib)
        yield from ((f"$.build_info.extensions.{label}", path) for path in own if path)


def _files(links: tuple[Link, ...]) -> Iterator[str]:
    for link in links:
        yield from (path for path in (link.path_static, link.path_dynamic) if path)


def _present(dist: Packed) -> frozenset[str]:
    """Return every path that unpacking creates, including the directories in between."""
    paths = {member.name.removeprefix(ROOT) for member in dist.members}
    for name in list(paths):
        parent = posixpath.dirname(name)
        while parent and parent not in paths:
            paths.add(parent)
            parent = posixpath.dirname(parent)
    return frozenset(paths)


def _exist(dist: Distribution) -> Breaches:
    present = _present(dist)
    for where, path in _named(dist):
        if path.rstrip("/") not in present:
            yield where, f"names {path}, which is not in the archive"


def _test_packages(dist: Distribution) -> Breaches:
    present, library = _present(dist), dist.description.python_paths["stdlib"]
    for package in dist.description.python_stdlib_test_packages:
        if f"{library}/{package.replace('.', '/')}" not in present:
            yield "$.python_stdlib_test_packages", f"names {package}, which is not in {library}"


def _dead_links(dist: Packed) -> Breaches:
    present = _present(dist)
    for member in dist.members:
        name = member.name.removeprefix(ROOT)
        match member.kind:
            case MemberKind.SYMLINK:
                end = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.target))
            case MemberKind.HARDLINK:
                end = posixpath.normpath(member.target).removeprefix(ROOT)
            case _:
                continue
        if end not in present:
            yield name, f"links to {member.target}, which is not in the archive"


def _unnamed(dist: Distribution, candidates: Iterable[str]) -> Breaches:
    named = {path for _, path in _named(dist)}
    for name in sorted(set(candidates) - named):
        if not matches(name, dist.policy.unnamed_files):
            yield name, "is in the archive, but PYTHON.json does not name it"


def _modules_named(dist: Distribution) -> Breaches:
    is_module = dist.policy.tree.is_module
    found = (name for name, facts in dist.files.items() if facts.kind in FORMATS and is_module(_installed(name)))
    yield from _unnamed(dist, found)


def _installed(name: str) -> str:
    """Return a file's path in the installation, empty for a file outside it."""
    return name.removeprefix(_INSTALL) if name.startswith(_INSTALL) else ""


def _objects_named(dist: Distribution) -> Breaches:
    yield from _unnamed(dist, _built(dist, dist.policy.tree.object_suffixes))


def _libraries_named(dist: Distribution) -> Breaches:
    yield from _unnamed(dist, _built(dist, dist.policy.tree.static_suffixes))
    is_library = dist.policy.tree.is_library
    shared = (name for name, facts in dist.files.items() if facts.image is not None and is_library(_installed(name)))
    yield from _unnamed(dist, shared)


def _built(dist: Distribution, suffixes: tuple[str, ...]) -> Iterator[str]:
    return (name for name in dist.files if name.startswith(_BUILD) and name.endswith(suffixes))


def _init_functions(dist: Distribution) -> Breaches:
    core = frozenset().union(*(dist.linkable(path) for path in dist.description.build_info.core.objs))
    for label, extension in dist.description.extensions():
        if extension.init_fn == NO_INIT:
            continue
        if extension.shared_lib is not None:
            facts = dist.files.get(extension.shared_lib)
            offered = facts.image.exports if facts and facts.image else frozenset()
            place = extension.shared_lib
        else:
            offered = (
                core if extension.in_core else frozenset().union(*(dist.linkable(path) for path in extension.objs))
            )
            place = "the core's objects" if extension.in_core else "its objects"
        if extension.init_fn not in offered:
            yield label, f"{extension.init_fn} is not defined in {place}"


def _in_program(dist: Distribution) -> Breaches:
    """Check only a libpython that still has its symbol table; on Windows none has."""
    facts = dist.carrier
    if facts is None or facts.image is None:
        return  # reported by `paths-exist`
    if dist.policy.format is BinaryFormat.PE and not facts.image.symbols:
        return
    symbols = facts.image.symbols.defined | facts.image.exports
    for label, extension in dist.description.extensions():
        if extension.builtin and extension.init_fn != NO_INIT and extension.init_fn not in symbols:
            yield label, f"{extension.init_fn} is not in {facts.name}"


def _inittab(dist: Distribution) -> Breaches:
    path = dist.description.build_info.inittab_object
    facts = dist.files.get(path)
    if facts is None:
        return  # reported by `paths-exist`
    if facts.image is None or not {_INITTAB, f"_{_INITTAB}"} & facts.image.symbols.linkable:
        yield path, f"does not define {_INITTAB}"
        return
    builtin = {item.init_fn for _, item in dist.description.extensions() if item.builtin} - {NO_INIT}
    referred = facts.image.symbols.undefined
    for name in sorted(referred - builtin):
        yield path, f"refers to {name}, which is not the init function of a built-in extension"
    for name in sorted(builtin - referred):
        yield path, f"does not refer to {name}, the init function of a built-in extension"


LINKS = Rule[Packed](
    id="dead-links", title="links point to members of the archive", group=Group.ARCHIVE, check=_dead_links
)
RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("paths-exist", "every path in PYTHON.json is in the archive", _exist),
        ("test-packages", "every test package is in the standard library", _test_packages),
        ("modules-named", "every shared module belongs to an extension", _modules_named),
        ("objects-named", "every object file is named in PYTHON.json", _objects_named),
        ("libraries-named", "every static or shared library is named in PYTHON.json", _libraries_named),
        ("init-functions", "every init function is defined where PYTHON.json says", _init_functions),
        ("init-in-program", "every built-in module is in the interpreter", _in_program),
        ("inittab", "the inittab lists exactly the built-in extensions", _inittab),
    )
)
