"""Finds the `Extension(...)` calls of CPython's `setup.py` (up to 3.11) without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

# setup() rejects an empty list of extensions: 3.11 passes this one, which has no source and is never built.
_PLACEHOLDER = "_dummy"


@dataclass(frozen=True, kw_only=True)
class ScriptExtension:
    """One `Extension` of `setup.py`; `optional_sources` are added under conditions."""

    name: str
    sources: tuple[str, ...]
    optional_sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Names:
    """What a function binds: names to one string, names to their possible lists, and what is appended to them."""

    strings: Mapping[str, str]
    lists: Mapping[str, tuple[tuple[str, ...], ...]]
    appended: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class _Files:
    """Files that are always used, and files that are used under a condition."""

    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()

    def __add__(self, other: _Files) -> _Files:
        return _Files(always=self.always + other.always, sometimes=self.sometimes + other.sometimes)


def scan_setup_script(text: str) -> list[ScriptExtension]:
    """Return the extensions of all `detect_*` methods and of `main`, in the order of the file."""
    if not text:
        return []
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    relevant = [node for node in functions if node.name.startswith("detect_") or node.name == "main"]
    return [item for node in relevant for item in _of_function(node) if item.name not in ("", _PLACEHOLDER)]


def _of_function(function: ast.FunctionDef) -> Iterator[ScriptExtension]:
    names = _Names(strings=_strings(function), lists=_lists(function), appended=_appended(function))
    for values, node in _with_loops(function, names.strings):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Extension":
            yield _extension(node, values, names)


def _with_loops(node: ast.AST, values: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], ast.AST]]:
    """Walk a tree; the body of `for name in ("a", "b")` is walked once for each value."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.For(target=ast.Name(id=name), iter=ast.Tuple(elts=elements)):
                for element in elements:
                    value = {name: _text(element, values)}
                    for statement in child.body:
                        yield from _with_loops(statement, {**values, **value})
            case _:
                yield values, child
                yield from _with_loops(child, values)


def _assignments(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value


def _strings(function: ast.FunctionDef) -> dict[str, str]:
    """Return the names that the function binds to a string."""
    return {name: text for name, value in _assignments(function) if (text := _text(value, {}))}


def _lists(function: ast.FunctionDef) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the lists of strings that the function binds to names; each branch of a condition may bind another."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name, value in _assignments(function):
        if isinstance(value, ast.List):
            found[name] = (*found.get(name, ()), tuple(_text(element, {}) for element in value.elts))
    return found


def _appended(function: ast.FunctionDef) -> dict[str, tuple[str, ...]]:
    """Return what the function appends to lists, by name."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[ast.Constant(value=str(item))]
            ):
                found[name] = (*found.get(name, ()), item)
            case _:
                pass
    return found


def _extension(call: ast.Call, values: Mapping[str, str], names: _Names) -> ScriptExtension:
    keywords = {item.arg: item.value for item in call.keywords}
    name = _text(call.args[0], values) if call.args else ""
    files = _files(call.args[1] if len(call.args) > 1 else keywords.get("sources"), values, names)
    objects = _files(keywords.get("extra_objects"), values, names).always
    return ScriptExtension(
        name=name,
        sources=(*files.always, *(source_of(item) for item in objects)),
        optional_sources=files.sometimes,
    )


def source_of(item: str) -> str:
    """Return the source, below `Modules/`, of an object that the makefile builds."""
    return PurePosixPath(item).relative_to("Modules").with_suffix(".c").as_posix()


def _files(node: ast.expr | None, values: Mapping[str, str], names: _Names) -> _Files:
    """Return the files of a list, of a name for one, or of a sum of these."""
    match node:
        case ast.List(elts=elements):
            return _Files(always=tuple(_text(element, values) for element in elements))
        case ast.Name(id=name):
            return _alternatives(names.lists.get(name, ()), names.appended.get(name, ()))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _files(left, values, names) + _files(right, values, names)
        case _:
            return _Files()


def _alternatives(lists: tuple[tuple[str, ...], ...], appended: tuple[str, ...]) -> _Files:
    every = tuple(dict.fromkeys(item for items in lists for item in items))
    always = tuple(item for item in every if all(item in items for items in lists))
    return _Files(always=always, sometimes=tuple(item for item in (*every, *appended) if item not in always))


def _text(node: ast.expr, values: Mapping[str, str]) -> str:
    """Return the value of a string literal or one composed of names; empty for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return values.get(name, "")
        case ast.JoinedStr(values=pieces):
            return "".join(_text(piece, values) for piece in pieces)
        case ast.FormattedValue(value=ast.Name(id=name)):
            return values.get(name, "")
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=ast.Name(id=name)) if "%s" in text:
            return text.replace("%s", values.get(name, ""))
        case _:
            return ""
