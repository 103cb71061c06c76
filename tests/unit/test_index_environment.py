"""`setup-local create`: an environment appears complete, or not at all."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sample_distribution import Entry, Sample
from sample_windows import windows
from test_index import TRIPLE, full, written

from setup_local import manifest
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.commands.create import create as command
from setup_local.doctor.changes import changed_files
from setup_local.errors import ArchiveError, OutputError, RequestError, SetupLocalError, SourceError
from setup_local.index import environment
from setup_local.run import CommandFailed, Outcome
from setup_local.stage import installer

VARIABLES = (
    "PYTHON_VERSION",
    "PIP_VERSION",
    "SETUPTOOLS_VERSION",
    "VIRTUALENV_VERSION",
    "PYTHON_INSTALL_DIR",
    "SETUP_LOCAL_INDEX",
)


class Pip:
    """Simulates the new interpreter's pip: writes a script, or does what a test requires."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.env: dict[str, str] = {}
        self.act: Callable[[Path], None] = lambda _: None

    def __call__(self, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> Outcome:
        self.words, self.env = [str(word) for word in argv[1:]], dict(env)
        self.act(cwd)
        return Outcome(stdout="")


@pytest.fixture(autouse=True)
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pip:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    stand_in = Pip()
    monkeypatch.setattr(environment, "run", stand_in)
    return stand_in


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, words), "--target-triple", TRIPLE])


def failure(*words: str | Path) -> SetupLocalError:
    error = run(*words).exception
    assert isinstance(error, SetupLocalError), error
    return error


def listing(directory: Path) -> list[str]:
    """Return a directory's content except for the cache, which every command may use."""
    return sorted(path.name for path in directory.iterdir() if path.name != "cache")


def install_only(directory: Path) -> Path:
    path = directory / f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in (("bin/python3.13", b"program"), ("lib/python3.13/os.py", b"")):
            info = tarfile.TarInfo(f"python/{name}")
            info.mode, info.size = 0o755 if "bin" in name else 0o644, len(data)
            source = directory / "member"
            source.write_bytes(data)
            with source.open("rb") as stream:
                tar.addfile(info, stream)
        link = tarfile.TarInfo("python/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "python3.13"
        tar.addfile(link)
    return path


def test_a_full_archive_gives_its_installation_only(tmp_path: Path) -> None:
    result = run(tmp_path / "env", "--from", Sample().write(tmp_path))
    python = Path(result.stdout.splitlines()[-1])
    assert python == tmp_path / "env" / "bin" / "python3"
    assert listing(tmp_path / "env") == ["SHA256SUMS", "bin", "include", "lib"]
    assert os.access(python, os.X_OK)
    assert python.readlink() == Path("python3.13")
    assert not os.access(tmp_path / "env" / "lib" / "python3.13" / "os.py", os.X_OK)
    assert (tmp_path / "env").stat().st_mode & 0o077 == (tmp_path / "env" / "bin").stat().st_mode & 0o077


def _manifest(directory: Path) -> dict[str, str]:
    return manifest.parse((directory / manifest.NAME).read_bytes())


def test_the_environment_lists_its_files_as_they_are_in_it(tmp_path: Path, pip: Pip) -> None:
    pip.act = lambda place: place.joinpath("tool").write_text(f"#!{place}/python3.13\nprint()\n") and None
    assert run(tmp_path / "env", "--from", Sample().write(tmp_path), "--pip", "25.0").exit_code == 0
    listed = _manifest(tmp_path / "env")
    assert listed["bin/python3"] == listed["bin/python3.13"]
    assert {"bin/tool", "lib/python3.13/os.py"} <= listed.keys()
    assert "SHA256SUMS" not in listed
    assert listed == manifest.digests({name: tmp_path / "env" / name for name in listed})
    assert list(changed_files(tmp_path / "env")) == []


def test_a_file_that_is_not_what_the_manifest_says_is_not_installed(tmp_path: Path) -> None:
    sample = Sample()
    sample.manifest = sample.sums()
    sample.file("install/lib/python3.13/os.py").data = b"import backdoor\n"
    assert isinstance(failure(tmp_path / "env", "--from", sample.write(tmp_path)), ArchiveError)
    assert not (tmp_path / "env").exists()


def test_an_archive_of_only_the_installation_works_as_well(tmp_path: Path) -> None:
    assert run(tmp_path / "new" / "env", "--from", install_only(tmp_path)).exit_code == 0
    assert listing(tmp_path / "new") == ["env"]
    assert listing(tmp_path / "new" / "env") == ["SHA256SUMS", "bin", "lib"]


def test_an_empty_directory_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    assert run(tmp_path / "env", "--from", Sample().write(tmp_path)).exit_code == 0


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "mine").write_text("x", encoding="utf-8")
    error = failure(tmp_path / "env", "--from", archive)
    assert isinstance(error, OutputError)
    assert "is not empty" in str(error)
    assert listing(tmp_path / "env") == ["mine"]
    assert run(archive, "--from", archive).exit_code == 2


