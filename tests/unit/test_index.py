"""The index of a directory: what it lists, what it refuses, and that all its files agree."""

from __future__ import annotations

import dataclasses
import hashlib
import html.parser
import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hostile_archives import DESCRIPTIONS, SHAPES, with_description
from sample_distribution import NAME, SHARED, Sample, binary

from setup_local.archive_name import ArchiveName, Flavor, parse_name
from setup_local.binfmt.elf import build_id
from setup_local.catalog.flavors import load_flavors
from setup_local.catalog.load import schema
from setup_local.commands.index import index as command
from setup_local.errors import (
    ArchiveError,
    DescriptionError,
    RequestError,
    SetupLocalError,
    SourceError,
    ValidationFailed,
)
from setup_local.flavors.repack import repack
from setup_local.index import page
from setup_local.index.model import DebugInformation, Distribution, Index, parse_index
from setup_local.index.write import WRITTEN

TRIPLE = "x86_64-unknown-linux-gnu"


def reduced(directory: Path, name: str) -> Path:
    """Write an archive that only holds an installation, as the smaller flavours do."""
    path = directory / name
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("python/bin/python3.13")
        info.mode = 0o755
        tar.addfile(info)
    return path


def full(directory: Path, version: str = "3.13.5", options: str = "noopt", triple: str = TRIPLE) -> Path:
    sample = Sample(name=f"cpython-{version}-{triple}-{options}-full.tar.zst")
    sample.document |= {"python_version": version, "build_options": options, "target_triple": triple}
    return sample.write(directory)


def run(*words: str | Path, trust: bool = True) -> Result:
    """Run the command; most archives here are only names with a little in them, which would not pass as distributions."""
    return CliRunner().invoke(command, [*(str(word) for word in words), *(["--trust"] if trust else [])])


def failure(*words: str | Path) -> SetupLocalError:
    error = run(*words).exception
    assert isinstance(error, SetupLocalError), error
    return error


def written(directory: Path, *options: str) -> Path:
    result = run(directory, *options)
    assert result.exit_code == 0, result.output
    return directory


