"""Everything works where SELinux denies `execmem`, `execheap`, `execstack` and `execmod`: in a kernel started by QEMU.

`scripts/install-virtual-machine` installs the required packages; `SETUP_LOCAL_TEST_KERNEL` names the kernel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bare_root import INSIDE, Root
from installed import DATA, Installation, checked

KERNEL_VARIABLE = "SETUP_LOCAL_TEST_KERNEL"
SCRIPTS = ("foreign_functions", "databases", "tls", "compression", "numbers_and_text", "threads")
# Further requirements of the scripts: the linker cache for finding libraries by name, a locale, time zones.
FURNITURE = {"/bin/busybox": "busybox", "/sbin/ldconfig": "ldconfig"}
DATA_OF_HOST = (Path("/usr/lib/locale/C.utf8"), Path("/usr/share/zoneinfo"))
MACHINE = ("qemu-system-x86_64", "-m", "2048", "-accel", "tcg", "-cpu", "max")
CONSOLE = ("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio")
KERNEL_OPTIONS = "console=ttyS0 quiet security=selinux selinux=1 panic=-1"
NEW_CODE = """
import mmap
try:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    print("new code: denied")
else:
    print("new code: allowed")
"""
INIT = f"""#!/bin/busybox sh
export PATH=/bin:/sbin HOME=/tmp LANG=C.UTF-8
/bin/busybox --install -s /bin
mount -t proc proc /proc
mkdir -p /sys
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
mount -t selinuxfs none /sys/fs/selinux
ip link set lo up
ldconfig
cd /tmp
"{INSIDE}/bin/python3" /new_code.py
cat /policy > /sys/fs/selinux/load
echo 1 > /sys/fs/selinux/enforce
echo "context: $(cat /proc/self/attr/current)"
"{INSIDE}/bin/python3" /new_code.py
for script in {" ".join(SCRIPTS)}; do
    "{INSIDE}/bin/python3" -B "/scripts/$script.py"
    echo "$script ended with $?"
done
poweroff -f
"""


@pytest.fixture(scope="module")
def kernel() -> Path:
    """Return the kernel to start."""
    named = os.environ.get(KERNEL_VARIABLE)
    if not named:
        pytest.skip(f"{KERNEL_VARIABLE} names no kernel (scripts/install-virtual-machine has one)")
    return Path(named)


@pytest.fixture
def disk(tmp_path: Path, installation: Installation, scripts: Path) -> Path:
    """Return an archive of a root file system: C library, interpreter, scripts, policy and an init script."""
    installation.want("_ctypes")
    root = Root.make(tmp_path / "root", installation, scripts)
    root.furnish({place: Path(_program(name)) for place, name in FURNITURE.items()})
    for program in FURNITURE:
        Path(f"{root.path}{program}").chmod(0o755)
    for directory in DATA_OF_HOST:
        shutil.copytree(directory, Path(f"{root.path}{directory}"))
    shutil.copytree(scripts, root.path / "scripts", dirs_exist_ok=True)
    shutil.copytree(installation.prefix, Path(f"{root.path}{INSIDE}"), symlinks=True, ignore=_unused)
    (root.path / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    (root.path / "etc/passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\n", encoding="ascii")
    (root.path / "new_code.py").write_text(NEW_CODE, encoding="utf-8")
    (root.path / "init").write_text(INIT, encoding="utf-8")
    (root.path / "init").chmod(0o755)
    _run([_program("secilc"), "-o", root.path / "policy", "-f", "/dev/null", DATA / "execmem.cil"])
    names = "\0".join(sorted(os.fspath(path.relative_to(root.path)) for path in root.path.rglob("*")))
    packed = subprocess.run(
        [_program("cpio"), "--create", "--format=newc", "--owner=0:0", "--null", "--quiet"],
        input=names.encode(),
        cwd=root.path,
        stdout=subprocess.PIPE,
        check=True,
    )
    disk = tmp_path / "disk"
    disk.write_bytes(packed.stdout)
    return disk


def test_everything_works_where_data_cannot_become_code(
    kernel: Path, disk: Path, tmp_path: Path, say: Callable[[str], None]
) -> None:
    machine: list[str | Path] = [*MACHINE, *CONSOLE, "-kernel", kernel, "-initrd", disk, "-append", KERNEL_OPTIONS]
    output = checked(machine, env={"PATH": os.environ["PATH"]}, cwd=tmp_path, seconds=900)
    for line in output.splitlines():
        say(line)
    before, loaded, after = output.partition("context: user:role:any")
    assert loaded, "the kernel did not take the policy"
    assert "new code: allowed" in before
    assert "new code: denied" in after
    for script in SCRIPTS:
        assert f"{script} ended with 0" in after, script
    assert after.count("ok   test_") > 4 * len(SCRIPTS)


def _unused(directory: str, names: list[str]) -> set[str]:
    """Return the names of large unused files: tests of CPython, static libraries."""
    tests = {"test"} if Path(directory).name.startswith("python3") else set()
    return {name for name in names if name.endswith(".a") or name in tests}


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is missing; scripts/install-virtual-machine installs it")
    return found


def _run(words: list[str | Path]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
