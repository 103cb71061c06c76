"""A directory of archives and its index, for tests of the commands that read one."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from sample_distribution import Sample

from setup_local.commands.index import index as command
from setup_local.errors import SetupLocalError

TRIPLE = "x86_64-unknown-linux-gnu"


def reduced(directory: Path, name: str) -> Path:
    """Write an archive that contains only an installation, as the smaller flavours do."""
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
    """Run the command; most archives here contain very little and would not pass as distributions."""
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