@pytest.mark.parametrize(
    "entry",
    [
        ("python/install/../../../evil", Entry(b"x")),
        ("/python/install/evil", Entry(b"x")),
        ("python/install/evil", Entry(kind=tarfile.SYMTYPE, target="/etc")),
        ("python/install/evil", Entry(kind=tarfile.SYMTYPE, target="../../../..")),
        ("python/install/evil", Entry(kind=tarfile.LNKTYPE, target="/etc/passwd")),
        ("python/install/evil", Entry(kind=tarfile.FIFOTYPE)),
    ],
)
def test_an_unsafe_archive_leaves_nothing(tmp_path: Path, entry: tuple[str, Entry]) -> None:
    archive = Sample(extra=[entry]).write(tmp_path)
    assert isinstance(failure(tmp_path / "env", "--from", archive), ArchiveError)
    assert listing(tmp_path) == [archive.name]


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-100])
    assert isinstance(failure(tmp_path / "env", "--from", archive), ArchiveError)
    assert listing(tmp_path) == [archive.name]


def test_an_archive_without_interpreter_is_refused(tmp_path: Path) -> None:
    sample = Sample()
    del sample.entries["python/install/bin/python3.13"]
    assert "no bin/python3" in str(failure(tmp_path / "env", "--from", sample.write(tmp_path)))


def test_an_archive_for_windows_is_not_installed_here(tmp_path: Path) -> None:
    archive = windows().write(tmp_path)
    assert "is for Windows" in str(failure(tmp_path / "env", "--from", archive))
    assert listing(tmp_path) == [archive.name]


def test_versions_are_exact_and_handed_to_the_new_pip(tmp_path: Path, pip: Pip) -> None:
    archive = Sample().write(tmp_path)
    options = ("--pip", "25.1", "--setuptools", "80.9.0", "--virtualenv", "20.31.2")
    assert run(tmp_path / "env", "--from", archive, *options).exit_code == 0
    assert pip.words[:4] == ["-I", "-m", "pip", "install"]
    assert sorted(pip.words[4:]) == ["pip==25.1", "setuptools==80.9.0", "virtualenv==20.31.2"]
    assert isinstance(failure(tmp_path / "other", "--from", archive, "--pip", ">=25"), RequestError)


def test_pip_gets_its_configuration_and_nothing_that_leads_it_astray(
    tmp_path: Path, pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "https_proxy", "PIP_VERSION", "PIP_TARGET", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "25.1")
    assert run(tmp_path / "env", "--from", Sample().write(tmp_path)).exit_code == 0
    assert pip.words[-1] == "pip==25.1"
    assert {"PIP_INDEX_URL", "https_proxy"} <= set(pip.env)
    assert not {"PIP_VERSION", "PIP_TARGET", "PYTHONPATH", "PYTHONHOME"} & set(pip.env)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: no versions\nERROR: No matching distribution found for pip==99\nhint\n", "No matching distribution"),
        ("/env/bin/python3: No module named pip\n", "/env/bin/python3: No module named pip"),
        ("", "pip ended with status 1"),
    ],
)
def test_a_package_that_cannot_be_had_leaves_nothing(tmp_path: Path, pip: Pip, output: str, reason: str) -> None:
    def fails(_: Path) -> None:
        raise CommandFailed(["pip"], 1, output)

    pip.act = fails
    archive = Sample().write(tmp_path)
    error = failure(tmp_path / "env", "--from", archive, "--pip", "99")
    assert isinstance(error, SourceError)
    assert str(error).startswith(f"pip cannot install pip==99: {reason}")
    assert listing(tmp_path) == [archive.name]


