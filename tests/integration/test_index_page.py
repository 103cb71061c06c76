"""The index page in a real browser (desktop, phone in dark mode, without scripts), and its commands, executed."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clients import served, with_packages
from installed import checked, environment, run

from setup_local.index.write import write_index

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
VISITORS = [
    {"name": "desk", "viewport": DESK},
    {"name": "dark phone", "viewport": PHONE, "color_scheme": "dark"},
    {"name": "narrow", "viewport": {"width": 320, "height": 600}},
    {"name": "no scripts", "viewport": DESK, "java_script_enabled": False},
    {"name": "mac", "viewport": DESK, "user_agent": MAC},
    {"name": "windows", "viewport": DESK, "user_agent": WINDOWS},
]
LINUX, APPLE = "Linux (glibc), x86-64", "macOS, ARM64"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A directory with an index, served on loopback, and the version of the real archives in it."""

    directory: Path
    url: str
    version: str


@pytest.fixture(scope="module")
def shelf(repacked: Callable[[str], Path], workshop: Path) -> Iterator[Shelf]:
    """Return an index of a real archive with its debug information, and of others that are real only in name."""
    directory = workshop / "shelf"
    directory.mkdir()
    for flavor in ("install_only_stripped", "minimal", "debuginfo"):
        os.link(repacked(flavor), directory / repacked(flavor).name)
    real = repacked("install_only_stripped").name
    for version, triple in (("3.13.0", "aarch64-apple-darwin"), ("3.8.1", "x86_64-unknown-linux-gnu")):
        shutil.copy(repacked("minimal"), directory / f"cpython-{version}-{triple}-minimal.tar.gz")
    with served(directory) as url:
        write_index(directory, base_url=url)
        yield Shelf(directory=directory, url=url, version=real.split("-")[1])


@pytest.fixture(scope="module")
def seen(shelf: Shelf, workshop: Path) -> dict[str, Any]:
    """Return the page as each visitor sees it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.fail("chromium is missing; scripts/install-test-requirements installs it", pytrace=False)
    home = workshop / "browser"
    home.mkdir()
    python = with_packages(home / "environment", "browser.txt", home)
    script = Path(__file__).with_name("look_at_page.py")
    argv = [python, script, browser, f"{shelf.url}/index.html", home]
    looked = subprocess.run(
        argv,
        input=json.dumps(VISITORS),
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert looked.returncode == 0, looked.stderr
    assert all((home / f"{visitor['name']}.png").stat().st_size > 10_000 for visitor in VISITORS)
    return dict(zip((str(visitor["name"]) for visitor in VISITORS), json.loads(looked.stdout), strict=True))


def test_nothing_is_wrong_and_nothing_else_is_loaded(seen: dict[str, Any]) -> None:
    assert [visitor["problems"] for visitor in seen.values()] == [[]] * len(VISITORS)


def test_everything_fits_into_a_phone(seen: dict[str, Any]) -> None:
    assert [visitor["wider"] for visitor in seen.values()] == [0] * len(VISITORS)


def test_the_dark_is_dark(seen: dict[str, Any]) -> None:
    def light(colour: str) -> int:
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    for name, visitor in seen.items():
        text, ground = map(light, visitor["colours"])
        assert (text > ground) == (name == "dark phone")


def test_what_fits_the_visitor_comes_first_and_is_open(seen: dict[str, Any]) -> None:
    assert seen["desk"]["choices"] == [[LINUX, True], [APPLE, False]]
    assert seen["mac"]["choices"] == [[APPLE, True], [LINUX, False]]
    assert seen["windows"]["choices"] == [[LINUX, True], [APPLE, True]]  # no archive for it: all are shown


def test_the_page_is_complete_without_scripts(shelf: Shelf, seen: dict[str, Any]) -> None:
    plain, scripted = seen["no scripts"], seen["desk"]
    assert plain["choices"] == [[LINUX, True], [APPLE, True]]
    assert (
        plain["versions"]
        == scripted["versions"]
        == [f"cpython {version}" for version in (shelf.version, "3.13.0", "3.8.1")]
    )
    assert plain["rows"] == scripted["rows"] == 4
    assert (plain["buttons"], plain["form"]) == (0, 0)  # no controls without a function


def test_search_leaves_what_is_searched_for_and_lines_are_copied(seen: dict[str, Any]) -> None:
    for name in ("desk", "dark phone", "mac"):
        assert seen[name]["found"] == [["cpython 3.8.1"], 1, "1 of 4 distributions"]
        assert seen[name]["copied"] == "copied"


def test_the_line_for_a_shell_gets_checks_and_unpacks(shelf: Shelf, tmp_path: Path) -> None:
    for name in ("curl", "sha256sum"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is missing")
    line = _line(shelf, "Shell")
    checked(["/bin/sh", "-c", line], env=environment(tmp_path), cwd=tmp_path)
    said = checked([tmp_path / "python" / "bin" / "python3", "--version"], env=environment(tmp_path), cwd=tmp_path)
    assert said.split() == ["Python", shelf.version]
    other = tmp_path / "other"
    other.mkdir()
    forged = re.sub(r"(echo ')[0-9a-f]{8}", r"\g<1>00000000", line)
    assert run(["/bin/sh", "-c", forged], env=environment(tmp_path), cwd=other, seconds=60).returncode != 0
    assert not (other / "python").exists()


def _line(shelf: Shelf, title: str) -> str:
    """Return a command exactly as on the page."""
    text = (shelf.directory / "index.html").read_text(encoding="utf-8")
    found = re.search(rf"<dt>{title}</dt>\s*<dd><code>(.*?)</code>", text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])
