"""The interpreter starts and works with a real glibc 2.17, in a root directory without any other C library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import DATA, Installation, run

VERSION = "2.17"
TOOLCHAIN = "ppbt/_toolchain/x86_64-linux-gnu.tar.xz"
LIBRARIES = "x86_64-linux-gnu/x86_64-linux-gnu/sysroot/lib/"
INSIDE = "/opt/Maß und Zahl"
WANTED = (
    "ld-",
    "libc",
    "libm",
    "libpthread",
    "libdl",
    "librt",
    "libutil",
    "libresolv",
    "libnss_",
    "libnsl",
    "libcrypt",
)


def _download(directory: Path) -> Path:
    """Fetch the pinned wheel with pip, as configured on this machine."""
    directory.mkdir()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--dest",
        directory,
    ]
    done = run([*command, "-r", DATA / "old-glibc.txt"], env=os.environ, cwd=directory, seconds=300)
    assert done.returncode == 0, done.stdout
    return next(directory.glob("*.whl"))


def _unpack_libraries(wheel: Path, destination: Path) -> None:
    destination.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive, archive.open(TOOLCHAIN) as packed, tarfile.open(fileobj=packed) as tar:
        for member in tar:
            name = member.name.removeprefix(LIBRARIES)
            if member.name.startswith(LIBRARIES) and name.startswith(WANTED) and ".so" in name:
                member.name = name
                tar.extract(member, destination)


def _add_compatibility_symbols(root: Path) -> None:
    """Add the symbols for old programs that every distribution's glibc has and this glibc lacks (see the C file)."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.fail("gcc is missing; scripts/install-test-requirements installs it")
    name = "libcompatibility.so"
    source = DATA / "glibc-compatibility.c"
    command: list[str | Path] = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-fno-builtin",
        "-nostdlib",
        f"-Wl,-soname,{name}",
        source,
    ]
    script = f"-Wl,--version-script,{source.with_suffix('.map')}"
    libc = next((root / "lib64").glob("libc-*.so"))
    target = root / "lib64" / name
    done = run([*command, script, libc, "-o", target], env=os.environ, cwd=root, seconds=60)
    assert done.returncode == 0, done.stdout
    (root / "etc/ld.so.preload").write_text(f"/lib64/{name}\n", encoding="ascii")


@pytest.fixture(scope="module")
def old_root(workshop: Path, installation: Installation, scripts: Path, say: Callable[[str], None]) -> Path:
    """Return a root directory with only that C library, the installation and the scripts."""
    if installation.c_library != "glibc":
        pytest.skip(f"this archive is not for glibc ({installation.c_library}); test_musl.py has such roots")
    if installation.floor > tuple(map(int, VERSION.split("."))):
        pytest.skip(f"built for glibc {'.'.join(map(str, installation.floor))} and newer, and this one is {VERSION}")
    say(f"fetching glibc {VERSION}")
    root = workshop / "old root"
    _unpack_libraries(_download(workshop / "old glibc"), root / "lib64")
    for name in ("lib", "etc", "proc", "dev", "tmp", "opt"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    _add_compatibility_symbols(root)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    ignore = shutil.ignore_patterns("test", "__pycache__")
    shutil.copytree(installation.prefix, f"{root}{INSIDE}", symlinks=True, ignore=ignore, copy_function=os.link)
    shutil.copytree(scripts, root / "opt/scripts")
    return root


def _bubblewrap(program: str, root: Path) -> list[str]:
    return [
        *(program, "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *("--unshare-net", "--die-with-parent", "--chdir", "/tmp", "--"),
    ]


def _chroot(root: Path) -> list[str]:
    program = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"
    return [program, str(root)]


def enter(root: Path) -> list[str]:
    """Return the command that enters the root directory: bubblewrap where it works, else chroot."""
    program = shutil.which("bwrap")
    if program:
        trial = [program, "--ro-bind", "/", "/", "--unshare-net", "--proc", "/proc", "true"]
        if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            return _bubblewrap(program, root)
    if os.getuid() == 0:
        return _chroot(root)
    pytest.fail("neither bwrap nor root's chroot works here; scripts/install-test-requirements installs bubblewrap")


def _run_inside(root: Path, *arguments: str) -> str:
    command = [*enter(root), f"{INSIDE}/bin/python3", "-B", *arguments]
    done = run(command, env={"HOME": "/tmp", "LANG": "C"}, cwd=root, seconds=120)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_smoke(old_root: Path, say: Callable[[str], None]) -> None:
    output = _run_inside(old_root, "/opt/scripts/old_c_library.py", VERSION)
    for line in output.splitlines():
        say(line)
    assert "ok   test_c_library_is_really_the_old_one" in output


def test_a_program_of_a_newer_system_does_not_start(old_root: Path) -> None:
    """Check that the root directory is effective: this machine's own programs need a newer C library."""
    program = Path("/usr/bin/env")
    if b"GLIBC_2.34" not in program.read_bytes():
        pytest.skip(f"{program} of this machine may run with glibc {VERSION}")
    shutil.copy(program, old_root / "opt/newer")
    done = run([*enter(old_root), "/opt/newer"], env={}, cwd=old_root, seconds=20)
    assert done.returncode != 0
    assert "GLIBC_2.34' not found" in done.stdout