def document(directory: Path, name: str = "versions.json") -> Any:
    return json.loads((directory / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "options", "flavor", "triple"),
    [
        (f"cpython-3.13.5-{TRIPLE}-pgo+lto-full.tar.zst", "pgo+lto", Flavor.FULL, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz", "", Flavor.INSTALL_ONLY, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-noopt-install_only.tar.gz", "noopt", Flavor.INSTALL_ONLY, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-install_only_stripped.tar.zst", "", Flavor.INSTALL_ONLY_STRIPPED, TRIPLE),
        ("cpython-3.13.5-aarch64-apple-darwin-minimal.tar.zst", "", Flavor.MINIMAL, "aarch64-apple-darwin"),
        ("cpython-3.13.5-i686-pc-windows-msvc-install_only.tar.gz", "", Flavor.INSTALL_ONLY, "i686-pc-windows-msvc"),
        ("cpython-3.13.5-x86_64-pc-windows-msvc-pgo-full.tar.zst", "pgo", Flavor.FULL, "x86_64-pc-windows-msvc"),
        (
            "cpython-3.13.5-x86_64_v3-unknown-linux-musl-freethreaded+noopt-full.tar.zst",
            "freethreaded+noopt",
            Flavor.FULL,
            "x86_64_v3-unknown-linux-musl",
        ),
    ],
)
def test_names_say_what_an_archive_is(name: str, options: str, flavor: Flavor, triple: str) -> None:
    found = parse_name(name)
    assert isinstance(found, ArchiveName)
    assert (found.build_options, found.flavor, found.target_triple) == (options, flavor, triple)
    assert str(found.version) == "3.13.5"


def test_every_flavour_that_can_be_made_is_known() -> None:
    made = {flavor.name for flavor in load_flavors().flavor if not flavor.detached}
    assert made | {"full"} == {item.value for item in Flavor}


def test_debug_information_lies_beside_distributions_and_is_none(tmp_path: Path) -> None:
    catalog = load_flavors()
    (flavor,) = (flavor for flavor in catalog.flavor if flavor.detached)
    path = repack(full(tmp_path), flavor, catalog, output=tmp_path)
    assert "ignored" not in run(tmp_path).stderr
    said = document(tmp_path)
    assert [item["file"] for item in said["distributions"]] == [NAME]
    (debug,) = said["debug_information"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (debug["file"], debug["url"], debug["sha256"]) == (path.name, path.name, digest)
    assert build_id(binary("python")) in debug["build_ids"]
    assert f"{digest}  {path.name}\n" in (tmp_path / "SHA256SUMS").read_text()
    read = parse_index((tmp_path / "versions.json").read_bytes(), where="here")
    assert read.debug_information[0].build_ids == tuple(debug["build_ids"])


def test_what_only_has_the_name_of_debug_information_is_refused(tmp_path: Path) -> None:
    full(tmp_path)
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-debuginfo.tar.gz")
    assert isinstance(failure(tmp_path), ArchiveError)
    assert not (tmp_path / "SHA256SUMS").exists()


@pytest.mark.parametrize("name", ["README.txt", "cpython-3.13-full.tar.zst", f"x{NAME}.part", f"../{NAME}", "x.tar.gz"])
def test_other_names_are_no_distributions(name: str) -> None:
    assert parse_name(name) is None


def test_every_file_tells_the_same_of_an_archive(tmp_path: Path) -> None:
    data = full(tmp_path).read_bytes()
    (item,) = document(written(tmp_path))["distributions"]
    digest = hashlib.sha256(data).hexdigest()
    assert item == {
        "implementation": "cpython",
        "version": "3.13.5",
        "target_triple": TRIPLE,
        "flavor": "full",
        "build_options": "noopt",
        "file": NAME,
        "size": len(data),
        "sha256": digest,
        "url": NAME,
    }
    assert (tmp_path / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  {NAME}\n"
    assert document(tmp_path, "download-metadata.json")["cpython-3.13.5-linux-x86_64-gnu"]["sha256"] == digest
    assert digest in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    full(tmp_path)
    text = (written(tmp_path) / "versions.json").read_text(encoding="utf-8")
    assert parse_index(text, where="x").to_json() == text


def test_the_schema_and_the_model_have_the_same_fields() -> None:
    described = schema("index-1")["$defs"]["distribution"]
    fields = [field.name for field in dataclasses.fields(Distribution)]
    assert list(described["properties"]) == fields == described["required"]
    assert described["properties"]["flavor"]["enum"] == [item.value for item in Flavor]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../x.tar.gz"},
        {"sha256": "AB"},
        {"size": "1"},
        {"flavor": "huge"},
        {"more": 1},
    ],
)
def test_an_index_with_anything_else_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    full(tmp_path)
    raw = document(written(tmp_path))
    raw["distributions"][0] |= change
    with pytest.raises(SourceError, match="not an index of format 1"):
        parse_index(json.dumps(raw), where="x")


def test_text_that_is_no_json_is_no_index() -> None:
    with pytest.raises(SourceError, match="is not an index"):
        parse_index("<html>", where="x")


def test_the_newest_version_comes_first(tmp_path: Path) -> None:
    for version in ("3.9.2", "3.13.5", "3.13.15", "3.14.0rc1"):
        full(tmp_path, version)
    found = [item["version"] for item in document(written(tmp_path))["distributions"]]
    assert found == ["3.14.0rc1", "3.13.15", "3.13.5", "3.9.2"]


def test_the_same_archives_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        full(tmp_path / name)
    url = "--base-url=https://example.org/p/"
    first, second = (
        [(written(tmp_path / name, url) / file).read_bytes() for file in WRITTEN] for name in ("one", "two")
    )
    assert first == second


def test_a_second_run_neither_lists_nor_reports_what_the_first_wrote(tmp_path: Path) -> None:
    full(tmp_path)
    before = [(written(tmp_path) / file).read_bytes() for file in WRITTEN]
    again = run(tmp_path)
    assert "ignored" not in again.stderr
    assert before == [(tmp_path / file).read_bytes() for file in WRITTEN]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([NAME, *WRITTEN])


def test_unknown_files_are_ignored_and_told(tmp_path: Path) -> None:
    full(tmp_path)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert "ignored notes.txt" in run(tmp_path).stderr


def test_json_lists_archives_and_files(tmp_path: Path) -> None:
    full(tmp_path)
    listed = json.loads(run(tmp_path, "--json").stdout)
    assert [item["file"] for item in listed["distributions"]] == [NAME]
    assert listed["files"] == [str(tmp_path / name) for name in WRITTEN]


@pytest.mark.parametrize("keep", [0, 10, 200, -30])
def test_a_damaged_archive_is_refused_and_nothing_written(tmp_path: Path, keep: int) -> None:
    path = full(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert isinstance(failure(tmp_path), ArchiveError)
    assert not any((tmp_path / name).exists() for name in WRITTEN)


def test_a_damaged_smaller_flavour_is_refused(tmp_path: Path) -> None:
    path = reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    path.write_bytes(path.read_bytes()[:-20])
    assert isinstance(failure(tmp_path), ArchiveError)


def test_a_name_that_is_not_what_the_archive_holds_is_refused(tmp_path: Path) -> None:
    full(tmp_path).rename(tmp_path / NAME.replace("3.13.5", "3.13.6"))
    assert "another distribution than its name says: 3.13.5" in str(failure(tmp_path))


def test_a_full_archive_without_description_is_refused(tmp_path: Path) -> None:
    reduced(tmp_path, NAME)
    assert "holds no PYTHON.json" in str(failure(tmp_path))


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}"])
def test_a_description_that_makes_no_sense_is_refused(tmp_path: Path, text: bytes) -> None:
    Sample(description=text).write(tmp_path)
    assert isinstance(failure(tmp_path), DescriptionError)


def test_nothing_to_list_is_a_wrong_request(tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path), RequestError)
    assert isinstance(failure(tmp_path / "nowhere"), RequestError)
    full(tmp_path)
    assert "is not an http(s) URL" in str(failure(tmp_path, "--base-url", "example.org"))


