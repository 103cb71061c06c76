"""numpy's wheel for Windows, and its own tests of linear algebra, in Wine.

Wine 10 exports the functions of `<complex.h>` that numpy calls when it is imported, but does not implement them. They
are compiled here and lent to Wine's C runtime (`projects/wine_complex`); numpy itself is the wheel from the index.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from windows_maker import Maker
from windows_tree import Tree, windows_path
from windows_wheels import add_cpp_runtime, download

# It starts another interpreter, to which nothing is lent.
LEFT_OUT = "test_sdot_bug_8577"
PROJECT = Path(__file__).parent / "projects" / "wine_complex"
CODE = """\
import sys
sys.path.insert(0, {place!r})
from lend import lend
lend({library!r})
import numpy as n, pytest
a = n.arange(9.0).reshape(3, 3) + n.eye(3)
print(round(float(n.linalg.det(a)), 6), round(float((a @ n.linalg.inv(a)).trace()), 6))
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "not {left_out}", "--pyargs", "numpy.linalg"]))
"""


def test_linear_algebra(tree: Tree, workshop: Path) -> None:
    place = workshop / "wheels" / "numpy"
    download(place, ["numpy", "pytest", "hypothesis"], tree)
    add_cpp_runtime(tree, workshop)
    shutil.copy2(PROJECT / "lend.py", place)
    library = workshop / "complex.dll"
    Maker(tree.description["target_triple"]).library(PROJECT / "complex.c", library)
    code = CODE.format(place=windows_path(place), library=windows_path(library), left_out=LEFT_OUT)
    first, *rest = tree.run(["-c", code], seconds=1800).splitlines()
    assert first.split() == ["-5.0", "3.0"]
    assert int(re.findall(r"(\d+) passed", rest[-1])[0]) > 400, rest[-1]
