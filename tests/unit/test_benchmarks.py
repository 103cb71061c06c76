import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.comparison import (
    Comparison,
    Interpreter,
    Machine,
    Measured,
    Round,
    Summary,
    Verdict,
    confidence,
    geometric_mean,
    summary,
)
from benchmarks.interpreter import load_programme, name_of
from benchmarks.peers import load_peers, newest_packages
from benchmarks.picture import Scale, scale_of, svg
from benchmarks.places import Place
from benchmarks.report import document, notes, seconds, table
from setup_local import paths
from setup_local.catalog.sources import load_sources
from setup_local.errors import CatalogError, RequestError, SourceError

SVG = "{http://www.w3.org/2000/svg}"


def measured(name: str, ratios: list[float], *, kind: str = "pure", ours: float = 0.5) -> Measured:
    """Return a benchmark whose rounds have these ratios, each with three values of which one is an outlier."""
    rounds = [
        Round(ours_first=number % 2 == 0, ours=(ours, ours, 9 * ours), peer=(ratio * ours, 0.0, 7 * ratio))
        for number, ratio in enumerate(ratios)
    ]
    return Measured(name=name, kind=kind, loops=2, rounds=tuple(rounds))


def comparison(*benchmarks: Measured, rounds: int = 3) -> Comparison:
    return Comparison(
        ours=Interpreter(name="ours-full", version="3.13.5 (Clang)"),
        peer=Interpreter(name="/usr/bin/<python>", version="3.13.5 (GCC)"),
        machine=Machine(processor="a processor", cores=4, load=(0.1, 1.2)),
        rounds=rounds,
        shared_library=True,
        titles={"pure": "Pure Python", "unused": "Unused", "start-up": "Start-up"},
        benchmarks=benchmarks,
        failed={},
    )


SAMPLE = comparison(
    measured("nbody", [1.2, 1.3, 1.25]),
    measured("json & more", [0.8, 0.7, 0.75]),
    measured("-c pass", [0.9, 1.1, 1.0], kind="start-up", ours=0.02),
)


def test_a_round_compares_medians() -> None:
    assert Round(ours_first=True, ours=(1.0, 2.0, 100.0), peer=(3.0, 0.0, 99.0)).ratio == 1.5


def test_the_median_of_rounds_and_their_range_are_told() -> None:
    assert summary([1.3, 1.0, 1.1]) == Summary(ratio=1.1, low=1.0, high=1.3)


@pytest.mark.parametrize(
    ("count", "dropped", "expected"), [(1, 0, 0), (3, 0, 0.75), (6, 0, 0.96875), (9, 1, 0.9609375)]
)
def test_confidence_is_that_of_the_sign_test(count: int, dropped: int, expected: float) -> None:
    assert confidence(count, dropped) == expected


def test_many_rounds_make_the_interval_leave_out_outliers() -> None:
    assert summary([1.0, 5.0, *[2.0] * 3, *[3.0] * 4]) == Summary(ratio=3.0, low=2.0, high=3.0)
    assert summary([1.0, 5.0, *[2.0] * 2, *[3.0] * 4]).low == 1.0  # eight values are too few to drop any


def test_no_round_is_lost_at_the_end_of_few() -> None:
    assert summary([1.5]) == Summary(ratio=1.5, low=1.5, high=1.5)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.01, 1.2, Verdict.FASTER), (0.8, 0.99, Verdict.SLOWER), (0.9, 1.1, Verdict.EVEN), (1.0, 1.1, Verdict.EVEN)],
)
def test_only_an_interval_beside_one_is_a_verdict(low: float, high: float, verdict: Verdict) -> None:
    assert Summary(ratio=1.0, low=low, high=high).verdict is verdict


def test_the_geometric_mean_is_taken_in_each_round() -> None:
    mean = geometric_mean([measured("a", [2.0, 4.0, 1.0]), measured("b", [0.5, 1.0, 4.0])])
    assert (mean.ratio, mean.low, mean.high) == pytest.approx((2.0, 1.0, 2.0))


def test_twice_and_half_cancel_out() -> None:
    assert geometric_mean([measured("a", [2.0]), measured("b", [0.5])]).ratio == pytest.approx(1)


@pytest.mark.parametrize(("load", "busy"), [((0.2, 1.1), False), ((2.5, 1.0), True), ((0.2, 3.5), True)])
def test_a_busy_machine_is_noticed(load: tuple[float, float], *, busy: bool) -> None:
    assert Machine(processor="", cores=4, load=load).busy is busy


@pytest.mark.parametrize(
    ("value", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 us"), (7e-9, "7 ns"), (5e-10, "0.5 ns")]
)
def test_times_have_the_unit_that_fits(value: float, text: str) -> None:
    assert seconds(value) == text


def shown(compared: Comparison) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table(compared))
    return captured.get()


def test_the_table_has_each_benchmark_and_the_mean_of_each_kind() -> None:
    lines = shown(SAMPLE).splitlines()
    nbody = next(line for line in lines if "nbody" in line)
    assert re.findall(r"[\w.]+(?: ms| s)?", nbody) == ["nbody", "500 ms", "625 ms", "1.25", "1.20", "1.30"]
    assert [line.split(":")[0].strip("│ ") for line in lines if "geometric mean" in line] == [
        "Pure Python",
        "Start-up",
        "All",
    ]


def test_an_empty_table_can_be_shown() -> None:
    assert "geometric mean" not in shown(comparison())
    assert ET.fromstring(svg(comparison())).tag == f"{SVG}svg"
    assert document(comparison())["all"] is None


