"""A matrix file: its cells, refused contents, the builds, and the final report."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from setup_local import pipeline
from setup_local.bootstrap import ROOT
from setup_local.build.forecast import Cost, Forecast
from setup_local.build.progress import Progress
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.load import schema
from setup_local.commands.matrix import matrix
from setup_local.errors import DescribeError, MatrixError, RequestError, StepError
from setup_local.matrix import report
from setup_local.matrix.execute import Outcome, Result, build_cells, plan_cells
from setup_local.matrix.load import load_matrix, request_fields
from setup_local.pipeline import Reporter
from setup_local.values import ArchiveFormat, LayoutChoice, Linkage, LlvmToolsChoice, Request, ToolchainChoice

TWO = '[axes]\npython = ["cpython-3.13.5", "cpython-3.11.2"]\n'
CHOICES = f'{TWO}without-features = [[], ["tkinter"]]\n'


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return load_catalogs()


@pytest.fixture
def requests(tmp_path: Path, catalogs: Catalogs) -> Callable[[str], list[Request]]:
    return lambda text: [cell.request for cell in load_matrix(written(tmp_path, text), catalogs)]


def written(directory: Path, text: str) -> Path:
    path = directory / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("part", ["axes", "include", "exclude"])
def test_every_field_of_a_request_is_an_axis(part: str) -> None:
    assert tuple(schema("matrix")["$defs"][part]["properties"]) == request_fields()
    assert request_fields()[0] == "python"
    assert schema("matrix")["$defs"][part]["additionalProperties"] is False


def test_lists_are_lists_in_requests() -> None:
    """The axis of a field that takes several names is a list of lists; all other axes are lists."""
    axes = schema("matrix")["$defs"]["axes"]["properties"]
    lists = {name for name, rule in axes.items() if rule.get("$ref") == "#/$defs/several-lists"}
    fields = dataclasses.fields(Request)
    assert lists == {field.name.replace("_", "-") for field in fields if field.type == "tuple[str, ...]"}


def test_schema_and_enums_have_the_same_values() -> None:
    enums = {
        "linkage": Linkage,
        "toolchain": ToolchainChoice,
        "llvm-tools": LlvmToolsChoice,
        "layout": LayoutChoice,
        "archive-format": ArchiveFormat,
    }
    for name, enum in enums.items():
        assert schema("matrix")["$defs"][name]["enum"] == [item.value for item in enum]


def test_the_product_is_in_the_order_of_the_file(requests: Callable[[str], list[Request]]) -> None:
    assert requests(CHOICES) == [
        Request(python="cpython-3.13.5"),
        Request(python="cpython-3.13.5", without_features=("tkinter",)),
        Request(python="cpython-3.11.2"),
        Request(python="cpython-3.11.2", without_features=("tkinter",)),
    ]


def test_an_empty_text_is_the_default(requests: Callable[[str], list[Request]]) -> None:
    assert [item.glibc for item in requests('[axes]\npython = ["3.13.5"]\nglibc = ["", "2.17"]\n')] == [None, "2.17"]


def test_values_get_their_types(tmp_path: Path, requests: Callable[[str], list[Request]]) -> None:
    (tmp_path / "llvm").mkdir()
    (request,) = requests(
        '[axes]\npython = ["3.13.5"]\nlibpython = ["shared"]\ntoolchain = ["llvm"]\nllvm = ["llvm"]\n'
        'without-modules = [["_ssl", "_uuid"]]\nlayout = ["none"]\n'
    )
    assert request.layout is LayoutChoice.NONE
    assert request.libpython is Linkage.SHARED
    assert request.toolchain is ToolchainChoice.LLVM
    assert request.llvm == tmp_path / "llvm"
    assert request.without_modules == ("_ssl", "_uuid")


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ('{ python = ["*-3.11.*"] }', ["3.13.5", "3.13.5"]),
        ('{ without-features = ["tk*"] }', ["3.13.5", "3.11.2"]),
        ('{ without-features = [""] }', ["3.13.5", "3.11.2"]),
        ('{ python = ["*5"], without-features = ["tkinter"] }', ["3.13.5", "3.11.2", "3.11.2"]),
        ('{ python = ["*5", "*2"], without-features = ["tkinter", "ssl"] }', ["3.13.5", "3.11.2"]),
    ],
)
def test_an_exclude_takes_out_what_fits_all_its_keys(
    requests: Callable[[str], list[Request]], exclude: str, left: list[str]
) -> None:
    found = requests(f"exclude = [{exclude}]\n{CHOICES}")
    assert [item.python.removeprefix("cpython-") for item in found] == left


def test_what_is_included_comes_last_and_nothing_twice(requests: Callable[[str], list[Request]]) -> None:
    text = f'{TWO}[[include]]\npython = "3.9.2"\nglibc = "2.17"\n[[include]]\npython = "cpython-3.11.2"\n'
    assert [item.python for item in requests(text)] == ["cpython-3.13.5", "cpython-3.11.2", "3.9.2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[axes\npython = []", "some.toml: cannot be read: .*line 1"),
        ("", "'axes' is a required property"),
        ("[axes]\n", r"\$.axes: 'python' is a required property"),
        ('[axes]\npythons = ["3.13.5"]\n', r"\$.axes: .*'pythons' was unexpected|'python' is a required"),
        ("[axes]\npython = []\n", r"\$.axes.python: "),
        ('[axes]\npython = "3.13.5"\n', r"\$.axes.python: '3.13.5' is not of type 'array'"),
        (f'{TWO}libpython = ["dynamic"]\n', r"\$.axes.libpython\[0\]: 'dynamic' is not one of"),
        (f'{TWO}with-features = ["readline"]\n', "'readline' is not of type 'array'"),
        ('[axes]\npython = ["3.13.5", "3.31"]\n', r"some.toml: axes.python\[1\]: unknown Python '3.31'"),
        (f'{TWO}target-triple = ["x86-linux"]\n', r"axes.target-triple\[0\]: unknown target 'x86-linux'"),
        (f'{TWO}options = ["noopt", "fast"]\n', r"axes.options\[1\]: unknown build option 'fast'"),
        (f'{TWO}glibc = ["2.18"]\n', r"axes.glibc\[0\]: unknown glibc '2.18'"),
        (f'{TWO}tls = ["openssh"]\n', r"axes.tls\[0\]: unknown TLS library 'openssh' \(did you mean openssl"),
        (f'{TWO}without-features = [[], ["ssl", "tk"]]\n', r"axes.without-features\[1\]: unknown feature 'tk'"),
        (f'{TWO}without-modules = [["_sll"]]\n', r"unknown extension module '_sll' \(did you mean _ssl\?"),
        (f'{TWO}profile = ["nowhere"]\n', r"axes.profile\[0\]: .*nowhere does not exist"),
        (f'{TWO}[[include]]\npython = "3.31"\n', r"include\[0\].python: unknown Python '3.31'"),
        (f'{TWO}[[include]]\nglibc = "2.17"\n', r"\$.include\[0\]: 'python' is a required property"),
        (f"exclude = [{{}}]\n{TWO}", r"\$.exclude\[0\]: "),
        (f'exclude = [{{ python = ["*-3.9.*"] }}]\n{TWO}', r"some.toml: exclude\[0\]: excludes nothing"),
        (f'exclude = [{{ python = ["*"] }}]\n{TWO}', "some.toml: nothing is left to build"),
    ],
)
def test_a_bad_file_gets_one_line_with_the_place(
    requests: Callable[[str], list[Request]], text: str, message: str
) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        requests(text)
    assert "\n" not in str(caught.value)


def test_the_examples_are_right(catalogs: Catalogs) -> None:
    examples = sorted((ROOT / "examples").glob("*.toml"))
    assert len(examples) == 2
    for path in examples:
        assert len(load_matrix(path, catalogs)) > 5


def test_what_cannot_be_combined_is_refused_with_the_reason(tmp_path: Path, catalogs: Catalogs) -> None:
    text = '[axes]\npython = ["3.13.5"]\noptions = ["noopt", "debug+lto"]\ntoolchain = ["zig", "llvm"]\n'
    results = plan_cells(load_matrix(written(tmp_path, text), catalogs), catalogs)
    assert [item.outcome for item in results] == [Outcome.PLANNED, *[Outcome.REFUSED] * 3]
    reasons = [item.failure.what for item in results if item.failure]
    assert "another cell builds a different cpython-3.13.5" in reasons[0]
    assert "debug and lto contradict each other" in reasons[1]


def builder(directory: Path, **behaviour: BaseException) -> Callable[[Request, Reporter], Path]:
    """Return a build that writes a file, or raises the error in `behaviour` for the version (`v3_11_2`)."""

    def build(request: Request, reporter: Reporter) -> Path:
        version = request.python.removeprefix("cpython-")
        reporter.planned(Forecast(total=3, costs={"cpython": Cost(seconds=1)}))
        error = behaviour.get(f"v{version.replace('.', '_')}")
        if error is not None:
            reporter.started("library:demo", Path("/logs/demo.log"))
            reporter.failed("library:demo")
            raise error
        if not request.without_features:
            reporter.started("cpython", Path("/logs/cpython.log"))
            reporter.finished("cpython", 1.0)
        path = directory / f"cpython-{version}-{'-'.join(request.without_features)}-full.tar.zst"
        path.write_bytes(b"1234567")
        return path

    return build


def run(tmp_path: Path, catalogs: Catalogs, text: str, **behaviour: BaseException) -> tuple[Result, ...]:
    planned = plan_cells(load_matrix(written(tmp_path, text), catalogs), catalogs)
    with Progress(Console(file=io.StringIO())) as progress:
        return build_cells(planned, builder(tmp_path, **behaviour), progress)


def test_a_failure_does_not_stop_the_others(tmp_path: Path, catalogs: Catalogs) -> None:
    broken = StepError("`make` ended with status 2\n    last words", where="library:demo", log=Path("/logs/demo.log"))
    results = run(tmp_path, catalogs, CHOICES, v3_13_5=broken)
    assert [item.outcome for item in results] == [Outcome.FAILED, Outcome.FAILED, Outcome.BUILT, Outcome.PRESENT]
    assert results[2].size == 7
    assert list(report.reasons(results))[:3] == [
        "failed: python cpython-3.13.5",
        "  library:demo: `make` ended with status 2",
        "  log: /logs/demo.log",
    ]
    assert report.summary(results) == "2 of 4 distributions could not be built"


def test_an_error_without_a_log_is_told_whole(tmp_path: Path, catalogs: Catalogs) -> None:
    error = DescribeError("cannot be asked about itself: Traceback\nFileNotFoundError: lib", where="bin/python3")
    results = run(tmp_path, catalogs, TWO, v3_13_5=error)
    assert list(report.reasons(results)) == [
        "failed: python cpython-3.13.5",
        "  library:demo: bin/python3: cannot be asked about itself: Traceback",
        "  FileNotFoundError: lib",
    ]


def test_a_full_disk_is_a_failure_too(tmp_path: Path, catalogs: Catalogs) -> None:
    results = run(tmp_path, catalogs, TWO, v3_13_5=OSError(28, "No space left on device"))
    assert [item.outcome for item in results] == [Outcome.FAILED, Outcome.BUILT]


def test_after_an_interrupt_nothing_more_is_started(tmp_path: Path, catalogs: Catalogs) -> None:
    text = TWO.replace('2"]', '2", "cpython-3.9.2"]')
    results = run(tmp_path, catalogs, text, v3_11_2=KeyboardInterrupt())
    assert [item.outcome for item in results] == [Outcome.BUILT, Outcome.INTERRUPTED, Outcome.WAITING]
    assert report.summary(results) == ""
    assert report.document(results)["complete"] is False


def test_the_table_has_a_row_for_each_cell(tmp_path: Path, catalogs: Catalogs) -> None:
    text = f'{TWO}options = ["noopt", "debug+lto"]\n'
    results = run(tmp_path, catalogs, text, v3_11_2=StepError("no", where="cpython"))
    console = Console(file=io.StringIO(), width=120)
    console.print(report.table(results))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split()[0] for line in lines] == [
        "distribution",
        "cpython-3.13.5-",
        "python",
        "cpython-3.11.2-x86_64-unknown-linux-gnu-noopt",
        "python",
    ]
    assert [word in line for word, line in zip(("built", "refused", "failed", "refused"), lines[1:], strict=True)]


def test_machines_get_json(tmp_path: Path, catalogs: Catalogs) -> None:
    results = run(tmp_path, catalogs, CHOICES, v3_11_2=StepError("no", where="cpython", log=Path("/a.log")))
    rows: Any = json.loads(json.dumps(report.document(results)))["cells"]
    assert rows[1]["chosen"] == {"python": "cpython-3.13.5", "without-features": "tkinter"}
    assert (rows[0]["result"], rows[0]["size"]) == ("built", 7)
    assert Path(rows[0]["path"]).is_file()
    assert (rows[2]["result"], rows[2]["step"], rows[2]["reason"], rows[2]["log"]) == (
        "failed", "library:demo", "no", "/a.log",
    )  # fmt: skip


def test_a_dry_run_lists_the_cells_and_builds_nothing(tmp_path: Path) -> None:
    output = tmp_path / "out"
    done = CliRunner().invoke(matrix, [str(written(tmp_path, CHOICES)), "--dry-run", "--output", str(output)])
    assert done.exit_code == 0
    assert done.stdout.count("would be built") == 4
    assert not output.exists()


def test_what_is_not_complete_fails_after_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = builder(tmp_path, v3_13_5=StepError("no", where="cpython"))
    monkeypatch.setattr(pipeline, "build", lambda request, _, reporter: failing(request, reporter))
    done = CliRunner().invoke(matrix, [str(written(tmp_path, TWO)), "--json"])
    assert isinstance(done.exception, MatrixError)
    assert MatrixError.exit_code == 23
    assert json.loads(done.stdout)["complete"] is False


def test_an_interrupt_ends_the_command_after_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = builder(tmp_path, v3_11_2=KeyboardInterrupt())
    monkeypatch.setattr(pipeline, "build", lambda request, _, reporter: stopped(request, reporter))
    done = CliRunner().invoke(matrix, [str(written(tmp_path, TWO))])
    assert "interrupted" in done.stdout
    assert done.exit_code != 0