def test_an_interrupt_leaves_nothing(tmp_path: Path, pip: Pip) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    pip.act = interrupted
    archive = Sample().write(tmp_path)
    assert run(tmp_path / "env", "--from", archive, "--pip", "25.1").exit_code == 1
    assert listing(tmp_path) == [archive.name]


@pytest.mark.parametrize("name", ["env", "a b ä"])
def test_scripts_find_their_interpreter_after_the_environment_appeared(tmp_path: Path, pip: Pip, name: str) -> None:
    def writes(place: Path) -> None:
        (place / "short").write_text(f"#!{place}/python3\nimport x\n", encoding="utf-8")
        (place / "long").write_text(
            f"#!/bin/sh\n'''exec' \"{place}/python3\" \"$0\" \"$@\"\n' '''\nimport x\n", encoding="utf-8"
        )
        (place / "foreign").write_text("#!/usr/bin/perl\n", encoding="utf-8")

    pip.act = writes
    assert run(tmp_path / name, "--from", Sample().write(tmp_path), "--pip", "25.1").exit_code == 0
    place = tmp_path / name / "bin"
    texts = [
        (place / script).read_text(encoding="utf-8") for script in (["long", "short"] if " " not in name else ["long"])
    ]
    assert len(set(texts)) == 1
    assert texts[0].startswith("#!/bin/sh\n'''exec' \"$(dirname")
    assert texts[0].endswith("' '''\nimport x\n")
    assert '/python3.13"' in texts[0]
    assert os.access(place / "long", os.X_OK)
    assert (place / "foreign").read_text(encoding="utf-8") == "#!/usr/bin/perl\n"


def test_a_pip_of_another_version_is_edited_too(tmp_path: Path, pip: Pip) -> None:
    edits = load_patch(PIP_LAUNCHERS).edits

    def writes(place: Path) -> None:
        site = place.parent / "lib" / "python3.13" / "site-packages"
        for edit in edits:
            path = site / edit.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((path.read_text() if path.exists() else "") + edit.find)
        (site / "pip-25.1.dist-info").mkdir(exist_ok=True)
        (site / "pip-25.1.dist-info" / "RECORD").write_text("")

    pip.act = writes
    assert run(tmp_path / "env", "--from", Sample().write(tmp_path), "--pip", "25.1").exit_code == 0
    assert installer.is_edited(tmp_path / "env" / "lib" / "python3.13" / "site-packages", load_patch(PIP_LAUNCHERS))


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    (tmp_path / ".env.making-old" / "tree").mkdir(parents=True)
    with environment._staging(tmp_path / "env") as busy:
        assert listing(tmp_path) == [busy.name, archive.name]
        assert run(tmp_path / "env", "--from", archive).exit_code == 0
        assert busy.is_dir()
    assert listing(tmp_path) == [archive.name, "env"]


def test_variables_are_honoured_and_options_win(tmp_path: Path, pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dist").mkdir()
    for version in ("3.11.2", "3.13.5"):
        full(tmp_path / "dist", version)
    written(tmp_path / "dist")
    for name, value in {
        "PYTHON_VERSION": "3.11",
        "PYTHON_INSTALL_DIR": str(tmp_path / "env"),
        "SETUPTOOLS_VERSION": "1.0",
        "VIRTUALENV_VERSION": "2.0",
        "SETUP_LOCAL_INDEX": str(tmp_path / "dist"),
    }.items():
        monkeypatch.setenv(name, value)
    first = run("--setuptools", "80.9.0")
    assert first.stdout.splitlines()[-1] == str(tmp_path / "env" / "bin" / "python3")
    assert "cpython-3.11.2" in first.stderr
    assert sorted(pip.words[4:]) == ["setuptools==80.9.0", "virtualenv==2.0"]
    second = run(tmp_path / "other", "--from", "3.13")
    assert "cpython-3.13.5" in second.stderr


def test_without_version_the_newest_of_the_index_is_taken(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    for version in ("3.9.2", "3.13.5"):
        full(tmp_path / "dist", version)
    assert "cpython-3.13.5" in run(tmp_path / "env", "--index", written(tmp_path / "dist")).stderr


def test_wrong_requests_are_one_line(tmp_path: Path) -> None:
    assert "no index is given" in str(failure(tmp_path / "env", "--from", "3.13"))
    assert "no index is given" in str(failure(tmp_path / "env"))
    assert "neither a file nor a version" in str(failure(tmp_path / "env", "--from", "nowhere.tar.zst"))
    assert run().exit_code == 2