def test_the_document_has_all_that_was_measured() -> None:
    read = json.loads(json.dumps(document(SAMPLE)))
    first = read["benchmarks"][0]
    assert (first["name"], first["kind"], first["loops"], first["verdict"]) == ("nbody", "pure", 2, "faster")
    assert first["rounds"][1] == {"first": "peer", "ours": [0.5, 0.5, 4.5], "peer": [0.65, 0.0, 9.1]}
    assert read["kinds"].keys() == {"pure", "start-up"}
    assert read["all"]["ratio"] == pytest.approx(math.prod([1.25, 0.75, 1.0]) ** (1 / 3), rel=0.02)
    assert (read["confidence"], read["machine"]["busy"]) == (0.75, False)


def test_what_limits_the_figures_is_said() -> None:
    assert "75% confidence" in notes(SAMPLE)[1]
    limited = replace(
        SAMPLE,
        shared_library=False,
        failed={"telco": "no decimal"},
        machine=Machine(processor="", cores=1, load=(9, 9)),
    )
    assert len(notes(SAMPLE)) == 2
    assert [line.split()[0] for line in notes(limited)[2:]] == ["The", "Others", "telco"]


def test_the_picture_has_a_bar_from_one_to_each_ratio() -> None:
    tree, scale = ET.fromstring(svg(SAMPLE)), scale_of(SAMPLE)
    bars = {}
    for group in tree.iter(f"{SVG}g"):
        bar, name = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        assert bar is not None
        assert name is not None
        bars[name.text] = (float(bar.get("x", "")), float(bar.get("width", "")), bar.get("fill"))
    assert list(bars) == ["All benchmarks", "Pure Python", "nbody", "json & more", "Start-up", "-c pass"]
    assert bars["nbody"][:2] == pytest.approx((scale.x(1), scale.x(1.25) - scale.x(1)), abs=0.11)
    assert bars["json & more"][:2] == pytest.approx((scale.x(0.75), scale.x(1) - scale.x(0.75)), abs=0.11)
    assert len({bars[name][2] for name in ("nbody", "json & more", "-c pass")}) == 3


def test_the_scale_is_even_in_both_directions() -> None:
    scale = Scale(low=0.4, high=4.0)
    assert scale.x(2) - scale.x(1) == pytest.approx(scale.x(1) - scale.x(0.5))
    assert scale.x(0.1) == scale.x(0.4)
    assert 1 in scale.marks()


def test_an_extreme_ratio_does_not_squeeze_the_others() -> None:
    assert scale_of(comparison(measured("logging", [50.0, 51.0, 52.0]))).high == 4.0


def test_the_programme_is_large_enough_and_its_names_are_distinct() -> None:
    chosen = load_programme().chosen(())
    assert len({item.name for item in chosen}) == len(chosen) >= 20
    assert {item.kind for item in chosen if item.own_library} == {"start-up"}


def test_benchmarks_are_chosen_by_name_and_by_kind() -> None:
    programme = load_programme()
    assert [item.name for item in programme.chosen(["nbody"])] == ["nbody"]
    assert {item.kind for item in programme.chosen(["start-up", "nbody"])} == {"start-up", "pure"}
    with pytest.raises(RequestError, match="nbdy"):
        programme.chosen(["nbdy"])


def test_an_unknown_key_of_the_programme_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "interpreter.toml"
    file.write_text("[full]\nrounds = 1\nturns = 2\n")
    with pytest.raises(CatalogError):
        load_programme(file)


def test_the_rounds_of_a_full_run_are_enough_to_be_sure() -> None:
    programme = load_programme()
    assert confidence(programme.full.rounds) >= 0.95
    assert programme.full.rounds % 2 == 0  # both start first equally often


def test_in_a_root_directories_of_the_host_have_other_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    place = Place(root=Path("/root"), shown={"a": Path("/x/a"), "b": Path("/x/b")}, writable="b")
    words = " ".join(place.argv(["/run/a/python"]))
    assert str(place.path("a")) == "/run/a"
    assert "--ro-bind /root /" in words
    assert "--ro-bind /x/a /run/a --bind /x/b /run/b -- /run/a/python" in words


def test_on_the_host_nothing_is_wrapped() -> None:
    place = Place(shown={"a": Path("/x/a")})
    assert (str(place.path("a")), place.argv(["python"])) == ("/x/a", ["python"])


def test_the_newest_of_each_package_is_taken() -> None:
    stanza = "Package: {}\nVersion: {}\nFilename: pool/{}_{}.deb\nSHA256: {}\nSize: 5\n\n"
    text = stanza.format("a", "2", "a", "2", "f" * 64) + stanza.format("a", "1", "a", "1", "e" * 64)
    (source,) = newest_packages(text, "trixie", ["a"])
    assert (source.identity, source.forms[0].file, source.forms[0].sha256) == ("a-2", "a_2.deb", "f" * 64)
    with pytest.raises(SourceError, match="has no b"):
        list(newest_packages(text, "trixie", ["a", "b"]))


def test_peers_are_the_version_that_is_pinned() -> None:
    assert [item.name for item in load_sources().select([load_peers().gcc.source])] == ["cpython"]


def test_every_pyperformance_package_is_pinned_by_hash() -> None:
    text = (paths.PACKAGE.parent / "requirements" / "benchmarks.txt").read_text()
    assert {
        match[1] for match in re.finditer(r"^(\w+)==[\d.]+ \\\n +--hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    } == {
        "pyperf",
        "pyperformance",
    }


@pytest.mark.parametrize(
    ("given", "name"), [("dist/cpython-3.13.5-full.tar.zst", "cpython-3.13.5-full"), ("/usr/bin/python3.13",) * 2]
)
def test_an_archive_goes_by_its_name(given: str, name: str) -> None:
    assert name_of(Path(given)) == name
