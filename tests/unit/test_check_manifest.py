"""`setup-local check` for trees with a manifest: which files were changed since it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked_tree import found_in, small_tree

from setup_local import manifest
from setup_local.audit.model import Severity


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return small_tree(tmp_path / "my tree")


def _listed(tree: Path, root: Path | None = None) -> None:
    top = root or tree
    names = [str(path.relative_to(top)) for path in tree.rglob("*")]
    (top / manifest.NAME).write_text(
        manifest.to_text(manifest.digests({name: top / name for name in names})), encoding="utf-8"
    )


def _texts(tree: Path, count: int) -> list[Path]:
    files = [tree / "lib" / f"{number:03}.py" for number in range(count)]
    for path in files:
        path.write_text("1\n", encoding="utf-8")
    return files


def test_files_that_were_changed_or_removed_are_warnings(tree: Path) -> None:
    changed, removed, good = _texts(tree, 3)
    (tree / "bin" / "link").symlink_to("../lib/000.py")
    _listed(tree)
    assert found_in(tree) == []
    changed.write_text("2\n", encoding="utf-8")
    removed.unlink()
    (tree / "lib" / "added.py").write_text("3\n", encoding="utf-8")
    found = {item.where: item for item in found_in(tree)}
    assert found.keys() == {"lib/000.py", "lib/001.py", "bin/link"}
    assert {item.rule for item in found.values()} == {"manifest"}
    assert {item.severity for item in found.values()} == {Severity.WARNING}
    assert "is missing" in found["lib/001.py"].what
    assert good.exists()


def test_a_link_that_leads_elsewhere_is_a_change(tree: Path) -> None:
    _texts(tree, 1)[0].with_name("other.py").write_text("2\n", encoding="utf-8")
    (tree / "bin" / "link").symlink_to("../lib/000.py")
    _listed(tree)
    (tree / "bin" / "link").unlink()
    (tree / "bin" / "link").symlink_to("../lib/other.py")
    assert [item.where for item in found_in(tree)] == ["bin/link"]


def test_of_many_changes_the_rest_is_counted(tree: Path) -> None:
    files = _texts(tree, 25)
    _listed(tree)
    for path in files:
        path.unlink()
    found = found_in(tree)
    assert len(found) == 21
    assert "lists 5 more files" in found[-1].what


def test_the_manifest_of_a_full_archive_lies_beside_the_installation(tree: Path) -> None:
    full = tree / "python"
    (full / "install").mkdir(parents=True)
    (full / "PYTHON.json").write_text("{}", encoding="utf-8")
    (full / "install" / "a.py").write_text("1\n", encoding="utf-8")
    _listed(full)
    (full / "PYTHON.json").write_text("[]", encoding="utf-8")
    assert found_in(full / "install") == []
    (full / "install" / "a.py").write_text("2\n", encoding="utf-8")
    assert [item.where for item in found_in(full / "install")] == ["a.py"]


@pytest.mark.parametrize("data", [b"nothing\n", b"x" * (1 << 23), b"0" * 64 + b"  ../../etc/passwd\n"])
def test_a_manifest_that_is_none_is_a_warning(tree: Path, data: bytes) -> None:
    (tree / manifest.NAME).write_bytes(data)
    (found,) = found_in(tree)
    assert (found.rule, found.where, found.severity) == ("manifest", manifest.NAME, Severity.WARNING)
    assert "cannot be used" in found.what


def test_names_of_a_manifest_are_shown_escaped(tree: Path) -> None:
    (tree / manifest.NAME).write_bytes(b"\\" + b"0" * 64 + b"  a\\nb\x1b\n" + b"0" * 64 + b"  " + b"z" * 5000 + b"\n")
    assert [item.where[:10] for item in found_in(tree)] == ["a\\nb\\x1b", "z" * 10]
    assert all(item.where.isprintable() and item.what.isprintable() for item in found_in(tree))
