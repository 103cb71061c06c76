"""Finds the `Extension(...)` calls of CPython's `setup.py` (up to 3.11) without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ScriptExtension:
    """One `Extension` of `setup.py`; `optional_sources` are appended under conditions."""

    name: str
    sources: tuple[str, ...]
    optional_sources: tuple[str, ...] = ()


def scan_setup_script(text: str) -> list[ScriptExtension]:
    """Return the extensions of all `detect_*` methods, in the order of the file."""
    if not text:
        return []
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    found = [item for node in functions if node.name.startswith("detect_") for item in _of_function(node)]
    return [item for item in found if item.name]


def _of_function(function: ast.FunctionDef) -> Iterator[ScriptExtension]:
    lists = _lists(function)
    appended = _appended(function)
    for values, node in _with_loops(function, {}):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Extension":
            yield _extension(node, values, lists, appended)


def _with_loops(node: ast.AST, values: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], ast.AST]]:
    """Walk a tree; the body of `for name in ("a", "b")` is walked once for each value."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.For(target=ast.Name(id=name), iter=ast.Tuple(elts=elements)):
                for element in elements:
                    value = {name: str(ast.literal_eval(element))}
                    for statement in child.body:
                        yield from _with_loops(statement, {**values, **value})
            case _:
                yield values, child
                yield from _with_loops(child, values)


def _lists(function: ast.FunctionDef) -> dict[str, tuple[str, ...]]:
    """Return the lists of strings that the function assigns to names."""
    return {
        target.id: tuple(_text(element, {}) for element in node.value.elts)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _appended(function: ast.FunctionDef) -> dict[str, tuple[str, ...]]:
    """Return what the function appends to lists by name."""
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


def _extension(
    call: ast.Call,
    values: Mapping[str, str],
    lists: Mapping[str, tuple[str, ...]],
    appended: Mapping[str, tuple[str, ...]],
) -> ScriptExtension:
    name = _text(call.args[0], values) if call.args else ""
    keyword = next((item.value for item in call.keywords if item.arg == "sources"), None)
    match call.args[1] if len(call.args) > 1 else keyword:
        case ast.List(elts=elements):
            return ScriptExtension(name=name, sources=tuple(_text(element, values) for element in elements))
        case ast.Name(id=variable):
            return ScriptExtension(
                name=name, sources=lists.get(variable, ()), optional_sources=appended.get(variable, ())
            )
        case _:
            return ScriptExtension(name=name, sources=())


def _text(node: ast.expr, values: Mapping[str, str]) -> str:
    """Return the value of a string or of an f-string over loop variables; empty if it is neither."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            return "".join(_text(piece, values) for piece in pieces)
        case ast.FormattedValue(value=ast.Name(id=name)):
            return values.get(name, "")
        case _:
            return ""
