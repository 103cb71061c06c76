"""The options of commands that control how the work is done."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from setup_local.commands.settings_options import LOCKED_VARIABLE, settings_options
from setup_local.values import BuildSettings


def given(*words: str) -> BuildSettings:
    """Return the settings of a command with these options."""
    found: list[BuildSettings] = []

    @click.command()
    @settings_options
    def command(*, settings: BuildSettings) -> None:
        found.append(settings)

    assert CliRunner().invoke(command, list(words), catch_exceptions=False).exit_code == 0
    return found[0]


def test_only_pinned_sources_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LOCKED_VARIABLE, raising=False)
    assert given().locked is False
    assert given("--locked").locked is True


@pytest.mark.parametrize("value", ["1", "true"])
def test_a_variable_asks_for_pinned_sources_too(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCKED_VARIABLE, value)
    assert given().locked is True


@pytest.mark.parametrize("value", ["0", ""])
def test_the_variable_can_say_no(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCKED_VARIABLE, value)
    assert given().locked is False
