"""Validates packed archives and binaries: combines the reader, the facts and the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from setup_local.archive_name import parse_loosely
from setup_local.audit import (
    check_archive,
    check_binary,
    check_code,
    check_contents,
    check_debuginfo,
    check_description,
    check_dlls,
    check_elf,
    check_embedding,
    check_files,
    check_flavor,
    check_licences,
    check_links,
    check_macho,
    check_manifest,
    check_optimized,
    check_pe,
    check_pip,
    check_sources,
    check_tree,
    description,
    files,
    sources_record,
)
from setup_local.audit.archive import MemberKind, read_members
from setup_local.audit.facts import Binary, Distribution, FileFacts, examine, unreadable
from setup_local.audit.flavored import named_flavor, read_flavored
from setup_local.audit.gather import gather
from setup_local.audit.model import Group, Rule, Verdict, judge
from setup_local.audit.policy import Policy, load_policy, triple_in, version
from setup_local.audit.texts import PathScanner
from setup_local.binfmt.detect import FileKind
from setup_local.catalog.flavors import Flavor
from setup_local.catalog.limits import load_limits
from setup_local.errors import DescriptionError
from setup_local.values import BinaryFormat

_SCHEMA = Rule[Distribution](
    id="description-schema",
    title="PYTHON.json is valid JSON and follows its schema",
    group=Group.DESCRIPTION,
    check=lambda _: (),
    fatal=True,
)
_ANY = (
    *check_archive.RULES,
    *check_manifest.RULES,
    check_contents.LINKS,
    *check_tree.RULES,
    *check_embedding.RULES,
    *check_dlls.RULES,
    check_debuginfo.BUILD_IDS,
    check_optimized.BITCODE,
)
_OF_FORMAT: Mapping[BinaryFormat, tuple[Rule[Binary], ...]] = {
    BinaryFormat.ELF: check_elf.RULES,
    BinaryFormat.MACHO: check_macho.RULES,
    BinaryFormat.PE: check_pe.RULES,
}
_WHOLE: tuple[Rule[Any], ...] = (
    check_archive.FIRST,
    *_ANY,
    *check_pip.RULES,
    *check_description.RULES,
    *check_contents.RULES,
    *check_optimized.RULES,
    *check_code.RULES,
    *check_sources.RULES,
    *check_links.RULES,
    *check_licences.RULES,
    check_debuginfo.BUNDLES,
    check_debuginfo.COMPLETE,
)


def file_rules(*formats: BinaryFormat) -> tuple[Rule[Any], ...]:
    """Return the rules for files and for binaries of some formats."""
    slices = check_macho.FILE_RULES if BinaryFormat.MACHO in formats else ()
    return (*check_files.RULES, *slices, *_binary_rules(*formats))


def _binary_rules(*formats: BinaryFormat) -> tuple[Rule[Binary], ...]:
    own = (rule for item in formats for rule in _OF_FORMAT[item])
    return (*check_binary.RULES, *own, check_optimized.COUNTERS)


def _formats(archive: str) -> tuple[BinaryFormat, ...]:
    """Return the format of the binaries in an archive with this name, all formats if the name does not say."""
    said = parse_loosely(archive)
    triple = triple_in(said.target) if said else None
    return (load_policy(triple).format,) if triple else tuple(BinaryFormat)


def rules(archive: str = "") -> tuple[Rule[Any], ...]:
    """Return every rule that `validate` applies, for an archive with this name or in general, in report order."""
    whole: tuple[Rule[Any], ...] = (_SCHEMA, *_WHOLE)
    if named := named_flavor(archive):
        whole = (*_ANY, *_of_flavor(named.flavor))
    elif not archive:
        whole = (*whole, *check_flavor.RULES, check_flavor.LICENCES, *check_debuginfo.RULES)
    return tuple(sorted((check_archive.READABLE, *whole, *file_rules(*_formats(archive))), key=lambda rule: rule.group))


def _of_flavor(flavor: Flavor) -> tuple[Rule[Any], ...]:
    if flavor.detached:
        return (*check_debuginfo.RULES, check_flavor.LICENCES)
    return (*check_flavor.RULES, check_flavor.LICENCES, *check_pip.RULES)


def validate_archive(path: Path, *, forbid: tuple[str, ...] = (), floor: str = "") -> Verdict:
    """Validate one archive; `forbid` are paths of the build machine that no file may contain.

    A full archive describes itself. The name of a flavour states what it promises; `floor` is its oldest glibc, by
    default the policy's. Raises `ArchiveError` if it cannot be read to its end, `DescriptionError` if PYTHON.json is
    invalid, `RequestError` if there is no policy for its target.
    """
    named = named_flavor(path.name)
    dist = read_flavored(path, named, forbid=forbid, floor=floor) if named else _read(path, forbid)
    parts = [
        judge(group.title, [rule for rule in rules(path.name) if rule.group is group], dist)
        for group in (Group.ARCHIVE, Group.DESCRIPTION, Group.FLAVOUR, Group.LICENCES)
    ]
    return Verdict(subject=str(path), parts=(*parts, _files_verdict(dist.files.values())))


def audit_paths(paths: Iterable[Path], policy: Policy, *, floor: str = "", forbid: tuple[str, ...] = ()) -> Verdict:
    """Validate the binaries among these files and directories. Raises `RequestError` for a missing path."""
    scanner = PathScanner(policy=policy, forbid=forbid)
    limit = version(floor or policy.default_floor)
    facts = (_examined(path, scanner, limit) for path in files.regular_files(paths))
    return _files_verdict(facts)


def _examined(path: Path, scanner: PathScanner, floor: tuple[int, ...]) -> FileFacts:
    """Return a file's facts; a file that cannot be read is a finding, not a fatal error."""
    try:
        return examine(str(path), files.read_bounded(path), scanner=scanner, floor=floor)
    except OSError as error:
        return unreadable(str(path), f"cannot be read: {error.strerror or error}", scanner.policy)
    except ValueError as error:
        return unreadable(str(path), str(error), scanner.policy)


