"""Corruptions that tests apply to sample distributions, and the validator's findings."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sample_distribution import SHARED, Entry, Sample, binary

from setup_local.audit.model import Finding
from setup_local.audit.validate import validate_archive

Corruption = Callable[[Sample], object]
Breach = tuple[str, Corruption]
"""A rule, and a corruption that it must reject."""
PROGRAM = "install/bin/python3.13"
FORBIDDEN = "/somewhere/else"
SYMLINK = {"kind": tarfile.SYMTYPE, "mode": 0o777}
HARDLINK = {"kind": tarfile.LNKTYPE}


def every(breaches: Sequence[Breach]) -> pytest.MarkDecorator:
    """Parametrize a test over the breaches; the rule's name is part of the test's id."""
    return pytest.mark.parametrize(
        ("rule", "corrupt"), breaches, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(breaches)]
    )


def findings(sample: Sample, directory: Path) -> list[Finding]:
    return list(validate_archive(sample.write(directory), forbid=(FORBIDDEN,)).walk())


def broken(sample: Sample, directory: Path) -> set[str]:
    return {finding.rule for finding in findings(sample, directory)}


def refused(sample: Sample, rule: str, corrupt: Corruption, directory: Path) -> None:
    """Check that a corruption breaks a rule, and that every finding has a place and a description."""
    corrupt(sample)
    found = findings(sample, directory)
    assert rule in {finding.rule for finding in found}
    assert all(finding.where and finding.what for finding in found)


def shared(name: str) -> Corruption:
    """Replace the shared module with another binary."""

    def corrupt(sample: Sample) -> None:
        sample.file(SHARED).data = binary(name)

    return corrupt


def put(path: str, data: bytes, mode: int = 0o644) -> Corruption:
    """Add a file, or replace an existing one."""

    def corrupt(sample: Sample) -> None:
        sample.entries[f"python/{path}"] = Entry(data, mode)

    return corrupt


def add(name: str, **fields: object) -> Corruption:
    """Append a member, even if its name already exists."""

    def corrupt(sample: Sample) -> None:
        sample.extra.append((name, Entry(**fields)))  # type: ignore[arg-type]

    return corrupt


def described(name: str, value: object) -> Corruption:
    """Change a field of PYTHON.json."""

    def corrupt(sample: Sample) -> None:
        sample.document[name] = value

    return corrupt


def variable(name: str, value: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.document["python_config_vars"][name] = value

    return corrupt


def built_as(options: str) -> Corruption:
    """Claim build options that differ from the real ones."""

    def corrupt(sample: Sample) -> None:
        sample.name = sample.name.replace("noopt", options)
        sample.document["build_options"] = options

    return corrupt


def extension(name: str, **fields: object) -> Corruption:
    """Change fields of an extension module."""

    def corrupt(sample: Sample) -> None:
        sample.extension(name).update(fields)

    return corrupt


def without(path: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        del sample.entries[f"python/{path}"]

    return corrupt


def attribute(name: str, value: object) -> Corruption:
    """Change an attribute of the sample, such as how it is packed."""

    def corrupt(sample: Sample) -> None:
        setattr(sample, name, value)

    return corrupt


def member(path: str, name: str, value: object) -> Corruption:
    """Change one attribute of a member: mode, time or data."""

    def corrupt(sample: Sample) -> None:
        setattr(sample.file(path), name, value)

    return corrupt


def linked(path: str, name: str) -> Corruption:
    """Put one of the test binaries at a path."""
    return put(path, binary(name), 0o755)
