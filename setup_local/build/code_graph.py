"""The content of one module: its definitions, the names that each uses, and a digest of each without prose.

Docstrings, comments, layout and error texts do not count. The digest is computed from the fields of the syntax tree,
without empty ones, so that it is the same under every Python that parses the module to the same tree.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_DIGEST_LENGTH = 16
# Fields that do not affect what code does: how a name is used follows from its place.
_SILENT = frozenset({"ctx", "kind", "type_comment"})
_ANNOTATIONS = frozenset({"annotation", "returns"})


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A function, class or variable: a digest, and the names that it uses.

    `values` are names that its code uses, as `name` or `name.attribute`; `hints` those in annotations; `attributes`
    all attributes and keywords that it uses, of any object. A class has `members`, which are not in its own digest.
    """

    digest: str
    values: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    members: Mapping[str, Definition] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModuleCode:
    """One module: `imports` maps names to dotted names, as written; `effects` is the code that runs on import."""

    imports: Mapping[str, tuple[str, ...]]
    definitions: Mapping[str, Definition]
    effects: Definition | None = None


def read_module(source: str) -> ModuleCode:
    """Parse a module's code; raise `SyntaxError`, and `ValueError` for an import that hides the names it binds."""
    tree = ast.parse(source)
    pieces: dict[str, list[ast.stmt]] = {}
    for statement in _without_prose(_top_level(tree.body)):
        for name in _names(statement):
            pieces.setdefault(name, []).append(statement)
    effects = pieces.pop("", [])
    return ModuleCode(
        imports=_imports(tree),
        definitions={name: _definition(statements) for name, statements in pieces.items()},
        effects=_definition(effects) if effects else None,
    )


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module that are not imports; a branch that holds only imports counts as one."""
    for statement in body:
        only_imports = isinstance(statement, ast.If) and not [*_top_level([*statement.body, *statement.orelse])]
        if not only_imports and not isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement


def _names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement defines; the empty name stands for a statement that only has an effect."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Assign():
            found = [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]
            return found or [""]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return [""]


def _imports(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """Return every name that an import binds anywhere in the module, with everything that it can stand for."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level or any(alias.name == "*" for alias in node.names):
                raise ValueError(f"line {node.lineno}: an import must be absolute and name what it brings")
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, []).append(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                found.setdefault(bound, []).append(alias.name)
    return {name: tuple(sorted(set(targets))) for name, targets in found.items()}


def _definition(statements: list[ast.stmt]) -> Definition:
    """Return the definition of one name, merged from all statements that define it."""
    members: dict[str, list[ast.stmt]] = {}
    own: list[ast.stmt] = []
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            for item in _without_prose(statement.body):
                for name in _names(item):
                    members.setdefault(name, []).append(item)
            own.append(_header(statement, members.pop("", [])))
        else:
            own.append(statement)
    return _described(own, {name: _described(items, {}) for name, items in members.items()})


def _header(node: ast.ClassDef, done: list[ast.stmt]) -> ast.ClassDef:
    """Return a class without its members."""
    return ast.ClassDef(
        name=node.name, bases=node.bases, keywords=node.keywords, body=done, decorator_list=node.decorator_list
    )


def _described(statements: list[ast.stmt], members: Mapping[str, Definition]) -> Definition:
    names = _Names()
    for statement in statements:
        names.visit(statement)
    text = "\n".join(_text(statement) for statement in statements)
    return Definition(
        digest=hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH],
        values=tuple(sorted(names.values)),
        hints=tuple(sorted(names.hints - names.values)),
        attributes=tuple(sorted(names.attributes)),
        members=members,
    )


class _Names(ast.NodeVisitor):
    """Collects the names in a piece of code, those in annotations separately."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        self.hints: set[str] = set()
        self.attributes: set[str] = set()

    def generic_visit(self, node: ast.AST) -> None:
        """Visit the parts of a node."""
        for name, value in ast.iter_fields(node):
            below = value if isinstance(value, list) else [value]
            outer = self.values
            if name in _ANNOTATIONS:
                self.values = self.hints
            for item in below:
                if isinstance(item, ast.AST):
                    self.visit(item)
            self.values = outer

    def visit_Name(self, node: ast.Name) -> None:
        """Record a name."""
        self.values.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Record an attribute, with the name it belongs to."""
        self.attributes.add(node.attr)
        if isinstance(node.value, ast.Name):
            self.values.add(f"{node.value.id}.{node.attr}")
        else:
            self.visit(node.value)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Record the name of a field that a call may set."""
        self.attributes.update([node.arg] if node.arg else [])
        self.visit(node.value)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """Record the fields that a pattern matches."""
        self.attributes.update(node.kwd_attrs)
        self.generic_visit(node)


def _without_prose(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements except bare strings, such as docstrings."""
    for statement in body:
        if not (isinstance(statement, ast.Expr) and _is_string(statement.value)):
            yield statement


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: object) -> str:
    """Return a syntax tree as text: types and fields, without prose."""
    match node:
        case ast.Raise():
            return f"Raise({_text(_without_words(node.exc))})"
        case ast.JoinedStr():
            return f"JoinedStr(values={_text([item for item in node.values if not _is_empty(item)])})"
        case ast.AST():
            fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _SILENT)
            said = (f"{name}={_text(value)}" for name, value in fields if value is not None and value != [])
            return f"{type(node).__name__}({','.join(said)})"
        case list():
            return f"[{','.join(_text(item) for item in _without_prose(node))}]"
        case _:
            return ascii(node)


def _without_words(raised: ast.expr | None) -> ast.expr | None:
    """Return a raised expression without its texts: a step that raises has no result that could differ."""
    if not isinstance(raised, ast.Call):
        return raised
    arguments = [item for item in raised.args if not _is_text(item)]
    keywords = [item for item in raised.keywords if not _is_text(item.value)]
    return ast.Call(func=raised.func, args=arguments, keywords=keywords)


def _is_empty(node: ast.AST) -> bool:
    """Return whether a part of an f-string is empty text; early releases of Python 3.12 end nested formats with one."""
    return isinstance(node, ast.Constant) and node.value == ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or _is_string(node)
