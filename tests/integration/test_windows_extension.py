"""An extension module that Clang compiles for both ABIs, against `Include` and `libs` of a distribution for Windows.

It is imported in Wine. Microsoft's headers are not available: for the target with its ABI, mingw-w64's headers are
adapted (`projects/windows_extension/msvc.h`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from windows_maker import FLAGS, Maker
from windows_tree import Tree, windows_path

SOURCE = Path(__file__).parent / "projects" / "windows_extension" / "hello.c"


@pytest.mark.parametrize("kind", sorted(FLAGS))
def test_an_extension_is_compiled_and_imported(kind: str, tree: Tree, workshop: Path) -> None:
    place = workshop / f"extension-{kind}"
    Maker(tree.description["target_triple"]).module(SOURCE, kind, tree.root / "install", place / "hello.pyd")
    code = f"import sys; sys.path.insert(0, {windows_path(place)!r}); import hello; print(hello.add(2**40, 3))"
    assert tree.run(["-c", code]).strip() == str(2**40 + 3)
