"""Collects the debug information of macOS binaries: linkers leave it in object files and record these in the result.

`dsymutil` makes a bundle for each binary (`python3.13.dSYM`); debuggers match the two by UUID. Then the records are
removed from the binary: the object files of a distribution have no debug information.
"""

from __future__ import annotations

import shutil
import struct
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rewriter import without_notes
from setup_local.build.steps import Job, Runner
from setup_local.build.workspace import merge_trees
from setup_local.catalog.dsym import Bundles, DsymRecipe
from setup_local.errors import StepError, ToolchainError

_INSTALL, _BUILD = "install", "build"
_LINKED = (rows.EXECUTE, rows.DYLIB, rows.BUNDLE)
_DWARF = Path("Contents", "Resources", "DWARF")
_INFORMATION = "__debug_info"


def place_tools(recipe: DsymRecipe, trees: dict[str, Path], out: Path) -> None:
    """Fill `out` with the tools from unpacked sources. Raises `ToolchainError` for unexpected sources."""
    for name, tree in trees.items():
        for file in recipe.keep[name]:
            if not (tree / file).is_file():
                raise ToolchainError("the wheel of LLVM's tools has unexpected contents: this is missing", where=file)
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / file, out / file)
            (out / file).chmod(0o755)


def separate(recipe: DsymRecipe, linked: Path, tools: Path, job: Job) -> None:
    """Fill the step's result with a build of CPython and a bundle for each binary. Raises `StepError`."""
    merge_trees([linked], job.out)
    root = job.out / _INSTALL
    for path, *others in by_file(binaries(recipe.bundles, root)):
        bundle = root / recipe.bundles.directory / f"{path.name}.dSYM"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        _collect(path, bundle, objects=linked / _BUILD, tools=tools, run=job.run)
        for name in recipe.bundles.without:
            shutil.rmtree(bundle / name, ignore_errors=True)
        _take_out_notes(path)
        for other in others:
            other.unlink()
            other.hardlink_to(path)


def by_file(paths: Iterable[Path]) -> list[list[Path]]:
    """Return the names of each file together, longest first: a debug interpreter is `python3.13d` and `python3.13`."""
    names: defaultdict[int, list[Path]] = defaultdict(list)
    for path in sorted(paths, key=lambda path: (-len(path.name), path)):
        names[path.stat().st_ino].append(path)
    return list(names.values())


def binaries(bundles: Bundles, root: Path) -> list[Path]:
    """Return the linked binaries of an installation."""
    found = (path for pattern in bundles.binaries for path in sorted(root.glob(pattern)))
    return [path for path in found if not path.is_symlink() and path.is_file() and _is_linked(path.read_bytes())]


def _is_linked(data: bytes) -> bool:
    return data.startswith(rows.MAGIC) and rows.read_layout(data).header.kind in _LINKED


def _collect(binary: Path, bundle: Path, *, objects: Path, tools: Path, run: Runner) -> None:
    """Make the bundle of a binary from the object files it was linked from, which it names relative to `objects`."""
    words: list[str | Path] = [tools / "dsymutil", f"--oso-prepend-path={objects}"]
    run([*words, "-o", bundle, binary], cwd=bundle.parent)
    file = bundle / _DWARF / binary.name
    data = file.read_bytes() if file.is_file() else b""
    if not data.startswith(rows.MAGIC) or identity(data) != identity(binary.read_bytes()):
        raise StepError("dsymutil wrote no bundle for it", where=binary.name)
    if not any(rows.name_of(section.name) == _INFORMATION for section in rows.read_layout(data).sections):
        raise StepError("the objects it was linked from contain no debug information", where=binary.name)


def identity(data: bytes) -> bytes:
    """Return the UUID of a Mach-O file, by which debuggers find its bundle. Raises `StepError` if it has none."""
    command = rows.read_layout(data).first(rows.UUID)
    if command is None:
        raise StepError("has no UUID, which debuggers need to find its debug information")
    return command.body[rows.COMMAND.size :]


def _take_out_notes(binary: Path) -> None:
    """Rewrite a binary without the names of source and object files; it is signed again as the linker signs.

    Raises `StepError` for a file that linkers do not write.
    """
    try:
        data = without_notes(binary.read_bytes())
    except (ValueError, struct.error) as error:
        raise StepError(f"cannot be rewritten without debug information: {error}", where=binary.name) from error
    mode = binary.stat().st_mode
    binary.unlink()  # its other name, in the previous step's result, keeps its content
    binary.write_bytes(data)
    binary.chmod(mode)
