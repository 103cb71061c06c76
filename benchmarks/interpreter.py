#!/usr/bin/env python3
"""Compare the speed of our interpreter with another one, side by side in one run.

    .venv/bin/python benchmarks/interpreter.py ARCHIVE_OR_PYTHON --against PYTHON [--root DIR] [--fast] [--only NAME...]
                                               [--json FILE] [--plot FILE.svg]

Both run the benchmarks of interpreter.toml in turns, in alternating order. With `--root` both run inside that root
directory (see peers.py), and `--against` is a path in it. docs/benchmarks.md explains how to read the result.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import track

from benchmarks.comparison import Comparison, Machine, Measured, Round
from benchmarks.measure import LIBRARY, OUTPUT, PACKAGES, SCRIPTS, Bench, Benchmark, BenchmarkFailed, Effort
from benchmarks.picture import svg
from benchmarks.places import Place
from benchmarks.report import document, notes, table
from setup_local.catalog.load import convert
from setup_local.errors import RequestError, SetupLocalError
from setup_local.run import CommandFailed, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = HERE / "interpreter.toml"
OURS = "ours"
# Parts of the standard library that belong to one interpreter, or that no benchmark needs.
NOT_SHARED = ("lib-dynload", "site-packages", "_sysconfigdata*", "config-*", "test", "idlelib", "tkinter", "ensurepip")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A benchmark in interpreter.toml."""

    name: str
    script: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of benchmarks."""

    name: str
    title: str
    benchmarks: tuple[Entry, ...]
    own_library: bool = False


@dataclass(frozen=True, kw_only=True)
class Programme:
    """All of interpreter.toml."""

    full: Effort
    fast: Effort
    kinds: tuple[Kind, ...]

    def chosen(self, only: Sequence[str]) -> tuple[Benchmark, ...]:
        """Return the benchmarks with these names or of these kinds (all if there are none)."""
        every = [
            Benchmark(
                name=entry.name,
                kind=kind.name,
                script=entry.script or entry.name,
                arguments=entry.arguments,
                own_library=kind.own_library,
            )
            for kind in self.kinds
            for entry in kind.benchmarks
        ]
        known = {item.name for item in every} | {item.kind for item in every}
        if unknown := sorted(set(only) - known):
            raise RequestError(f"there is no {', '.join(unknown)}", where=DATA, hint="interpreter.toml lists them")
        return tuple(item for item in every if not only or {item.name, item.kind} & set(only))


def load_programme(file: Path = DATA) -> Programme:
    """Read interpreter.toml; raise `CatalogError` if it is invalid."""
    return convert(Programme, tomllib.loads(file.read_text(encoding="utf-8")), where=file)


def prefix_of(given: Path, work: Path) -> tuple[Path, PurePosixPath]:
    """Return our installation and the path of its interpreter in it; an archive is unpacked first."""
    if given.name.endswith((".tar.zst", ".tar.gz")):
        command = [str(ROOT / "setup-local"), "create", str(work / OURS), "--from", str(given)]
        python = Path(run(command, env=os.environ).stdout.strip().splitlines()[-1])
    else:
        python = given.absolute()
    if not os.access(python, os.X_OK):
        raise RequestError("is neither an archive nor an interpreter", where=given)
    prefix = python.parent.parent
    return prefix, PurePosixPath(python.relative_to(prefix))


def install_packages(directory: Path) -> None:
    """Install pyperf and pyperformance, checked against their hashes, where both interpreters find them."""
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(directory)]
    command += ["--requirement", str(ROOT / "requirements" / "benchmarks.txt")]
    env = {name: value for name, value in os.environ.items() if name != "PIP_USER"}
    run(command, env=env)


def prepare(options: argparse.Namespace, work: Path, effort: Effort) -> Bench:
    """Create all directories that the interpreters share, and find out whether they can share a standard library."""
    prefix, python = prefix_of(options.ours, work)
    shown = {OURS: prefix, **{name: work / name for name in (PACKAGES, LIBRARY, SCRIPTS, OUTPUT)}}
    (work / OUTPUT).mkdir()
    (work / SCRIPTS).mkdir()
    shutil.copy(HERE / "workloads.py", work / SCRIPTS)
    install_packages(work / PACKAGES)
    library = next(iter(sorted(prefix.glob("lib/python3.*/os.py")))).parent
    shutil.copytree(library, work / LIBRARY, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SHARED))
    place = Place(root=options.root, shown=shown, writable=OUTPUT)
    peer = PurePosixPath(options.against if options.root else options.against.absolute())
    bench = Bench(place=place, ours=place.path(OURS) / python, peer=peer, library=True, effort=effort)
    versions = {each: bench.about(each, "")[1] for each in (bench.ours, bench.peer)}
    compiling = replace(place, writable=PACKAGES)
    for each in {version: each for each, version in versions.items()}.values():
        command = [str(each), "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
        run(compiling.argv([*command, str(place.path(PACKAGES) / "pyperf")]), env={"PATH": "/usr/bin:/bin"})
    return replace(bench, library=len(set(versions.values())) == 1)


def run_all(
    bench: Bench, benchmarks: Sequence[Benchmark], console: Console
) -> tuple[tuple[Measured, ...], dict[str, str]]:
    """Run every benchmark once in each round, so that its rounds are far apart; return figures and failures."""
    failed: dict[str, str] = {}
    settings: dict[str, tuple[int, int]] = {}
    rounds: dict[str, list[Round]] = {item.name: [] for item in benchmarks}
    steps = [(number, item) for number in range(-1, bench.effort.rounds) for item in benchmarks]
    for number, item in track(steps, description="measuring", console=console, disable=not console.is_terminal):
        if item.name in failed:
            continue
        try:
            if number < 0:
                settings[item.name] = bench.calibrated(item)
            else:
                rounds[item.name].append(bench.round(item, number, *settings[item.name]))
        except BenchmarkFailed as error:
            failed[item.name] = str(error)
            console.print(f"{item.name}: {error}", markup=False)
    done = (item for item in benchmarks if item.name not in failed)
    return tuple(bench.measured(item, settings[item.name][0], rounds[item.name]) for item in done), failed


def processor() -> str:
    """Return the processor's name (proc(5), /proc/cpuinfo)."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def compare(options: argparse.Namespace, work: Path, console: Console) -> Comparison:
    """Prepare, measure on one core, and return everything."""
    programme = load_programme()
    benchmarks = programme.chosen(options.only)
    effort = programme.fast if options.fast else programme.full
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    bench = prepare(options, work, effort)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # inherited by everything that is started from here on
    measured, failed = run_all(bench, benchmarks, console)
    return Comparison(
        ours=bench.about(bench.ours, name_of(options.ours))[0],
        peer=bench.about(bench.peer, str(options.against))[0],
        machine=Machine(processor=processor(), cores=cores, load=(load, os.getloadavg()[0])),
        rounds=effort.rounds,
        shared_library=bench.library,
        titles={kind.name: kind.title for kind in programme.kinds},
        benchmarks=measured,
        failed=failed,
    )


