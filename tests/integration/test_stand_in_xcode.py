"""`--toolchain xcode` on Linux, with an xcrun that finds LLVM's programs: results of the compilers, and refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from stand_in_xcode import make, with_xcode

from setup_local import paths
from setup_local.binfmt.macho import Macho, read_slices
from setup_local.build import toolchain, xcode
from setup_local.build.graph import toolkit_steps
from setup_local.build.isolation import choose_sandbox
from setup_local.build.progress import Progress
from setup_local.build.step_parts import GraphInputs
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.xcode import load_xcode
from setup_local.errors import RequestError, ToolchainError
from setup_local.log import console
from setup_local.pipeline import fetcher_of, running_engine
from setup_local.plan.resolve import resolve
from setup_local.values import BuildSettings, Request, SandboxChoice, ToolchainChoice

ROOT = Path(__file__).parents[2]
PROGRAM = """
#include <stdio.h>
#include <sys/stat.h>
int main(void) {
    if (__builtin_available(macOS 13.0, *)) { return mkfifoat(0, "fifo", 0600); }
    return puts("older") < 0;
}
"""
MINIMUMS = {"aarch64-apple-darwin": (11, 0), "x86_64-apple-darwin": (10, 15)}


@pytest.fixture(scope="module")
def environ(workshop: Path) -> dict[str, str]:
    """Return an environment whose PATH contains the xcrun."""
    return with_xcode(os.environ, make(workshop / "xcode"))


def _request(environ: Mapping[str, str], triple: str) -> Request:
    request = Request(python="3.13", target_triple=triple, toolchain=ToolchainChoice.XCODE)
    return xcode.completed(request, load_catalogs().host, environ)


def _tools(environ: Mapping[str, str], triple: str, output: Path) -> tuple[Path, Path, str]:
    """Return the compilers and the SDK that a build creates, and the key of the compilers."""
    catalogs = load_catalogs()
    request = _request(environ, triple)
    plan = resolve(request, catalogs)
    settings = BuildSettings(
        output=output, jobs=2, sandbox=SandboxChoice.AUTO, mirrors=(), offline=False, keep_build=False, locked=False
    )
    with Progress(console()) as progress:
        sources = fetcher_of(settings, progress).obtain_all(plan.toolchain_sources)
        found = xcode.host_xcode(request, environ)
        toolkit, steps = toolkit_steps(plan, GraphInputs(sources=sources, setup_local="", host_xcode=found))
        sandbox = choose_sandbox(settings.sandbox, paths.cache_root(), [Path(environ["PATH"].partition(":")[0]).parent])
        with running_engine(settings, sandbox, progress) as engine:
            compilers, sdk = (engine.execute(steps, name) for name in toolkit.names)
    return compilers, sdk, compilers.parent.name


def _linked(compilers: Path, sdk: Path, program: Path) -> Macho:
    program.with_suffix(".c").write_text(PROGRAM, encoding="utf-8")
    words = ["clang", "-g", "-Wl,-adhoc_codesign", program.with_suffix(".c"), "-o", program]
    done = subprocess.run(
        words, env=toolchain.tool_environment(compilers, sdk), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (image,) = read_slices(program.read_bytes())
    return image


@pytest.mark.parametrize("triple", MINIMUMS)
def test_the_compilers_link_for_both_processors(environ: dict[str, str], triple: str, workshop: Path) -> None:
    place = workshop / triple
    place.mkdir()
    compilers, sdk, _ = _tools(environ, triple, workshop)
    image = _linked(compilers, sdk, place / "program")
    assert [(item.platform, item.version[:2]) for item in image.minimums] == [("macos", MINIMUMS[triple])]
    assert image.signature is not None
    assert not image.signature.problems
    weak = {bound.name for bound in image.bound if bound.optional}
    assert weak == {"mkfifoat", "_availability_version_check"}


def test_the_compilers_use_no_option_that_only_llvms_clang_has(environ: dict[str, str], workshop: Path) -> None:
    compilers, sdk, _ = _tools(environ, "aarch64-apple-darwin", workshop)
    settings = (compilers / "etc/clang.cfg").read_text() + (sdk / "clang.cfg").read_text()
    assert sorted(line.partition("=")[0] for line in settings.split()) == [
        "--target", "-isysroot", "-resource-dir", "<CFGDIR>",
    ]  # fmt: skip
    assert not (compilers / "libexec").exists()


def test_a_different_compiler_gives_a_different_toolchain(environ: dict[str, str], workshop: Path) -> None:
    *_, before = _tools(environ, "aarch64-apple-darwin", workshop)
    clang = xcode.find_xcode(load_xcode(), environ).programs["clang"]
    text = clang.read_text(encoding="utf-8")
    newer = 'case "$*" in --version) echo "Apple clang version 99.0 (clang-9900.1)"; exit ;; esac\n'
    clang.write_text(text.replace("exec", f"{newer}exec"), encoding="utf-8")
    try:
        *_, after = _tools(environ, "aarch64-apple-darwin", workshop)
    finally:
        clang.write_text(text, encoding="utf-8")
    assert before != after


@pytest.mark.parametrize(
    ("words", "has_xcrun", "status", "line"),
    [
        (
            ["./build-macos.py", "--toolchain", "xcode"],
            False,
            ToolchainError.exit_code,
            "there is no xcrun, with which --toolchain xcode finds Xcode",
        ),
        (
            ["./build-linux.py", "--toolchain", "xcode"],
            True,
            RequestError.exit_code,
            "which has headers only for macOS",
        ),
        (
            ["./build-macos.py", "--toolchain", "xcode", "--options", "pgo"],
            True,
            RequestError.exit_code,
            "does not build with a profile yet",
        ),
        (["./build-macos.py", "--toolchain", "xcode", "--dry-run"], True, 0, ""),
    ],
)
def test_the_output_of_the_command(
    words: list[str], *, has_xcrun: bool, status: int, line: str, environ: dict[str, str]
) -> None:
    env = environ if has_xcrun else dict(os.environ)
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    errors = [text for text in done.stderr.splitlines() if "error:" in text]
    assert len(errors) == (1 if status else 0)
    assert line in "".join(errors)
    assert bool(status) or "+sdk15.0-full" in done.stdout
