"""Reads a matrix file into requests: the product of its axes, minus its exclusions, plus its inclusions."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError, RequestError
from setup_local.own_sdk import read_sdk
from setup_local.plan.options import parse_options
from setup_local.plan.resolve import choose_python, choose_target
from setup_local.plan.suggest import suggestion
from setup_local.values import Libc, Request

SCHEMA = "matrix"
_PATHS = ("profile", "llvm")
_SOURCES = "sources"
_SDK = "sdk"
# An empty text stands for the default.
_DEFAULT = ""
# The field of a request that no user chooses: it belongs to the target that a profile is made for.
_DERIVED = "counters"

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One distribution of a matrix: the request, and the values from the file (`python`, `with-features`, ...)."""

    request: Request
    chosen: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """Return the cell's values from the file, for messages."""
        return ", ".join(f"{name} {value}" for name, value in self.chosen if value)


def load_matrix(path: Path, catalogs: Catalogs) -> tuple[Cell, ...]:
    """Return the cells of a matrix file, each once, in the file's order; the first axis changes slowest.

    Raises `RequestError` that names the place of every value that is unknown or has no effect.
    """
    try:
        document = read_toml(path, SCHEMA)
    except CatalogError as error:
        raise RequestError(error.what, where=path) from error
    axes: dict[str, Sequence[Any]] = document["axes"]
    includes: list[Values] = document.get("include", [])
    chosen = list(_values(axes, includes))
    own = any(name == _SOURCES for _, name, _ in chosen)
    for place, name, value in chosen:
        if name == "python" and own:
            continue  # the user's own source may have an unknown version
        _check(name, value, catalogs, base=path.parent, where=f"{path}: {place}")
    product = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    excludes: list[Mapping[str, Sequence[str]]] = document.get("exclude", [])
    for number, exclude in enumerate(excludes):
        if not any(_is_excluded(values, exclude) for values in product):
            raise RequestError("excludes nothing", where=f"{path}: exclude[{number}]")
    kept = [values for values in product if not any(_is_excluded(values, exclude) for exclude in excludes)]
    cells = {cell.request: cell for values in (*kept, *includes) for cell in [_cell(values, path)]}
    if not cells:
        raise RequestError("nothing is left to build", where=path)
    return tuple(cells.values())


def _values(axes: Mapping[str, Sequence[Any]], includes: Iterable[Values]) -> Iterator[tuple[str, str, Any]]:
    """Yield the place, key and value of everything that is chosen."""
    for name, values in axes.items():
        yield from ((f"axes.{name}[{number}]", name, value) for number, value in enumerate(values))
    for number, include in enumerate(includes):
        yield from ((f"include[{number}].{name}", name, value) for name, value in include.items())


def _is_excluded(values: Values, exclude: Mapping[str, Sequence[str]]) -> bool:
    """Return whether each key of an `exclude` has a matching pattern; in a list, any name may match."""
    return all(
        any(fnmatchcase(word, pattern) for word in _words(values.get(name, _DEFAULT)) for pattern in patterns)
        for name, patterns in exclude.items()
    )


def _words(value: Any) -> list[str]:
    return list(value) or [_DEFAULT] if isinstance(value, list) else [value]


def _cell(values: Values, path: Path) -> Cell:
    given = {name: value for name, value in values.items() if value not in (_DEFAULT, [])}
    rooted = {name: _rooted(name, value, path.parent) for name, value in given.items()}
    shown = ((name, ",".join(value) if isinstance(value, list) else value) for name, value in values.items())
    return Cell(request=convert(Request, rooted, where=path), chosen=tuple(shown))


def _rooted(name: str, value: Any, base: Path) -> Any:
    """Return a value with its paths resolved relative to the matrix file."""
    if name == _SOURCES:
        pairs = (text.partition("=") for text in value)
        return [f"{source}{separator}{base / place}" for source, separator, place in pairs]
    if name == _SDK and value:
        return dataclasses.asdict(read_sdk(base / value))
    return str(base / value) if name in _PATHS else value


def _check(name: str, value: Any, catalogs: Catalogs, *, base: Path, where: str) -> None:
    """Raise `RequestError` with the place for a value that no catalog knows, in any combination."""
    checks: dict[str, Callable[[Any], object]] = {
        "python": partial(choose_python, sources=catalogs.sources),
        "target-triple": partial(choose_target, targets=catalogs.targets),
        "options": parse_options,
        "glibc": partial(_known, "glibc", _floors(Libc.GLIBC, catalogs)),
        "macos-minimum": partial(_known, "macOS", _floors(Libc.LIBSYSTEM, catalogs)),
        "tls": partial(
            _known, "TLS library", {name for item in catalogs.variants.tls for name in (item.name, item.family)}
        ),
        "with-features": partial(_all_known, "feature", catalogs.features.names),
        "without-features": partial(_all_known, "feature", catalogs.features.names),
        "without-modules": partial(_all_known, "extension module", {item.name for item in catalogs.extensions}),
        "profile": partial(_exists, base),
        "llvm": partial(_exists, base),
        "sdk": lambda place: read_sdk(base / place),
    }
    if name not in checks or value == _DEFAULT:
        return
    try:
        checks[name](value)
    except RequestError as error:
        raise RequestError(error.what, where=where, hint=error.hint) from error


def _floors(libc: Libc, catalogs: Catalogs) -> set[str]:
    """Return every oldest system that can be requested on targets with a C library."""
    return {floor for target in catalogs.targets if target.libc is libc for floor in target.floors}


def _known(what: str, known: Iterable[str], value: str) -> None:
    if value not in known:
        raise RequestError(f"unknown {what} {value!r}", hint=suggestion(value, sorted(known)))


def _all_known(what: str, known: Iterable[str], values: Iterable[str]) -> None:
    for value in values:
        _known(what, known, value)


def _exists(base: Path, value: str) -> None:
    if not (base / value).exists():
        raise RequestError(f"{base / value} does not exist")


def request_fields() -> tuple[str, ...]:
    """Return the keys of a matrix file: the fields of a request that users choose."""
    names = (field.name.replace("_", "-") for field in dataclasses.fields(Request))
    return tuple(name for name in names if name != _DERIVED)