def _files_verdict(found: Iterable[FileFacts]) -> Verdict:
    return Verdict(subject="files", parts=tuple(_file_verdict(facts) for facts in found if _judged(facts)))


def _judged(facts: FileFacts) -> bool:
    return facts.kind is not FileKind.OTHER or facts.is_text or bool(facts.forbidden or facts.problem)


def _file_verdict(facts: FileFacts) -> Verdict:
    slices = check_macho.FILE_RULES if facts.target is BinaryFormat.MACHO else ()
    whole = judge(facts.name, (*check_files.RULES, *slices), facts)
    if len(facts.binaries) == 1 and facts.binaries[0].name == facts.name:
        own = _judged_binary(facts.binaries[0])
        return Verdict(subject=facts.name, findings=whole.findings + own.findings)
    members = tuple(map(_judged_binary, facts.binaries))
    return Verdict(subject=facts.name, findings=whole.findings, parts=members)


def _judged_binary(binary: Binary) -> Verdict:
    return judge(binary.name, _binary_rules(binary.image.format), binary)


def _read(path: Path, forbid: tuple[str, ...]) -> Distribution:
    """Find the description, which should be the first member, then gather the facts of all members."""
    said = _description(path)
    policy = load_policy(said.target_triple)
    scanner = PathScanner(policy=policy, forbid=forbid)
    found = gather(path, scanner=scanner, floor=version(said.floor), keep=(sources_record.PATH,))
    _refuse_repetition(said, found.files, path)
    sources, problem = _recorded(found.kept.get(sources_record.PATH))
    return Distribution(
        archive=path.name,
        policy=policy,
        description=said,
        members=tuple(found.members),
        files=found.files,
        listed=found.listed,
        manifest_problem=found.manifest_problem,
        record=sources,
        record_problem=problem,
    )


def _description(path: Path) -> description.Description:
    for member, read in read_members(path):
        if member.name == description.NAME and member.kind is MemberKind.FILE:
            try:
                return description.read_description(read())
            except DescriptionError as error:
                raise DescriptionError(error.what, where=f"{path}: {error.where}", hint=error.hint) from error
    hint = "archives that are not full ones need a name like cpython-3.13.5-<triple>-install_only.tar.gz"
    raise DescriptionError(f"there is no {description.NAME} in the archive", where=path, hint=hint)


def _refuse_repetition(said: description.Description, found: dict[str, FileFacts], path: Path) -> None:
    """Raise `DescriptionError` if the objects of all extensions together are too many to compare."""
    sizes = {name: sum(len(item.image.symbols) for item in facts.binaries) for name, facts in found.items()}
    named = [path for _, item in said.extensions() for path in (*item.objs, *(link.path_static for link in item.links))]
    most = load_limits().references
    if sum(sizes.get(name or "", 0) for name in named) > most:
        raise DescriptionError(
            f"the objects of its extensions have more than {most} symbols in total: the same objects are named too often",
            where=f"{path}: {description.NAME}",
        )


def _recorded(data: bytes | None) -> tuple[sources_record.SourcesRecord | None, str]:
    """Return the record of sources, and why it cannot be read."""
    if data is None:
        return None, ""
    try:
        return sources_record.read_record(data), ""
    except sources_record.BadRecord as error:
        return None, str(error)