def name_of(given: Path) -> str:
    """Return the name of our interpreter: an archive without its suffix, or a path."""
    return given.name.removesuffix(".tar.zst").removesuffix(".tar.gz") if ".tar." in given.name else str(given)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ours", type=Path, metavar="ARCHIVE_OR_PYTHON")
    parser.add_argument("--against", type=Path, metavar="PYTHON", required=True)
    parser.add_argument("--root", type=lambda text: Path(text).resolve(), metavar="DIR", help="run both in this root")
    parser.add_argument("--fast", action="store_true", help="a quick look: few rounds, short values")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="these benchmarks, or kinds of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the ratios")
    return parser.parse_args()


def main() -> None:
    """Compare, and show the result in every requested form."""
    options = parsed()
    try:
        with tempfile.TemporaryDirectory(prefix="setup-local-benchmark-") as directory:
            comparison = compare(options, Path(directory), Console(stderr=True))
    except SetupLocalError as error:
        sys.exit(f"error: {error}")
    except CommandFailed as error:
        sys.exit(f"error: {error}\n{error.output}")
    console = Console()
    console.print(table(comparison))
    for line in notes(comparison):
        console.print(line, markup=False)
    if options.json:
        options.json.write_text(json.dumps(document(comparison), indent=2) + "\n", encoding="utf-8")
    if options.plot:
        options.plot.write_text(svg(comparison), encoding="utf-8")
    if comparison.failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
