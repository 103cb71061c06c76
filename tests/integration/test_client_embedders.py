"""Packages that link libpython or use `_tkinter`'s file, with the archive for users: `install_only_stripped`."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import EMBEDDERS, PROJECTS, Clients, installed_clients
from installed import checked, environment, run

from setup_local.flavors.older_description import with_description

FILES = PROJECTS / "embedders"
USE = "import ssl, sqlite3, sys; print(sys.base_prefix)"
SECONDS = 1800  # Nuitka compiles C for minutes, also while other builds run


@pytest.fixture(scope="module")
def embedders(repacked: Callable[[str], Path], workshop: Path, say: Callable[[str], None]) -> Clients:
    """Return the packages, installed into an environment that our moved Python creates."""
    archive = repacked("install_only_stripped")
    with tarfile.open(archive) as tar:
        tar.extractall(workshop / "first", filter="tar")
    tree = (workshop / "first" / "python").rename(workshop / "embedders")
    say("installing packages that embed Python; some are compiled")
    version = archive.name.split("-")[1]
    return installed_clients(tree, version, workshop / "of embedders", EMBEDDERS, binary=False)


def embedded(program: Path, clients: Clients, cwd: Path) -> None:
    told = checked([program, "-c", USE], env=environment(cwd), cwd=cwd)
    assert told.splitlines() == [str(clients.tree)]


def test_pictures_are_drawn_into_tk(embedders: Clients, display: str, tmp_path: Path) -> None:
    """Matplotlib's TkAgg and Pillow's ImageTk call Tk's C API, which they find in the file of `_tkinter`."""
    words = [FILES / "drawn.py", tmp_path / "figure.png", tmp_path / "photo.png"]
    told = embedders("python", *words, cwd=tmp_path, more={"DISPLAY": display, "MPLCONFIGDIR": str(tmp_path)})
    assert told.splitlines() == ["(255, 0, 0) (200, 200)", "(0, 0, 255) (30, 20)"]


def test_uwsgi_serves(embedders: Clients, tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    argv = [embedders.programs / "uwsgi", "--http-socket", address, "--wsgi-file", FILES / "served.py", "--need-app"]
    with (tmp_path / "uwsgi.log").open("wb") as log:
        server = subprocess.Popen(argv, env=environment(tmp_path), cwd=tmp_path, stdout=log, stderr=log)
    try:
        assert answer(f"http://{address}/", server) == f"{embedders.version} True True"
    except ConnectionError:
        pytest.fail((tmp_path / "uwsgi.log").read_text(errors="replace"), pytrace=False)
    finally:
        server.kill()
        server.wait(20)


def answer(url: str, server: subprocess.Popen[bytes]) -> str:
    """Return a server's first answer; raise `ConnectionError` if it has ended."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=20) as response:
                return str(response.read(), "utf-8")
        except urllib.error.URLError:
            time.sleep(0.2)
    raise ConnectionError("the server has ended")


@pytest.mark.parametrize("mode", ["accelerated", "standalone"])
def test_nuitka_compiles_a_program(mode: str, embedders: Clients, tmp_path: Path) -> None:
    shutil.copy(FILES / "program.py", tmp_path)
    path = f"{embedders.programs}:/usr/bin:/bin"  # where Nuitka searches for patchelf
    words = ["-m", "nuitka", f"--mode={mode}", "--assume-yes-for-downloads", "--lto=no", "program.py"]
    embedders("python", *words, cwd=tmp_path, more={"PATH": path}, seconds=SECONDS)
    place = tmp_path / "program.dist"
    program = place.rename(tmp_path / "moved") / "program.bin" if mode == "standalone" else tmp_path / "program.bin"
    told = json.loads(checked([program], env=environment(tmp_path), cwd=tmp_path))
    assert told == [42, True, 8, [int(part) for part in embedders.version.split(".")[:2]]]


def test_cmake_finds_python_to_embed(embedders: Clients, tmp_path: Path) -> None:
    configure = ["cmake", "-S", FILES, "-B", tmp_path / "build", f"-DPython_ROOT_DIR={embedders.tree}"]
    env = environment(tmp_path)
    checked(configure, env=env, cwd=tmp_path)
    checked(["cmake", "--build", tmp_path / "build"], env=env, cwd=tmp_path)
    embedded(tmp_path / "build" / "embedders", embedders, tmp_path)


def test_meson_finds_python_to_embed(embedders: Clients, tmp_path: Path) -> None:
    sources = shutil.copytree(PROJECTS, tmp_path / "projects") / "embedders"
    path = {"PATH": f"{embedders.programs}:/usr/bin:/bin"}
    embedders("meson", "setup", tmp_path / "build", sources, cwd=tmp_path, more=path)
    embedders("meson", "compile", "-C", tmp_path / "build", cwd=tmp_path, more=path)
    embedded(tmp_path / "build" / "embedders", embedders, tmp_path)


def test_a_program_of_cython(embedders: Clients, tmp_path: Path) -> None:
    embedders("cython", "--embed", "-3", FILES / "program.py", "-o", tmp_path / "program.c", cwd=tmp_path)
    config = embedders.tree / "bin" / "python3-config"
    flags = checked([config, "--embed", "--cflags", "--ldflags"], env=environment(tmp_path), cwd=tmp_path).split()
    checked(["gcc", "program.c", "-o", "program", *flags], env=environment(tmp_path), cwd=tmp_path)
    told = json.loads(checked([tmp_path / "program"], env=environment(tmp_path), cwd=tmp_path))
    assert told[:3] == [42, True, 8]


def test_pyoxidizer_reads_a_copy_with_an_older_description(embedders: Clients, archive: Path, tmp_path: Path) -> None:
    """It rejects PYTHON.json of version 8 and empty lists of licences."""
    words = [embedders.programs / "pyoxidizer", "python-distribution-info"]
    assert run([*words, archive], env=environment(tmp_path), cwd=tmp_path, seconds=300).returncode == 1
    copy = with_description(archive, "7", output=tmp_path / "copies")
    told = checked([*words, copy], env=environment(tmp_path), cwd=tmp_path)
    assert f"Version:       {embedders.version}" in told
    assert {"_ssl", "_ctypes", "_tkinter"} <= set(told.splitlines())
    licences = embedders("pyoxidizer", "python-distribution-licenses", copy, cwd=tmp_path)
    assert "Licensing: Valid SPDX: Apache-2.0" in licences
    words = ["python-distribution-extract", "--archive-path", copy, tmp_path / "extracted"]
    embedders("pyoxidizer", *words, cwd=tmp_path)
    program = tmp_path / "extracted" / "python" / "install" / "bin" / "python3"
    assert checked([program, "-c", USE], env=environment(tmp_path), cwd=tmp_path).split() == [
        str(program.parent.parent)
    ]
