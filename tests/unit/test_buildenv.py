"""The environment for compiling other software: the target of a distribution, and the variables that a shell gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_target import TARGET

from setup_local.buildenv import Tools, as_shell, installation, target_of, variables
from setup_local.catalog.targets import load_targets
from setup_local.errors import RequestError


def distribution(directory: Path, name: str) -> Path:
    library = directory / "lib" / "python3.13"
    library.mkdir(parents=True)
    (library / f"_sysconfigdata_{name}.py").write_text("build_time_vars = {}\n")
    return directory


@pytest.mark.parametrize(
    ("name", "triple"),
    [
        ("_linux_x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
        ("_linux_x86_64-linux-musl", "x86_64-unknown-linux-musl"),
        ("t_linux_aarch64-linux-gnu", "aarch64-unknown-linux-gnu"),
    ],
)
def test_the_target_is_that_of_the_distribution(tmp_path: Path, name: str, triple: str) -> None:
    assert target_of(distribution(tmp_path, name), load_targets()).triple == triple


def test_a_system_that_nothing_is_built_for_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"is for an unsupported system: .*vax"):
        target_of(distribution(tmp_path, "_linux_vax-linux-gnu"), load_targets())


def test_an_installation_is_found_where_it_was_unpacked(tmp_path: Path) -> None:
    made = distribution(tmp_path / "install", "_linux_x86_64-linux-gnu")
    assert installation(made) == made
    assert installation(tmp_path) == made
    with pytest.raises(RequestError, match=r"is not a distribution: there is no lib/python3"):
        installation(tmp_path / "install" / "lib")


def test_a_shell_takes_the_variables_as_they_are() -> None:
    text = as_shell({"PATH": "/a b/bin", "CC": "clang", "LDSHARED": "clang -shared"})
    assert text.splitlines()[0] == """export PATH='/a b/bin':"$PATH\""""
    assert "export LDSHARED='clang -shared'" in text


def test_no_value_can_run_anything() -> None:
    assert as_shell({"X": "$(id)'; id"}) == """export X='$(id)'"'"'; id'"""


def test_the_c_plus_plus_compiler_comes_before_the_plain_one(tmp_path: Path) -> None:
    tools = Tools(
        compilers=tmp_path / "compilers", libc=tmp_path / "libc", cxx=tmp_path / "cxx", target=TARGET, floor="2.12"
    )
    found = variables(tools, [tmp_path / "python" / "bin"])
    assert found["PATH"].split(":") == [f"{tmp_path}/{name}/bin" for name in ("cxx", "compilers", "python")]
    assert found["SETUP_LOCAL_COMPILERS"] == f"{tmp_path}/compilers/bin"
    assert found["LDCXXSHARED"] == "clang++ -shared"
    assert found["CFLAGS"] == " ".join(TARGET.cflags)
