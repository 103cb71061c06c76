"""Edits the bundled pip, so that scripts that it installs later find their interpreter next to themselves.

There are two copies of pip: the installed one, and the wheel from which `ensurepip` and `venv` install it.
`data/patches/pip-launchers.toml` states what is changed and why; each pip's metadata contains the same text.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from setup_local.catalog.patches import Patch, Unmatched
from setup_local.errors import OutputError, StageError
from setup_local.stage import files
from setup_local.stage.scripts import record_line, update_records

NOTE = "CHANGES.setup-local.txt"
WRITES_SCRIPTS = "pip/_vendor/distlib/scripts.py"
"""The module of pip that writes launchers, below `site-packages`."""
_WHEEL = "ensurepip/_bundled/pip-*.whl"
_INFO = "pip-*.dist-info"


def edit_pip(stdlib: Path, patch: Patch) -> None:
    """Edit the pip of an installation and of its `ensurepip`, if they exist.

    The installed pip's RECORD lists the note afterwards, but hashes and sizes are left to `update_records`. Raises
    `StageError` if pip does not match the patch.
    """
    for info in stdlib.glob(f"site-packages/{_INFO}"):
        edit_installed(info, patch)
    for wheel in stdlib.glob(_WHEEL):
        edit_wheel(wheel, patch)


def is_edited(site_packages: Path, patch: Patch) -> bool:
    """Return whether the pip in a `site-packages` contains our edits."""
    try:
        return all(edit.replace in files.read(site_packages / edit.file) for edit in patch.edits)
    except StageError:
        return False


def edit_later(site_packages: Path, patch: Patch) -> str:
    """Edit a pip that somebody installed over ours; return why that is impossible, empty on success."""
    try:
        for info in site_packages.glob(_INFO):
            touched = {os.path.normpath(path) for path in edit_installed(info, patch)}
            update_records(site_packages, touched)
    except StageError as error:
        return error.what.splitlines()[0]
    return ""


def edit_installed(info: Path, patch: Patch) -> tuple[Path, ...]:
    """Edit an installed pip, given its `.dist-info`; return the files that `update_records` must check again."""
    edited = _edited(patch, lambda name: files.read(info.parent / name), where=info.parent)
    for name, text in edited.items():
        files.write(info.parent / name, text)
    files.write(info / NOTE, _note(patch))
    files.write(info / "RECORD", f"{files.read(info / 'RECORD')}{info.name}/{NOTE},sha256=,0\n")
    return (*(info.parent / name for name in edited), info / NOTE)


def edit_wheel(wheel: Path, patch: Patch) -> None:
    """Edit the pip in a wheel; its members are stored uncompressed, since every zlib compresses differently."""
    members = _members(wheel)
    edited = _edited(patch, lambda name: members[name][1].decode(), where=wheel)
    record = next(name for name in members if name.endswith(".dist-info/RECORD"))
    note = f"{record.partition('/')[0]}/{NOTE}"
    fresh = {name: text.encode() for name, text in edited.items()} | {note: _note(patch).encode()}
    lines = [f"{note},,", *members[record][1].decode().splitlines()]
    names = [line.rsplit(",", 2)[0] for line in lines]
    true = [record_line(name, fresh[name]) if name in fresh else line for name, line in zip(names, lines, strict=True)]
    fresh[record] = "".join(f"{line}\n" for line in true).encode()
    _write_wheel(wheel, members, fresh)


def _edited(patch: Patch, read: Callable[[str], str], *, where: Path) -> dict[str, str]:
    """Return the files that the patch changes, each edit made in the only place that it fits."""
    texts: dict[str, str] = {}
    for edit in patch.edits:
        try:
            texts[edit.file] = edit.made(texts.get(edit.file) or read(edit.file))
        except KeyError as error:
            raise StageError(f"does not contain {edit.file}", where=where) from error
        except Unmatched as error:
            raise StageError(f"{patch.name} {error}", where=where) from error
    return texts


def _note(patch: Patch) -> str:
    """Return the note about the change, as the licence of pip's distlib requires."""
    changed = "\n".join(dict.fromkeys(edit.file for edit in patch.edits))
    return f"setup_local changed these files of pip:\n\n{changed}\n\n{patch.why.strip()}\n"


def _members(wheel: Path) -> dict[str, tuple[zipfile.ZipInfo, bytes]]:
    try:
        with zipfile.ZipFile(wheel) as packed:
            return {info.filename: (info, packed.read(info)) for info in packed.infolist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise StageError(f"cannot be read: {error}", where=wheel) from error


def _write_wheel(wheel: Path, members: dict[str, tuple[zipfile.ZipInfo, bytes]], fresh: dict[str, bytes]) -> None:
    """Write a wheel in place of the old one; new members get the time and mode of the RECORD, which stays last."""
    pattern = next(info for name, (info, _) in members.items() if name.endswith("/RECORD"))
    contents = {name: (info, fresh.get(name, data)) for name, (info, data) in members.items() if info is not pattern}
    contents |= {name: (pattern, data) for name, data in fresh.items() if name not in contents}
    path = wheel.with_name(f"{wheel.name}.new")
    try:
        with zipfile.ZipFile(path, "w") as packed:
            for name, (old, data) in contents.items():
                entry = zipfile.ZipInfo(name, old.date_time)
                entry.create_system, entry.external_attr = old.create_system, old.external_attr
                packed.writestr(entry, data)
        path.chmod(0o644)
        path.replace(wheel)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=wheel) from error