def test_a_base_url_is_used_everywhere_and_quoted(tmp_path: Path) -> None:
    full(tmp_path, options="pgo+lto")
    written(tmp_path, "--base-url", "https://example.org/p/")
    url = f"https://example.org/p/cpython-3.13.5-{TRIPLE}-pgo%2Blto-full.tar.zst"
    assert document(tmp_path)["distributions"][0]["url"] == url
    (entry,) = document(tmp_path, "download-metadata.json").values()
    assert entry["url"] == url
    assert f'href="{url}"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_without_a_base_url_uv_gets_file_urls(tmp_path: Path) -> None:
    directory = tmp_path / "ä b"
    directory.mkdir()
    full(directory)
    (entry,) = document(written(directory), "download-metadata.json").values()
    assert entry["url"] == f"{directory.as_uri()}/{NAME}"
    assert "%20" in entry["url"]


def test_uv_gets_one_archive_for_each_platform_and_variant(tmp_path: Path) -> None:
    full(tmp_path)
    full(tmp_path, options="freethreaded+debug")
    full(tmp_path, triple="aarch64-unknown-linux-musl")
    full(tmp_path, "3.14.0rc2", triple="x86_64_v3-unknown-linux-gnu")
    full(tmp_path, triple="x86_64-pc-windows-msvc")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-noopt-install_only_stripped.tar.gz")
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-noopt-minimal.tar.gz")
    found = document(written(tmp_path), "download-metadata.json")
    assert set(found) == {
        "cpython-3.13.5-linux-x86_64-gnu",
        "cpython-3.13.5+freethreaded+debug-linux-x86_64-gnu",
        "cpython-3.13.5-linux-aarch64-musl",
        "cpython-3.14.0rc2-linux-x86_64_v3-gnu",
        "cpython-3.13.5-windows-x86_64-none",
    }
    assert found["cpython-3.13.5-linux-x86_64-gnu"]["url"].endswith("noopt-install_only_stripped.tar.gz")
    assert found["cpython-3.13.5+freethreaded+debug-linux-x86_64-gnu"]["variant"] == "freethreaded+debug"
    newest = found["cpython-3.14.0rc2-linux-x86_64_v3-gnu"]
    assert (newest["arch"], newest["prerelease"]) == ({"family": "x86_64", "variant": "v3"}, "rc2")
    assert (newest["major"], newest["minor"], newest["patch"], newest["libc"]) == (3, 14, 0, "gnu")


def test_uv_gets_processors_by_its_own_names(tmp_path: Path) -> None:
    for triple in ("ppc64le-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf", "s390x-unknown-linux-gnu"):
        full(tmp_path, triple=triple)
    found = document(written(tmp_path), "download-metadata.json")
    assert {key: entry["arch"]["family"] for key, entry in found.items()} == {
        "cpython-3.13.5-linux-powerpc64le-gnu": "powerpc64le",
        "cpython-3.13.5-linux-armv7-gnueabihf": "armv7",
        "cpython-3.13.5-linux-s390x-gnu": "s390x",
    }


