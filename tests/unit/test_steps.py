"""Keys of steps: which changes affect them and which do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from setup_local.build.code_digests import CodeDigests
from setup_local.build.steps import Step, chain_weights, digest, files_digest, step_keys
from setup_local.values import Libc


def _nothing(_: object) -> None:
    pass


def _keys(steps: list[Step], **environment: str) -> dict[str, str]:
    return step_keys(steps, code=CodeDigests(), environment=environment)


def _graph(zlib: object = "zlib", openssl: object = "openssl") -> list[Step]:
    return [
        Step(name="zlib", ingredients=zlib, action=_nothing, weight=1),
        Step(name="openssl", ingredients=openssl, action=_nothing, weight=100),
        Step(name="tcl", ingredients="tcl", needs=("zlib",), action=_nothing, weight=10),
        Step(name="cpython", ingredients="cpython", needs=("tcl", "openssl"), action=_nothing, weight=50),
    ]


def test_a_changed_ingredient_changes_the_step_and_its_dependents_only() -> None:
    before, after = _keys(_graph()), _keys(_graph(zlib="zlib, patched"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"zlib", "tcl", "cpython"}


def test_equal_ingredients_under_other_names_have_other_keys() -> None:
    keys = _keys(_graph(zlib="same", openssl="same"))
    assert keys["zlib"] != keys["openssl"]


def test_the_environment_of_all_steps_is_in_every_key() -> None:
    before, after = _keys(_graph(), LC_ALL="C"), _keys(_graph(), LC_ALL="C.UTF-8")
    assert all(before[name] != after[name] for name in before)


def test_the_bytes_of_declared_files_are_in_the_key(tmp_path: Path) -> None:
    data = tmp_path / "data.toml"
    step = Step(name="a", ingredients="", action=_nothing, data=(data,))
    keys = set()
    for text in ("1", "2"):
        data.write_text(text)
        keys.add(_keys([step])["a"])
    assert len(keys | {_keys([replace(step, data=())])["a"]}) == 3


def _something_else(_: object) -> None:
    return None


def test_the_code_of_the_action_is_in_the_key() -> None:
    step = Step(name="a", ingredients="", action=_nothing)
    assert _keys([step]) != _keys([replace(step, action=_something_else)])


def test_the_heaviest_chain_comes_first() -> None:
    steps = _graph()
    weights = chain_weights(steps, {step.name: step.weight for step in steps})
    assert weights == {"cpython": 50, "tcl": 60, "zlib": 61, "openssl": 150}


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    libc: Libc
    flags: tuple[str, ...]


def test_digest_sees_every_field_of_a_dataclass() -> None:
    recipe = _Recipe(libc=Libc.GLIBC, flags=("-O2",))
    others = [replace(recipe, libc=Libc.MUSL), replace(recipe, flags=("-O3",)), replace(recipe, flags=())]
    assert digest(recipe) == digest(_Recipe(libc=Libc.GLIBC, flags=("-O2",)))
    assert len({digest(item) for item in [recipe, *others]}) == 4


def test_files_digest_sees_names_and_bytes_below_directories(tmp_path: Path) -> None:
    first = tmp_path / "data"
    (first / "sub").mkdir(parents=True)
    (first / "sub" / "a").write_text("1")
    before = files_digest([first])
    (first / "sub" / "a").write_text("2")
    changed = files_digest([first])
    (first / "sub" / "a").rename(first / "sub" / "b")
    assert len({before, changed, files_digest([first])}) == 3


def test_files_digest_refuses_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files_digest([tmp_path / "misspelt"])
