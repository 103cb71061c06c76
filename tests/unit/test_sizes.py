from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from elftools.elf.elffile import ELFFile
from sample_distribution import ELF, Entry, Sample, flavoured

from setup_local.catalog.flavors import load_flavors
from setup_local.commands.size import size
from setup_local.errors import ArchiveError, OutputError
from setup_local.flavors import treemap
from setup_local.flavors.sizes import PartSize, Sizes, measure
from setup_local.flavors.treemap import Box

CATALOG = load_flavors()


def _measured(sample: Sample, directory: Path) -> Sizes:
    sample.entries["python/install/lib/python3.13/__pycache__/os.cpython-313.pyc"] = Entry(b"12345")
    sample.entries["python/install/lib/python3.13/json/__init__.py"] = Entry(b"1234567" * 9)
    return measure(sample.write(directory), CATALOG)


def test_every_byte_is_counted_once(tmp_path: Path) -> None:
    sample = Sample()
    sizes = _measured(sample, tmp_path)
    described = sum(item.size for item in sizes.parts if item.part.name in ("description", "manifest"))
    assert sizes.size == described + sum(len(entry.data) for entry in sample.contents.values())
    assert sizes.packed == (tmp_path / sample.name).stat().st_size
    assert [item.size for item in sizes.parts] == sorted((item.size for item in sizes.parts), reverse=True)


def test_bytecode_is_counted_with_its_source(tmp_path: Path) -> None:
    library = next(item for item in _measured(Sample(), tmp_path).parts if item.part.name == "library")
    assert library.bytecode == 5
    assert library.groups() == {"json/__init__.py": 63, "os.py": len(b"import sys\n") + 5}


def test_a_directory_with_most_of_the_bytes_is_divided() -> None:
    files = (("lib/a/b/x.py", 60), ("lib/a/b/y.py", 10), ("lib/a/c.py", 20), ("lib/d/e/z.py", 9), ("lib/d/y.py", 1))
    measured = PartSize(part=CATALOG.part[0], files=files)
    assert measured.groups() == {"a/b/x.py": 60, "a/c.py": 20, "a/b/y.py": 10, "d/": 10}


def test_a_directory_without_bytes_ends_the_division() -> None:
    assert PartSize(part=CATALOG.part[0], files=(("a/b/x.py", 0), ("a/c.py", 0))).groups() == {"b/": 0, "c.py": 0}


def test_a_full_archive_and_an_installation_have_the_same_parts(tmp_path: Path) -> None:
    full = {item.part.name: item.size for item in measure(Sample().write(tmp_path), CATALOG).parts}
    small = {item.part.name: item.size for item in measure(flavoured("install_only").write(tmp_path), CATALOG).parts}
    assert set(full) - set(small) == {"description", "objects", "relinking", "static-libraries", "tests"}
    assert all(full[name] == size for name, size in small.items() if name != "manifest")


@pytest.mark.parametrize("box", [Box(x=0, y=0, width=600, height=400), Box(x=3, y=5, width=50, height=900)])
def test_rectangles_fill_the_picture_in_proportion(box: Box) -> None:
    sizes = {"a": 600, "b": 600, "c": 400, "d": 300, "e": 200, "f": 200, "g": 100, "nothing": 0}
    boxes = treemap.layout(sizes, box)
    scale = box.width * box.height / sum(sizes.values())
    assert "nothing" not in boxes
    for name, inner in boxes.items():
        assert inner.width * inner.height == pytest.approx(sizes[name] * scale)
        assert inner.x >= box.x - 1e-6
        assert inner.x + inner.width <= box.x + box.width + 1e-6
        assert inner.y + inner.height <= box.y + box.height + 1e-6


def test_rectangles_are_as_square_as_in_the_paper() -> None:
    """The example by Bruls, Huizing and van Wijk: 6x4 divided by 6, 6, 4, 3, 2, 2, 1."""
    sizes = {str(number): size for number, size in enumerate((6, 6, 4, 3, 2, 2, 1))}
    boxes = treemap.layout(sizes, Box(x=0, y=0, width=6, height=4))
    assert (boxes["0"].width, boxes["0"].height) == (3, 2)
    assert (boxes["2"].width, boxes["2"].height) == (pytest.approx(12 / 7), pytest.approx(7 / 3))


def test_nothing_to_draw_is_no_error() -> None:
    assert treemap.layout({}, Box(x=0, y=0, width=1, height=1)) == {}
    assert treemap.layout({"a": 0}, Box(x=0, y=0, width=1, height=1)) == {}
    assert treemap.layout({"a": 1}, Box(x=0, y=0, width=0, height=1)) == {}


def test_the_picture_is_well_formed_and_names_every_part(tmp_path: Path) -> None:
    sample = Sample()
    sample.entries["python/install/lib/python3.13/<&>.py"] = Entry(b"x" * 99)
    sizes = _measured(sample, tmp_path)
    root = ET.fromstring(treemap.svg(sizes))
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any("<&>.py" in title for title in titles)
    assert all(any(item.part.title in title for title in titles) for item in sizes.parts if item.size)


def test_the_command_prints_a_table_or_json_and_draws(tmp_path: Path) -> None:
    archive, picture = Sample().write(tmp_path), tmp_path / "sizes.svg"
    table = CliRunner().invoke(size, [str(archive), "--svg", str(picture)])
    assert "interpreter" in table.stdout
    assert picture.read_text().startswith("<svg")
    document = json.loads(CliRunner().invoke(size, [str(archive), "--json"]).stdout)
    assert sum(part["size"] for part in document["parts"]) == document["size"]


def test_errors_are_one_line(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    assert isinstance(CliRunner().invoke(size, [str(tmp_path / "no")]).exception, ArchiveError)
    failed = CliRunner().invoke(size, [str(archive), "--svg", str(tmp_path / "no" / "x.svg")])
    assert isinstance(failed.exception, OutputError)


def test_debug_information_is_a_share_of_its_part(tmp_path: Path) -> None:
    sample = Sample()
    sample.entries["python/install/bin/damaged"] = Entry(b"\x7fELF")
    parts = {item.part.name: item for item in measure(sample.write(tmp_path), CATALOG).parts}
    for name, file in (("interpreter", "python"), ("modules", "good.so")):
        with (ELF / file).open("rb") as stream:
            sections = [item for item in ELFFile(stream).iter_sections() if item.name.startswith(".debug")]
        assert parts[name].debug == sum(item["sh_size"] for item in sections) > 0
    assert parts["objects"].debug == 0
