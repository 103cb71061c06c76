"""Evaluates the part of MSBuild that CPython's project files use: properties, conditions, item definitions, items.

Functions of MSBuild (`$([System.IO.Path]...)`) are not evaluated: the caller supplies their results, and a value that
still contains a function where it matters is an error.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from setup_local.errors import CatalogError

_NAMESPACE = re.compile(r"^\{[^}]*\}")
_PROPERTY = re.compile(r"\$\((\w+)\)")
_METADATA = re.compile(r"%\((\w+)\)")
_TOKEN = re.compile(r"\s*(?:(==|!=|!|\(|\))|'([^']*)'|([\w.:]+)|(\S))")
_OPERATORS = frozenset({"and", "or"})
_LISTS = ("ClCompile", "ResourceCompile", "None", "GetPath")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of a project: a file, and its own metadata by name, without the defaults of its kind."""

    kind: str
    include: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A project with every condition decided. `definitions` maps `kind.name` to values for all items of a kind."""

    properties: Mapping[str, str]
    definitions: Mapping[str, str]
    items: tuple[Item, ...]


@dataclass
class _State:
    """What is known so far while a project is read from top to bottom."""

    properties: dict[str, str]
    read: Callable[[str], str | None]
    definitions: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)


def evaluate(text: str, given: Mapping[str, str], read: Callable[[str], str | None]) -> Evaluated:
    """Evaluate a project; `given` properties override what the files set, as on MSBuild's command line.

    `read` returns the text of an imported file, None for one to ignore. Raises `CatalogError` for a text that is
    not XML.
    """
    state = _State(properties=dict(given), read=read)
    _file(text, state, frozenset(given))
    return Evaluated(properties=state.properties, definitions=state.definitions, items=tuple(state.items))


def expand(text: str, properties: Mapping[str, str]) -> str:
    """Return a text with its properties filled in; an unset property is empty, as in MSBuild."""
    return _PROPERTY.sub(lambda match: properties.get(match[1], ""), text)


def _file(text: str, state: _State, given: frozenset[str]) -> None:
    try:
        root = ET.fromstring(text)  # noqa: S314 -- of a source whose hash or signature was checked
    except ET.ParseError as error:
        raise CatalogError(f"a project file is not XML: {error}") from error
    for element in root:
        if _holds(element, state):
            _element(element, state, given)


def _element(element: ET.Element, state: _State, given: frozenset[str]) -> None:
    match _name(element):
        case "PropertyGroup":
            _set_properties(element, state, given)
        case "ItemDefinitionGroup":
            _define(element, state)
        case "ItemGroup":
            state.items.extend(_items(element, state))
        case "Import":
            _import(element, state, given)
        case "ImportGroup":
            for inner in element:
                if _holds(inner, state):
                    _import(inner, state, given)
        case _:
            pass


def _import(element: ET.Element, state: _State, given: frozenset[str]) -> None:
    text = state.read(element.get("Project", ""))
    if text is not None:
        _file(text, state, given)


def _set_properties(group: ET.Element, state: _State, given: frozenset[str]) -> None:
    for element in group:
        if _name(element) not in given and _holds(element, state):
            state.properties[_name(element)] = expand(element.text or "", state.properties).strip()


def _define(group: ET.Element, state: _State) -> None:
    for kind in group:
        if not _holds(kind, state):
            continue
        for element in kind:
            if _holds(element, state):
                name = f"{_name(kind)}.{_name(element)}"
                state.definitions[name] = _value(element, state, state.definitions.get(name, ""))


def _items(group: ET.Element, state: _State) -> Iterator[Item]:
    for element in group:
        include = element.get("Include")
        if include is None or _name(element) not in _LISTS or not _holds(element, state):
            continue
        metadata: dict[str, str] = {}
        for inner in element:
            if _holds(inner, state):
                common = state.definitions.get(f"{_name(element)}.{_name(inner)}", "")
                metadata[_name(inner)] = _value(inner, state, metadata.get(_name(inner), common))
        yield Item(kind=_name(element), include=expand(include, state.properties), metadata=metadata)


def _value(element: ET.Element, state: _State, before: str) -> str:
    """Return the text of an element; a reference to its own name stands for its previous value."""
    text = expand(element.text or "", state.properties)
    return _METADATA.sub(lambda match: before if match[1] == _name(element) else "", text).strip()


def _name(element: ET.Element) -> str:
    return _NAMESPACE.sub("", element.tag)


def _holds(element: ET.Element, state: _State) -> bool:
    text = element.get("Condition", "").strip()
    return not text or condition(text, state.properties)


def condition(text: str, properties: Mapping[str, str]) -> bool:
    """Evaluate a condition; functions of MSBuild in it count as empty, and no file exists. Raises `CatalogError`."""
    parser = _Parser(list(_tokens(text.strip(), properties)), text)
    value = parser.either()
    parser.end()
    return value


def _tokens(text: str, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the tokens of a condition, each as its kind and its text, with properties filled in."""
    at = 0
    while at < len(text):
        if text.startswith("$(", at):
            end = _end_of_reference(text, at)
            word = text[at:end]
            yield "text", expand(word, properties) if _PROPERTY.fullmatch(word) else ""
        else:
            match = _TOKEN.match(text, at)
            if match is None or match[4]:
                raise CatalogError("the condition is not supported", where=text)
            end = match.end()
            yield _token(match, properties)
        at = end + len(text[end:]) - len(text[end:].lstrip())


def _end_of_reference(text: str, at: int) -> int:
    """Return the end of the reference to a property that begins at `at`; functions in it have their own parentheses."""
    depth = 0
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0 and text[index] == ")":
            return index + 1
    raise CatalogError("the condition is not supported", where=text)


def _token(match: re.Match[str], properties: Mapping[str, str]) -> tuple[str, str]:
    sign, quoted, word, _ = match.groups()
    if sign:
        return sign, sign
    if quoted is not None:
        return "text", expand(quoted, properties)
    return (word.lower() if word.lower() in _OPERATORS else "text"), word


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def either(self) -> bool:
        """Parse alternatives."""
        value = self._all()
        while self._take("or"):
            value = self._all() or value
        return value

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at != len(self._tokens):
            raise CatalogError("the condition is not supported", where=self._text)

    def _all(self) -> bool:
        value = self._one()
        while self._take("and"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._take("!"):
            return not self._one()
        if self._take("("):
            value = self.either()
            self._expect(")")
            return value
        left = self._expect("text")
        if self._take("("):  # Exists(...), HasTrailingSlash(...)
            argument = self._expect("text")
            self._expect(")")
            return left.lower() == "hastrailingslash" and argument.endswith(("\\", "/"))
        if self._take("=="):
            return left.lower() == self._expect("text").lower()
        if self._take("!="):
            return left.lower() != self._expect("text").lower()
        return left.lower() == "true"

    def _take(self, kind: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == kind:
            self._at += 1
            return True
        return False

    def _expect(self, kind: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == kind:
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise CatalogError("the condition is not supported", where=self._text)
