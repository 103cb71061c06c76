"""Build options: how users write them, the names of archives, and refused combinations."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from setup_local.commands.variant_options import choose_options, choose_tls, choose_triple, variant_options
from setup_local.errors import RequestError
from setup_local.plan.options import options_text, parse_options
from setup_local.values import BinaryFormat, BuildOption, Libc, OperatingSystem, Request, system_of


@pytest.mark.parametrize(
    ("text", "options", "name"),
    [
        ("noopt", (), "noopt"),
        ("pgo", (BuildOption.PGO,), "pgo"),
        ("lto", (BuildOption.LTO,), "lto"),
        ("lto+pgo", (BuildOption.PGO, BuildOption.LTO), "pgo+lto"),
        ("debug", (BuildOption.DEBUG,), "debug"),
        ("debug+freethreaded", (BuildOption.FREETHREADED, BuildOption.DEBUG), "freethreaded+debug"),
        ("freethreaded", (BuildOption.FREETHREADED,), "freethreaded+noopt"),
        ("noopt+static", (BuildOption.STATIC,), "noopt+static"),
        ("static+lto", (BuildOption.LTO, BuildOption.STATIC), "lto+static"),
    ],
)
def test_options_have_one_order(text: str, options: tuple[BuildOption, ...], name: str) -> None:
    assert parse_options(text) == options
    assert options_text(options) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pgo+fast", "unknown build option 'fast'"),
        ("pgo+noopt", "'pgo\\+noopt' contradict each other"),
        ("", "unknown build option ''"),
        ("pgo+pgo", "'pgo\\+pgo' contain one twice"),
    ],
)
def test_what_is_no_option_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_options(text)


def test_optimized_is_a_short_way_to_say_it() -> None:
    assert (
        choose_options(optimized=True, options=None) == choose_options(optimized=True, options="pgo+lto") == "pgo+lto"
    )
    assert choose_options(optimized=False, options="lto") == "lto"
    assert choose_options(optimized=False, options=None) == "noopt"
    with pytest.raises(RequestError, match=r"--optimized means --options pgo\+lto, not noopt"):
        choose_options(optimized=True, options="noopt")


def test_musl_is_a_short_way_to_name_its_target() -> None:
    musl = "x86_64-unknown-linux-musl"
    assert (
        choose_triple(OperatingSystem.LINUX, musl=True, triple=None)
        == choose_triple(OperatingSystem.LINUX, musl=True, triple=musl)
        == musl
    )
    assert choose_triple(OperatingSystem.LINUX, musl=False, triple=None) == "x86_64-unknown-linux-gnu"
    with pytest.raises(RequestError, match=f"--musl means --target-triple {musl}, not x86_64-unknown-linux-gnu"):
        choose_triple(OperatingSystem.LINUX, musl=True, triple="x86_64-unknown-linux-gnu")


@pytest.mark.parametrize(
    ("system", "triple", "command"),
    [
        (OperatingSystem.LINUX, "aarch64-apple-darwin", "./build-macos.py"),
        (OperatingSystem.DARWIN, "x86_64-unknown-linux-musl", "./build-linux.py"),
        (OperatingSystem.DARWIN, "x86_64-pc-windows-msvc", "./build-windows.py"),
    ],
)
def test_a_command_names_the_right_one_for_the_target_of_another(
    system: OperatingSystem, triple: str, command: str
) -> None:
    with pytest.raises(RequestError, match=f"{system.command} builds for {system.title}, and {triple} is ") as refusal:
        choose_triple(system, musl=False, triple=triple)
    assert refusal.value.hint == f"{command} --target-triple {triple}"
    assert choose_triple(None, musl=False, triple=triple) == triple


@pytest.mark.parametrize("system", OperatingSystem)
def test_a_command_takes_its_own_targets(system: OperatingSystem) -> None:
    default = choose_triple(system, musl=False, triple=None)
    assert system_of(default) is system
    assert choose_triple(system, musl=False, triple=default) == default


def test_musl_is_refused_where_it_is_not() -> None:
    with pytest.raises(RequestError, match="builds for macOS, and x86_64-unknown-linux-musl is Linux"):
        choose_triple(OperatingSystem.DARWIN, musl=True, triple=None)


def test_an_unknown_system_is_for_the_list_of_targets_to_refuse() -> None:
    assert choose_triple(OperatingSystem.LINUX, musl=False, triple="vax-dec-ultrix") == "vax-dec-ultrix"


@pytest.mark.parametrize("libc", Libc)
def test_each_c_library_belongs_to_a_system_with_a_format(libc: Libc) -> None:
    assert libc.os.binary_format in BinaryFormat
    assert libc.floor in ("glibc", "macOS", "")


def test_one_tls_library_is_asked_for() -> None:
    assert choose_tls(openssl=None, libressl=None) == ""
    assert choose_tls(openssl="3.0", libressl=None) == "openssl-3.0"
    assert choose_tls(openssl=None, libressl="") == "libressl"
    assert choose_tls(openssl=None, libressl="4.2") == "libressl-4.2"
    for series in ("", "4.2"):
        with pytest.raises(RequestError, match="--openssl and --libressl contradict each other"):
            choose_tls(openssl="3.0", libressl=series)


@pytest.mark.parametrize(
    ("words", "tls"),
    [
        ((), ""),
        (("--libressl",), "libressl"),
        (("--libressl", "--musl"), "libressl"),
        (("--musl", "--libressl", "4.2"), "libressl-4.2"),
        (("--openssl", "3.0"), "openssl-3.0"),
    ],
)
def test_the_series_of_libressl_may_be_left_out(words: tuple[str, ...], tls: str) -> None:
    asked: list[Request] = []

    @click.command()
    @variant_options
    def command(variant: Request) -> None:
        asked.append(variant)

    result = CliRunner().invoke(command, list(words))
    assert result.exit_code == 0, result.output
    assert [request.tls for request in asked] == [tls]
