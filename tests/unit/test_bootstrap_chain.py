"""The bootstrap chain: its data, and stages that resume after they were killed."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from setup_local import toolmaking
from setup_local.build.bootstrap_chain import (
    RECORD,
    TOOLCHAIN,
    build_stage,
    chain_steps,
    collect_step,
    remove_newest,
    stage_step,
)
from setup_local.build.steps import Job, ResumableStep, Step
from setup_local.catalog.bootstrap_chain import FILE, Stage, load_chain
from setup_local.catalog.sources import Form, Source, load_sources
from setup_local.commands.toolchain import toolchain
from setup_local.errors import CatalogError, RequestError, StepError
from setup_local.fetch import Obtained
from setup_local.toolmaking import backends, target_step

CONSTANTS = {"backends": "AArch64;X86", "prefix": "/opt/x", "triple": "a-b-c"}
STAGE = Stage(
    name="tool",
    source="tool",
    versions=">=1",
    needs=("m4",),
    prepare=(("prepare", "x"),),
    configure=("{source}/configure", "--prefix={prefix}", "--build={triple}", "--with-m4={need:m4}"),
    build=(("make", "-j{jobs}"),),
    install=(("install", "{out}{prefix}/bin"),),
)


class Killed(Exception):
    """Simulates the end of the process."""


class Shell:
    """Runs nothing, but installs the files of each stage, and can be killed at a given command."""

    def __init__(self, kill_at: str = "", *, installs: bool = True) -> None:
        self.kill_at, self.installs = kill_at, installs
        self.ran: list[list[str]] = []
        self.env: Mapping[str, str] = {}

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        assert cwd.is_dir()
        self.ran.append(words)
        self.env = env or {}
        if Path(words[0]).name == self.kill_at:
            raise Killed
        if words[0] == "install" and self.installs:
            place = Path(words[1])
            place.mkdir(parents=True)
            (place / "tool").write_text("program")
            (place / "libtool.la").write_text("build paths")

    @property
    def names(self) -> list[str]:
        return [Path(words[0]).name for words in self.ran]


def source(tmp_path: Path, *, inside: bool = False) -> Obtained:
    """Return a source; with `inside`, it is an archive within an archive."""

    def packed(name: str, content: bytes) -> bytes:
        sink = io.BytesIO()
        with tarfile.open(fileobj=sink, mode="w:xz") as archive:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        return sink.getvalue()

    content = packed("tool-1.5/configure", b"#!/bin/sh\n")
    if inside:
        content = packed("distribution/tool-1.5-dfsg.tar.xz", content)
    path = tmp_path / "tool.tar.xz"
    path.write_bytes(content)
    form = Form(file=path.name, sha256="0" * 64, size=1, root="distribution" if inside else "tool-1.5")
    return Obtained(source=Source(name="tool", version="1.5", forms=(form,)), form=form, path=path)


def build(tmp_path: Path, shell: Shell, stage: Stage = STAGE, *, inside: bool = False) -> Path:
    """Build a stage as the engine does: the result is empty each time, the scratch space is kept."""
    number = len(list(tmp_path.glob("out-*")))
    out, work, m4 = tmp_path / f"out-{number}", tmp_path / "work", tmp_path / "m4"
    out.mkdir()
    work.mkdir(exist_ok=True)
    (m4 / "bin").mkdir(parents=True, exist_ok=True)
    env = {"MAKEFLAGS": "-j3 --jobserver-auth=5,6"}
    job = Job(out=out, work=work, inputs={stage_step("m4"): m4}, env=env, run=shell)
    build_stage(stage, source(tmp_path, inside=inside), job, CONSTANTS)
    return out


def test_a_stage_installs_below_its_result_without_the_prefix(tmp_path: Path) -> None:
    shell = Shell()
    out = build(tmp_path, shell)
    assert shell.names == ["prepare", "configure", "make", "install"]
    assert shell.ran[1][1:] == ["--prefix=/opt/x", "--build=a-b-c", f"--with-m4={tmp_path}/m4"]
    assert shell.ran[2] == ["make", "-j3"]
    assert shell.env["PATH"].startswith(f"{tmp_path}/m4/bin:/usr")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == ["bin", "bin/tool"]


@pytest.mark.parametrize(
    ("kill_at", "again"),
    [
        ("prepare", ["prepare", "configure", "make", "install"]),
        ("configure", ["configure", "make", "install"]),
        ("make", ["make", "install"]),
        ("install", ["make", "install"]),
    ],
)
def test_a_killed_stage_goes_on_with_what_was_not_finished(tmp_path: Path, kill_at: str, again: list[str]) -> None:
    with pytest.raises(Killed):
        build(tmp_path, Shell(kill_at))
    old = tmp_path / "work" / "build" / "one.o"
    old.write_text("object")
    os.utime(old, (1, 1))
    (tmp_path / "work" / "build" / "config.log").write_text("newer")
    shell = Shell()
    out = build(tmp_path, shell)
    assert shell.names == again
    assert old.is_file()
    assert (out / "bin" / "tool").is_file()


def test_what_was_compiled_just_before_a_kill_is_not_trusted(tmp_path: Path) -> None:
    for name, time in (
        ("old.o", 1000),
        ("half.o", 1990),
        ("libhalf.a", 2000),
        ("config.log", 2000),
        ("Makefile", 1990),
    ):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time, time))
    remove_newest(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"old.o", "config.log", "Makefile"}


def test_half_an_unpacked_source_is_unpacked_again(tmp_path: Path) -> None:
    build(tmp_path, Shell())
    (tmp_path / "work" / "unpacked").unlink()
    configure = next((tmp_path / "work" / "source").rglob("configure"))
    configure.write_text("half")
    build(tmp_path, Shell())
    assert configure.read_text() == "#!/bin/sh\n"


def test_an_archive_within_the_archive_is_the_source_where_it_is_there(tmp_path: Path) -> None:
    stage = dataclasses.replace(STAGE, inside="tool-{version}-dfsg.tar.xz")
    shell = Shell()
    build(tmp_path, shell, stage, inside=True)
    assert shell.ran[1][0].endswith("/inside/tool-1.5/configure")


def test_without_it_the_archive_itself_is_the_source(tmp_path: Path) -> None:
    shell = Shell()
    build(tmp_path, shell, dataclasses.replace(STAGE, inside="tool-{version}-dfsg.tar.xz"))
    assert shell.ran[1][0].endswith("/archive/tool-1.5/configure")


def test_a_stage_that_installs_nothing_fails(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="bootstrap:tool: nothing was installed below /opt/x"):
        build(tmp_path, Shell(installs=False))


def pinned() -> dict[str, Obtained]:
    """Return the best pin of each stage, as if it had been obtained."""
    pins = load_sources()
    best = {stage.name: pins.best(stage.requirement) for stage in load_chain().stages}
    return {name: Obtained(source=item, form=item.forms[-1], path=Path("/nowhere")) for name, item in best.items()}


def test_every_stage_is_a_resumable_step_of_pinned_sources() -> None:
    chain = load_chain()
    steps = chain_steps(chain, pinned(), ["X86"])
    assert all(isinstance(step, ResumableStep) for step in steps)
    assert [step.name for step in steps] == [stage_step(stage.name) for stage in chain.stages]
    assert steps[-1].needs == tuple(stage_step(name) for name in ("binutils", "gcc", "cmake", "python", "ninja"))


def test_the_bootstrapped_clang_compiles_for_every_processor_or_those_that_are_named() -> None:
    chain = load_chain()
    assert backends(chain, []) == ["AArch64", "ARM", "LoongArch", "Mips", "PowerPC", "RISCV", "SystemZ", "X86"]
    assert backends(chain, ["s390x", "i686"]) == ["SystemZ", "X86"]
    assert backends(chain, ["s390x"]) == ["SystemZ", "X86"], "its own programs must run"
    with pytest.raises(RequestError, match=r"unknown processor arm64 \(one of: aarch64, armv7, "):
        backends(chain, ["s390x", "arm64"])


def test_only_llvm_is_built_again_for_other_processors() -> None:
    before, after = (chain_steps(load_chain(), pinned(), names) for names in (["X86"], ["SystemZ", "X86"]))
    changed = [step.name for step, other in zip(before, after, strict=True) if step.ingredients != other.ingredients]
    assert changed == ["bootstrap:llvm"]


def test_the_requested_code_generators_reach_cmake(tmp_path: Path) -> None:
    shell = Shell()
    stage = dataclasses.replace(STAGE, configure=(*STAGE.configure, "-DTARGETS={backends}"))
    build(tmp_path, shell, stage)
    assert "-DTARGETS=AArch64;X86" in [word for words in shell.ran for word in words]


def test_the_command_builds_llvm_for_the_processors_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the command line to the steps; fetching and building are left out."""
    seen: dict[str, Step] = {}

    class Engine:
        def execute(self, steps: Sequence[Step], wanted: str) -> Path:
            seen.update({step.name: step for step in steps})
            return Path(wanted)

    for name in ("check_writable", "environment_root", "fetcher_of", "choose_sandbox"):
        monkeypatch.setattr(toolmaking, name, lambda *_: None)
    monkeypatch.setattr(toolmaking, "obtain_sources", lambda *_: pinned())
    monkeypatch.setattr(toolmaking, "running_engine", lambda *_: nullcontext(Engine()))
    words = ["bootstrap", "--environment", "bullseye", "--until", "llvm", "--processor", "s390x"]
    done = CliRunner().invoke(toolchain, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (expected,) = (
        step for step in chain_steps(load_chain(), pinned(), ["SystemZ", "X86"]) if step.name == "bootstrap:llvm"
    )
    assert seen["bootstrap:llvm"].ingredients == expected.ingredients


def test_the_toolchain_is_what_the_last_stage_installed_with_a_record(tmp_path: Path) -> None:
    step = collect_step(load_chain(), "bullseye")
    (tmp_path / "llvm" / "bin").mkdir(parents=True)
    (tmp_path / "llvm" / "bin" / "clang").write_text("program")
    (tmp_path / "out").mkdir()
    shell = Shell()
    step.action(
        Job(out=tmp_path / "out", work=tmp_path, inputs={stage_step("llvm"): tmp_path / "llvm"}, env={}, run=shell)
    )
    record = json.loads((tmp_path / "out" / RECORD).read_text(encoding="utf-8"))
    assert record["environment"] == "bullseye"
    assert record["programs"]["ld.lld"] == "bin/ld.lld"
    assert (tmp_path / "out" / "bin" / "clang").is_file()
    assert [str(tmp_path / "out" / "bin" / "clang"), "--version"] in shell.ran


def test_a_stage_can_be_asked_for_by_name() -> None:
    chain = load_chain()
    assert target_step(chain, "") == TOOLCHAIN
    assert target_step(chain, "gcc") == stage_step("gcc")
    with pytest.raises(RequestError, match=r"unknown stage perl \(one of: m4, gmp, "):
        target_step(chain, "perl")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('needs = ["m4"]', 'needs = ["gcc"]', "gmp needs gcc, which is not listed before it"),
        ("{need:gmp}", "{need:isl}", "unknown placeholder need:isl"),
        ("{source}/bootstrap", "{sources}/bootstrap", "cmake has the unknown placeholder sources"),
        ('name = "isl"', 'name = "mpc"', "mpc is listed twice"),
        ('ar = "llvm/', 'ar = "gold/', "ar comes from gold/bin/llvm-ar, which does not belong to a stage"),
    ],
)
def test_a_chain_that_does_not_follow_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "chain.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogError, match=said):
        load_chain(tmp_path / "chain.toml")
