"""Reading pip's installation report about a wheel that is newer than the pin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from setup_local.catalog.sources import ArchiveKind, Form, PypiPlace
from setup_local.fetch import pypi
from setup_local.fetch.attempt import PlaceFailed

PLACE = PypiPlace(project="certifi", version="2026.1")
FORM = Form(file="certifi-2026.1-py3-none-any.whl", sha256="0" * 64, size=5, kind=ArchiveKind.WHEEL, pypi=PLACE)


def report(url: str, hashes: dict[str, str]) -> str:
    info: dict[str, Any] = {"url": url, "archive_info": {"hashes": hashes}}
    return json.dumps({"install": [{"download_info": info, "metadata": {"version": "2026.2.post1"}}]})


def test_a_wheel_with_its_hash_over_tls() -> None:
    text = report("https://files.example/ab/certifi-2026.2.post1-py3-none-any.whl", {"sha256": "a" * 64})
    version, form = pypi.described(FORM, PLACE, text)
    assert (version, form.file, form.sha256, form.size) == (
        "2026.2.post1",
        "certifi-2026.2.post1-py3-none-any.whl",
        "a" * 64,
        0,
    )
    assert form.pypi == PypiPlace(project="certifi", version="2026.2.post1")


@pytest.mark.parametrize(
    ("url", "hashes"),
    [
        ("http://files.example/certifi-2.whl", {"sha256": "a" * 64}),
        ("file:///srv/wheels/certifi-2.whl", {"sha256": "a" * 64}),
        ("https://files.example/certifi-2.whl", {"md5": "a" * 32}),
    ],
)
def test_nothing_vouches_without_tls_or_hash(url: str, hashes: dict[str, str]) -> None:
    with pytest.raises(PlaceFailed, match=r"certifi-2\.whl has no hash received over TLS"):
        pypi.described(FORM, PLACE, report(url, hashes))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("global.trusted-host='mirror'", "global.trusted-host"),
        (":env:.index-url='http://user:secret@mirror/simple'", ":env:.index-url"),
        ("global.extra-index-url='https://a http://b'", "global.extra-index-url"),
        ("install.find-links='http://b'", "install.find-links"),
    ],
)
def test_an_index_without_tls_is_not_asked(line: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pypi, "_run", lambda *_: f"global.cert='/etc/x'\n{line}\n")
    with pytest.raises(PlaceFailed) as caught:
        pypi.newest(FORM, ">=2026", {})
    assert str(caught.value) == f"pip is configured not to use TLS ({name})"


def test_a_proxy_and_local_directories_are_no_index_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pypi, "_run", lambda *_: "global.proxy='http://proxy'\nglobal.find-links='/wheels'\n")
    pypi._refuse_without_tls({})