def test_uv_gets_the_optimised_build(tmp_path: Path) -> None:
    full(tmp_path, options="noopt")
    full(tmp_path, options="pgo+lto")
    full(tmp_path, options="lto")
    (entry,) = document(written(tmp_path), "download-metadata.json").values()
    assert entry["url"].endswith("-pgo%2Blto-full.tar.zst")


class Page(html.parser.HTMLParser):
    """Collects what the page refers to, and its elements."""

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
        "data:,",  # no icon, or browsers ask for one
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
    assert debug[2].file in after  # it belongs to none of them


def test_uv_is_told_of_no_archive_for_two_processors(tmp_path: Path) -> None:
    full(tmp_path, "3.13.15", triple="universal2-apple-darwin")
    full(tmp_path, "3.13.15", triple="aarch64-apple-darwin")
    assert list(document(written(tmp_path), "download-metadata.json")) == ["cpython-3.13.15-darwin-aarch64-none"]


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
    assert set(linux) == {"Shell", "Dockerfile"}  # uv wants headers
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


def test_a_file_that_cannot_be_written_leaves_no_part_of_it(tmp_path: Path) -> None:
    full(tmp_path)
    (tmp_path / "SHA256SUMS").mkdir()
    assert "cannot be written" in str(failure(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(tmp_path / "SHA256SUMS")
    written(tmp_path)


def test_what_holds_is_listed(tmp_path: Path) -> None:
    Sample().write(tmp_path)
    assert run(tmp_path, trust=False).exit_code == 0


def test_what_does_not_hold_is_listed_only_on_trust(tmp_path: Path) -> None:
    sample = Sample()
    sample.file(SHARED).data = binary("newer.so")
    path = sample.write(tmp_path)
    error = run(tmp_path, trust=False).exception
    assert isinstance(error, ValidationFailed)
    assert error.where == str(path)
    assert "symbol-versions" in str(error)
    assert "--trust" in str(error)
    assert list(tmp_path.iterdir()) == [path]
    assert run(tmp_path).exit_code == 0


@pytest.mark.parametrize("trust", [False, True])
def test_what_is_not_safe_to_unpack_is_never_listed(tmp_path: Path, *, trust: bool) -> None:
    path = tmp_path / NAME
    path.write_bytes(SHAPES["link-out-and-file-below"]())
    assert run(tmp_path, trust=trust).exit_code != 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_is_none_is_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(with_description(DESCRIPTIONS[name]))
    error = failure(tmp_path)
    assert isinstance(error, ArchiveError | DescriptionError)
    assert str(path) in str(error)


def _listed(**changes: object) -> bytes:
    item = {
        "implementation": "cpython",
        "version": "3.13.5",
        "target_triple": TRIPLE,
        "flavor": "full",
        "build_options": "noopt",
        "file": NAME,
        "size": 1,
        "sha256": "0" * 64,
        "url": NAME,
    }
    return json.dumps({"format": 1, "distributions": [item | changes]}).encode()


INDEXES: dict[str, bytes] = {
    "nested": b"[" * 200_000,
    "nested-in-place": b'{"format": 1, "distributions": ' + b"[" * 200_000,
    "version-with-newline": _listed(version="3.13.5\n"),
    "version-of-digits": _listed(version="9" * 5000 + ".0.0"),
    "url-with-escapes": _listed(url="a\x1b[31m"),
    "file-with-newline": _listed(file=NAME + "\n"),
    "half-a-surrogate": _listed(url="\ud800"),
    "twice": b'{"format": 1, "format": 1, "distributions": []}',
    "utf-16": '{"format": 1, "distributions": []}'.encode("utf-16"),
    "mark": b'\xef\xbb\xbf{"format": 1, "distributions": []}',
    "not-a-number": b'{"format": NaN, "distributions": []}',
    "huge": b'{"format": 1, "distributions": [' + b" " * (16 << 20) + b"]}",
    "many-wrong": b'{"format": 1, "distributions": [' + b"1," * 100_000 + b"1]}",
    "nothing": b"",
    "zeros": bytes(100),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_is_none_is_one_line(name: str) -> None:
    with pytest.raises(SourceError, match="is not an index") as caught:
        parse_index(INDEXES[name], where="x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
