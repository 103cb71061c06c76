"""The page of an index: complete, without scripts, with the recommended choice first."""

from __future__ import annotations

import hashlib
import html.parser
import re
from pathlib import Path

from shelf import TRIPLE, full, reduced, written

from setup_local.archive_name import Flavor, parse_name
from setup_local.index import page
from setup_local.index.model import DebugInformation, Distribution, Index, parse_index


class Page(html.parser.HTMLParser):
    """Collects the page's references and elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.open: list[str] = []
        self.labelled = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.references += [value for name in ("src", "href", "action") if (value := values.get(name))]
        if tag in ("input", "select"):
            self.labelled += "label" in self.open
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    full(tmp_path)
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    text = (written(tmp_path) / "index.html").read_text(encoding="utf-8")
    read = Page(text)
    assert read.open == []
    assert read.labelled == 5  # the search field and four selections, each inside its label
    assert set(read.references) == {
        "data:,",  # no icon; otherwise browsers request one
        "versions.json",
        "SHA256SUMS",
        "download-metadata.json",
        *(path.name for path in tmp_path.glob("*.tar.*")),
    }
    assert "@import" not in text
    assert "url(" not in text


def test_the_page_is_grouped_by_version_the_newest_first(tmp_path: Path) -> None:
    for version in ("3.9.25", "3.13.5", "3.14.0rc2"):
        full(tmp_path, version)
    text = (written(tmp_path) / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'scope="rowgroup"[^>]*>([^<]*)<', text) == [
        "cpython 3.14.0rc2",
        "cpython 3.13.5",
        "cpython 3.9.25",
    ]


def test_debug_information_is_linked_beside_what_lacks_it() -> None:
    def listed(name: str) -> Distribution:
        found = parse_name(name)
        assert found is not None
        return Distribution(
            implementation="cpython", version="3.13.5", target_triple=TRIPLE, flavor=found.flavor, build_options="",
            file=name, size=1, sha256="0" * 64, url=name,
        )  # fmt: skip

    flavors = ("install_only", "install_only_stripped", "minimal")
    names = [f"cpython-3.13.5-{TRIPLE}{options}-{flavor}.tar.gz" for options in ("", "-debug") for flavor in flavors]
    debug = [
        DebugInformation(file=f"cpython-3.13.5-{TRIPLE}{options}-debuginfo.tar.gz", size=1, sha256="1" * 64, url="u",
                         build_ids=("ab",))
        for options in ("", "-debug", "-freethreaded")
    ]  # fmt: skip
    index = Index(distributions=tuple(map(listed, names)), debug_information=tuple(debug))
    text = page.to_html(index, "https://example.org", "https://example.org/uv")
    table, _, after = text.partition("<table")[2].partition("</table>")
    for name in names:
        (row,) = (part for part in table.split("<tr ") if f">{name}</a>" in part)
        options = "-debug" if "-debug-" in name else ""
        wanted = [] if "install_only." in name else [f"cpython-3.13.5-{TRIPLE}{options}-debuginfo.tar.gz"]
        assert [item.file for item in debug if item.file in row] == wanted
    assert debug[2].file in after  # it belongs to none of the rows


def choice_of(tmp_path: Path, *options: str) -> dict[str, page.Choice]:
    index = parse_index((written(tmp_path, *options) / "versions.json").read_bytes(), where="x")
    found = page.choices(index.distributions, "https://example.org/p", "https://example.org/p/uv.json")
    return {choice.title: choice for choice in found}


def test_what_to_choose_first_is_the_newest_final_one_for_each_platform(tmp_path: Path) -> None:
    full(tmp_path, "3.13.5")
    full(tmp_path, "3.14.0rc2")
    full(tmp_path, "3.13.15", options="debug")
    full(tmp_path, "3.13.15", triple="x86_64_v3-unknown-linux-gnu")
    full(tmp_path, "3.13.15", triple="aarch64-apple-darwin")
    full(tmp_path, "3.13.6", triple="x86_64-unknown-linux-musl", options="noopt+static")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-minimal.tar.gz")
    found = choice_of(tmp_path)
    assert {title: choice.item.file for title, choice in found.items()} == {
        "Linux (glibc), x86-64": f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz",
        "Linux (musl), x86-64": "cpython-3.13.6-x86_64-unknown-linux-musl-noopt+static-full.tar.zst",
        "macOS, ARM64": "cpython-3.13.15-aarch64-apple-darwin-noopt-full.tar.zst",
    }
    assert list(found) == ["Linux (glibc), x86-64", "Linux (musl), x86-64", "macOS, ARM64"]


def test_a_prerelease_is_chosen_where_there_is_nothing_else(tmp_path: Path) -> None:
    full(tmp_path, "3.14.0rc2")
    assert [choice.item.version for choice in choice_of(tmp_path).values()] == ["3.14.0rc2"]


def test_the_lines_to_copy_check_the_hash(tmp_path: Path) -> None:
    path = reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (choice,) = choice_of(tmp_path).values()
    assert dict(choice.lines) == {
        "uv": "uv python install 3.13.5 --python-downloads-json-url https://example.org/p/uv.json",
        "Shell": f"curl -fL -o {path.name} https://example.org/p/{path.name} && echo '{digest}  {path.name}' | sha256sum -c"
        f" && tar -xzf {path.name}",
        "Dockerfile": f"ADD --checksum=sha256:{digest} --unpack=true https://example.org/p/{path.name} /opt/",
    }


def test_lines_fit_what_is_to_be_had(tmp_path: Path) -> None:
    full(tmp_path, triple="aarch64-apple-darwin")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-minimal.tar.gz")
    found = choice_of(tmp_path)
    apple, linux = dict(found["macOS, ARM64"].lines), dict(found["Linux (glibc), x86-64"].lines)
    assert set(apple) == {"uv", "Shell"}
    assert "shasum -a 256 -c && tar --zstd -xf" in apple["Shell"]
    assert set(linux) == {"Shell", "Dockerfile"}  # uv requires headers
    assert f"ADD cpython-3.13.5-{TRIPLE}-minimal.tar.gz /opt/" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_only_variants_are_no_first_choice(tmp_path: Path) -> None:
    full(tmp_path, options="freethreaded+noopt")
    assert choice_of(tmp_path) == {}
    assert 'id="choose"' not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_a_url_says_is_no_markup() -> None:
    name = f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz"
    item = Distribution(
        implementation="cpython", version="3.13.5", target_triple=TRIPLE, flavor=Flavor.INSTALL_ONLY, build_options="",
        file=name, size=1, sha256="0" * 64, url='https://example.org/"><script>/x.tar.gz',
    )  # fmt: skip
    text = page.to_html(Index(distributions=(item,)), 'https://"><script>', "<script>")
    assert text.count("<script>") == 1
