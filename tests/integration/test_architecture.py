"""An archive for another processor: its interpreter runs here through the kernel (`scripts/install-emulation`).

The scripts of `test_distribution.py` run in it as in any other; this module tests what depends on the processor.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from clients import ROOT, with_packages
from installed import INDEX_VARIABLES, Installation, checked, environment
from test_index import Uv
from test_toolchain import newest

from setup_local import paths
from setup_local.binfmt.elf import read_elf
from setup_local.build.toolchain import compile_environment
from setup_local.catalog.catalogs import load_catalogs
from setup_local.fetch.cache import SourceCache
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import BuildOption, Libc, Request

# A wheel with compiled code, a program that uses it, and its output: numpy where the index has it for the processor.
NUMPY = "import numpy; print(numpy.dot(numpy.arange(10.0), numpy.arange(10.0)), numpy.linalg.det(numpy.eye(3)))"
CHARSET = "import charset_normalizer.md as md; print(md.__file__.endswith('.so'), md.mess_ratio('fine', 0.5))"
MARKUP = "import markupsafe as m; print(m._speedups.__file__.endswith('.so'), m.escape('<'))"
# The index has none with compiled code for LoongArch yet, so pip installs the one for any processor.
PURE = ("charset-normalizer", CHARSET, ["False", "0.0"])
RPDS = ("rpds-py", "import rpds; print(rpds.rpds.__file__.endswith('.so'), *rpds.List([1, 2]))", ["True", "1", "2"])
WHEELS = {
    "aarch64-unknown-linux-gnu": ("numpy", NUMPY, ["285.0", "1.0"]),
    "i686-unknown-linux-gnu": RPDS,
    "loongarch64-unknown-linux-gnu": PURE,
    "loongarch64-unknown-linux-musl": PURE,
}
OTHER_WHEEL = ("charset-normalizer", CHARSET, ["True", "0.0"])
# Not numpy's for aarch64: it needs musl 1.2.4 for packed relocations (DT_RELR); the distribution's own is 1.2.3.
MUSL_WHEEL = ("markupsafe", MARKUP, ["True", "&lt;"])
FREETHREADED_WHEEL = RPDS  # of the other packages, few processors have a wheel without the GIL
# Processor names that uv shows for names in an index, where it does not accept the original name in a request.
UV_NAMES = {"riscv64": "riscv64gc"}
FACTS = "import json, platform, struct, sys; print(platform.machine(), sys.byteorder, struct.calcsize('P') * 8)"


@pytest.fixture(scope="module")
def plan(installation: Installation) -> Plan:
    triple, options = (str(installation.description[name]) for name in ("target_triple", "build_options"))
    found = resolve(Request(python=installation.version, target_triple=triple, options=options), load_catalogs())
    if not found.is_cross:
        pytest.skip("the archive is for this machine's own processor")
    return found


def test_the_interpreter_is_for_the_processor_that_the_catalog_describes(
    installation: Installation, plan: Plan
) -> None:
    arch = plan.target.arch
    assert read_elf(installation.python.resolve().read_bytes()).machine == arch.machine
    machine, *rest = installation.run(["-c", FACTS]).split()
    assert rest == [arch.byte_order.value, str(arch.bits)]
    assert machine in (arch.machine_name, platform.machine()), "neither emulated nor this kernel's own"


def test_sysconfig_names_no_cross_compiler_and_no_build_python(installation: Installation, plan: Plan) -> None:
    assert plan.is_cross
    code = "import sysconfig; print({name: value for name, value in sysconfig.get_config_vars().items()})"
    said = installation.run(["-c", code])
    assert "build-python" not in said
    assert "x86_64" not in said


def test_wheels_of_this_processor_are_taken(installation: Installation, plan: Plan) -> None:
    code = "from pip._vendor.packaging.tags import sys_tags; print(*{tag.platform for tag in sys_tags()})"
    tags = installation.run(["-c", code]).split()
    if installation.c_library == "static":  # it loads no compiled code
        assert set(tags) == {f"linux_{plan.target.arch.machine_name}", "any"}
        return
    system = "musllinux_1_1" if plan.target.libc is Libc.MUSL else "manylinux_2_17"
    assert f"{system}_{plan.target.arch.machine_name}" in tags
    assert not [tag for tag in tags if "x86_64" in tag]


def test_a_wheel_from_the_index_works(installation: Installation, plan: Plan, workshop: Path) -> None:
    assert plan.is_cross
    if installation.c_library == "static":
        pytest.skip("a static program loads no extension modules")
    place = workshop / "wheels"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    other = MUSL_WHEEL if plan.target.libc is Libc.MUSL else OTHER_WHEEL
    if BuildOption.FREETHREADED in plan.build_options:
        other = FREETHREADED_WHEEL
    package, code, expected = WHEELS.get(plan.target.triple, other)
    words = ["-m", "pip", "install", "-q", "--only-binary=:all:", "--disable-pip-version-check", "--target"]
    installation.run([*words, place, package], env=_index(), seconds=600)
    assert installation.run(["-c", code], env={"PYTHONPATH": str(place)}).split() == expected


def _index() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(INDEX_VARIABLES)}


def test_uv_installs_it_through_the_index_and_starts_it(
    installation: Installation, plan: Plan, archive: Path, workshop: Path
) -> None:
    place = workshop / "architecture"
    shelf = place / "shelf"
    shelf.mkdir(parents=True)
    shutil.copy(archive, shelf)
    program = with_packages(place / "tools", "judges.txt", place).parent / "uv"
    checked([sys.executable, ROOT / "setup-local", "index", "--trust", shelf], env=environment(place), cwd=place)
    metadata = shelf / "download-metadata.json"
    if installation.c_library == "static":
        assert json.loads(metadata.read_text(encoding="utf-8")) == {}, "uv does not start static interpreters"
        return
    (key,) = json.loads(metadata.read_text(encoding="utf-8"))
    asked = "-".join(UV_NAMES.get(word, word) for word in key.split("-"))
    uv = Uv(program=program, metadata=metadata.as_uri(), place=place, version=str(plan.python), asked=asked)
    uv("python", "install", "--no-bin", asked)
    told = uv("run", "--no-project", "--python", asked, "python", "-c", FACTS, seconds=600)
    assert told.split()[1:] == [plan.target.arch.byte_order.value, str(plan.target.arch.bits)]


def test_what_configure_could_not_try_is_as_the_catalog_says(plan: Plan, tmp_path: Path) -> None:
    """Configured as on the target, where configure runs each test program, it finds the answers in our catalog."""
    tree = _source(plan, tmp_path)
    arch, floor = plan.target.arch.name, plan.floor
    tools = newest(f"toolchain-zig-{arch}")
    libc = newest(f"sysroot-{arch}-{(floor and f'glibc-{floor}') or plan.sysroot_sources[0].identity}")
    env = compile_environment(tools, libc, plan.target, floor)
    env["CFLAGS"] = " ".join(plan.target.cflags)
    triple = plan.target.system
    done = subprocess.run(
        ["./configure", "-C", f"--build={triple}", f"--host={triple}"],
        cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    found = dict(re.findall(r"^(a[cx]_cv_\w+)=\$\{\1=(.*)\}$", (tree / "config.cache").read_text(), re.MULTILINE))
    ours = {name: value for name, value in plan.configure.cache if name in _only_run(plan)}
    assert ours
    assert {name: found[name].strip("'") for name in ours} == ours


def _only_run(plan: Plan) -> set[str]:
    """Return the questions that the catalog answers only in cross builds."""
    host = resolve(Request(python=str(plan.python), target_triple=plan.host.target.triple), load_catalogs())
    return {name for name, _ in plan.configure.cache} - {name for name, _ in host.configure.cache}


def _source(plan: Plan, into: Path) -> Path:
    cache = SourceCache(paths.cache_root())
    path = next(cache.path(form) for form in plan.python_source.forms if cache.holds(form))
    with tarfile.open(path) as archive:
        archive.extractall(into, filter="tar")
    return next(into.glob("*/configure")).parent
