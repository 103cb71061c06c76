"""Gathers the facts that the rules check, in one pass over a file's bytes, which are not kept."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property

from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.description import Description
from setup_local.audit.policy import Policy, places
from setup_local.audit.safety import ROOT, Breach, Gate
from setup_local.audit.sources_record import SourcesRecord
from setup_local.audit.stable_abi import FILE, stable_names
from setup_local.audit.texts import PathScanner
from setup_local.binfmt.ar import BadArchive, members
from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.elf import Elf
from setup_local.binfmt.formats import FORMATS, binary_format, read_images
from setup_local.binfmt.image import BadBinary, Image
from setup_local.binfmt.linker_map import LinkerMap, read_linker_map
from setup_local.binfmt.macho import static_libraries
from setup_local.catalog.flavors import Flavor, FlavorCatalog
from setup_local.values import BinaryFormat, Linkage

LOOP = "_PyEval_EvalFrameDefault"  # the interpreter's loop, the hottest function of every profile
COUNTS = "build/cpython.fdata"
# Source, target and count; the bounds on their lengths keep hostile files from taking forever.
_JUMPS = re.compile(rf"^.{{1,512}} {LOOP} .{{1,512}} (\d{{1,18}})$".encode(), re.MULTILINE)
_MAP = re.compile(r"build/python\d+\.map")
_MOST_LINKS = 40  # as many symbolic links as Linux follows (path_resolution(7))


@dataclass(frozen=True, kw_only=True, slots=True)
class Binary:
    """One binary, static library member (`build/lib/libz.a(inflate.o)`) or universal file slice, with its limits."""

    name: str
    image: Image
    policy: Policy
    floor: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """Facts from one file's bytes.

    `name` is relative to `python/`. `target` is the format of the target's own binaries. `sha256` is empty if nothing
    compares it. `problem` says why a binary cannot be read. `foreign` files may be binaries of other systems and are
    not checked. `bitcode` says that the file or a member is code for a link-time optimizer. `knows_loop` is about
    profiles, `loop_jumps` about counts of jumps, `stable_abi` about the test that lists it, `linker_map` about the map
    of a DLL.
    """

    name: str
    kind: FileKind
    target: BinaryFormat
    blank: bool
    sha256: str = ""
    binaries: tuple[Binary, ...] = ()
    problem: str = ""
    foreign: bool = False
    bitcode: bool = False
    knows_loop: bool = False
    loop_jumps: int = 0
    stable_abi: frozenset[str] = frozenset()
    linker_map: LinkerMap | None = None
    is_text: bool = False
    machine_paths: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def image(self) -> Image | None:
        """Return the facts of a file that is itself a binary; all slices of a universal one agree (`slices-agree`)."""
        if self.kind not in FORMATS or not self.binaries:
            return None
        first = self.binaries[0]
        return first.image if first.name in (self.name, _slice_name(self.name, first.image)) else None

    @property
    def elf(self) -> Elf | None:
        """Return the facts of an ELF file, for properties that no other format has."""
        return self.image if isinstance(self.image, Elf) else None


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Common to all archives, full ones and flavours. The keys of `files` are relative to `python/`.

    `listed` are the hashes of the manifest; `manifest_problem` says why there are none although it exists.
    """

    archive: str
    policy: Policy
    members: tuple[Member, ...]
    files: dict[str, FileFacts]
    listed: dict[str, str] | None = None
    manifest_problem: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Return the paths of all members, relative to `python/`."""
        return frozenset(member.name.removeprefix(ROOT) for member in self.members)

    @cached_property
    def breaches(self) -> tuple[Breach, ...]:
        """Return everything that makes the archive unsafe to unpack."""
        gate = Gate()
        found = [breach for member in self.members for breach in gate.admit(member)]
        return (*found, *gate.finish())

    @cached_property
    def _links(self) -> dict[str, str]:
        return {
            member.name.removeprefix(ROOT): posixpath.normpath(
                posixpath.join(posixpath.dirname(member.name), member.target)
            )
            if member.kind is MemberKind.SYMLINK
            else posixpath.normpath(member.target)
            for member in self.members
            if member.target
        }

    def followed(self, path: str) -> FileFacts | None:
        """Return the facts of a file, following links."""
        for _ in range(_MOST_LINKS):
            if path not in self._links:
                break
            path = self._links[path].removeprefix(ROOT)
        return self.files.get(path)


@dataclass(frozen=True, kw_only=True)
class Flavoured(Packed):
    """An archive without a description: `python/` is the installation. `python` is the version in its name."""

    flavor: Flavor
    parts: FlavorCatalog
    python: str

    @property
    def program(self) -> FileFacts | None:
        """Return the facts of the interpreter, under its usual name."""
        return self.followed(self.policy.tree.program)

    @property
    def libpython(self) -> Linkage:
        """Return how libpython is linked to the interpreter."""
        needed = self.program.image.needed if self.program and self.program.image else ()
        own = any(self.policy.is_libpython(name) for name in needed)
        return Linkage.SHARED if own else Linkage.STATIC


@dataclass(frozen=True, kw_only=True)
class Distribution(Packed):
    """A full archive as the rules see it. `record_problem` says why an existing record of sources is unusable."""

    description: Description
    record: SourcesRecord | None = None
    record_problem: str = ""

    @property
    def program(self) -> FileFacts | None:
        """Return the facts of `python_exe`, which may be a link."""
        return self.followed(self.description.python_exe)

    @property
    def carrier(self) -> FileFacts | None:
        """Return the facts of the file that contains libpython: the interpreter itself, or a shared library."""
        library = self.description.build_info.core.shared_lib
        if self.description.libpython_link_mode == "shared" and library is not None:
            return self.followed(library)
        return self.program

    def linkable(self, path: str) -> frozenset[str]:
        """Return the symbols that an object file or static library offers."""
        facts = self.files.get(path)
        binaries = facts.binaries if facts else ()
        return frozenset().union(*(binary.image.symbols.linkable for binary in binaries))


def examine(
    name: str, data: bytes, *, scanner: PathScanner, floor: tuple[int, ...], place: str = "", sha256: str = ""
) -> FileFacts:
    """Read one file's facts; a damaged binary is also a fact.

    `place` is the path of the file in a full archive, if it differs from `name`.
    """
    policy, kind = scanner.policy, detect(data)
    windows = policy.format is BinaryFormat.PE
    place = place or name
    is_text = kind is FileKind.OTHER and places(place, policy.text_files)
    foreign = places(place, policy.foreign_files)
    binaries: tuple[Binary, ...] = ()
    problem, bitcode = "", False
    try:
        bitcode = _holds_bitcode(data, kind)
        binaries = tuple(
            Binary(name=label, image=image, policy=policy, floor=floor)
            for label, image in ([] if foreign else _images(name, data, kind, policy.format))
        )
    except (BadBinary, BadArchive) as error:
        problem = str(error)
    return FileFacts(
        name=name,
        kind=kind,
        target=policy.format,
        blank=not data.strip() if is_text else not data,
        sha256=sha256,
        binaries=binaries,
        problem=problem,
        foreign=foreign,
        bitcode=bitcode,
        knows_loop=kind is FileKind.PROFILE and LOOP.encode() in data,
        loop_jumps=max(map(int, _JUMPS.findall(data)), default=0) if name == COUNTS else 0,
        stable_abi=stable_names(data) if windows and name.endswith(f"/{FILE}") else frozenset(),
        linker_map=read_linker_map(data) if windows and _MAP.fullmatch(name) else None,
        is_text=is_text,
        machine_paths=scanner.machine_paths(data, place) if is_text or kind is not FileKind.OTHER else (),
        forbidden=scanner.forbidden(data),
    )


def unreadable(name: str, problem: str, policy: Policy) -> FileFacts:
    """Return the facts of a file that cannot be read."""
    return FileFacts(name=name, kind=FileKind.OTHER, target=policy.format, blank=False, problem=problem)


def _holds_bitcode(data: bytes, kind: FileKind) -> bool:
    """Return whether a file consists of code for a link-time optimizer, or a static library has such members."""
    match kind:
        case FileKind.BITCODE:
            return True
        case FileKind.AR:
            return any(detect(item.data) is FileKind.BITCODE for item in members(data))
        case FileKind.MACHO:
            return any(_holds_bitcode(library, FileKind.AR) for _, library in static_libraries(data))
        case _:
            return False


def _images(name: str, data: bytes, kind: FileKind, wanted: BinaryFormat) -> list[tuple[str, Image]]:
    """Return the binaries of the target's format in a file: itself, its slices or its members."""
    match kind:
        case FileKind.AR:
            return [pair for item in members(data) for pair in _labelled(f"{name}({item.name})", item.data, wanted)]
        case FileKind.THIN_AR:
            list(members(data))
        case FileKind.MACHO:
            libraries = static_libraries(data)
            found = [_images(f"{name} [{machine}]", library, FileKind.AR, wanted) for machine, library in libraries]
            return [pair for pairs in found for pair in pairs] if libraries else _labelled(name, data, wanted)
        case _:
            return _labelled(name, data, wanted)
    return []


def _labelled(name: str, data: bytes, wanted: BinaryFormat) -> list[tuple[str, Image]]:
    images = read_images(data) if binary_format(data) is wanted else ()
    return [(_slice_name(name, image) if len(images) > 1 else name, image) for image in images]


def _slice_name(name: str, image: Image) -> str:
    return f"{name} [{image.machine}]"
