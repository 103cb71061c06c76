"""The command line: one error boundary, one exit code for each kind of failure."""

from __future__ import annotations

import errno
import inspect
import signal

import click
import pytest

from setup_local import cli, errors


def _error_classes() -> list[type[errors.SetupLocalError]]:
    found = [item for item in vars(errors).values() if inspect.isclass(item)]
    return [item for item in found if issubclass(item, errors.SetupLocalError)]


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [item.exit_code for item in _error_classes()]
    assert len(set(codes)) == len(codes)


def test_exit_codes_in_the_help_are_those_of_the_errors() -> None:
    listed = cli.exit_codes()
    for item in _error_classes():
        if item is not errors.SetupLocalError:
            assert listed[item.exit_code] == str(item.__doc__).partition("\n")[0]


def test_an_error_is_one_line_with_place_and_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise errors.SourceError("wrong hash", where="zlib-1.3.1", hint="try a mirror")

    monkeypatch.setattr(cli.setup_local, "main", fails)
    with pytest.raises(SystemExit) as caught:
        cli.main(["sources", "fetch"])
    assert caught.value.code == 11
    assert capsys.readouterr().err == "error: zlib-1.3.1: wrong hash (try a mirror)\n"


def test_a_full_disk_is_one_line_wherever_it_is_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.sys, "stdout", open("/dev/full", "w", encoding="utf-8"))  # noqa: SIM115
    with pytest.raises(SystemExit) as caught:
        cli.main(["emit", "--features"])
    assert caught.value.code == 12
    assert capsys.readouterr().err == "error: No space left on device\n"


def test_what_should_not_happen_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "data/lost.toml")

    monkeypatch.setattr(cli.setup_local, "main", fails)
    with pytest.raises(FileNotFoundError):
        cli.main([])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def interrupted(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.setup_local, "main", interrupted)
    with pytest.raises(SystemExit) as caught:
        cli.main([])
    assert caught.value.code == 130


def test_unknown_commands_and_options_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["biuld"])
    assert caught.value.code == 2
    assert "No such command 'biuld'" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli._COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    assert "Example" in capsys.readouterr().out


def test_programs_are_not_started_with_interrupts_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.setup_local, "main", lambda **_: None)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        with pytest.raises(SystemExit):
            cli.main([])
        assert all(callable(signal.getsignal(number)) for number in before)
        signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
