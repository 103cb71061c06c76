"""Renders a plan as text: every generated file comes from a template here, which contains no decisions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2

from setup_local import paths
from setup_local.errors import CatalogError
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.values import LinkMode

SETUP_LOCAL = "Setup.local.j2"
_RULE = "# " + "-" * 98
_DEPS = "deps:"
# Words that makesetup recognizes as compiler flags. A word with "=" would make the whole line a variable assignment.
_INLINE = re.compile(r"-[IDUCfF][^=]*")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines of one section that belong together."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One tagged part of `Setup.local`: `*static*`, `*shared*` or `*disabled*`."""

    tag: str
    groups: tuple[Group, ...]


def render(template: str, values: Mapping[str, object], directory: Path | None = None) -> str:
    """Fill in a template; an undefined name is a `CatalogError`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(directory or paths.TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- makefiles and shell, no markup
    )
    try:
        return environment.get_template(template).render(values)
    except jinja2.TemplateError as error:
        raise CatalogError(f"cannot be rendered: {error}", where=template) from error


def render_setup_local(plan: Plan) -> str:
    """Return `Modules/Setup.local` for a plan: exactly what `emit` prints and the build uses."""
    ours = _each_source_once(extension for extension in plan.extensions if not extension.in_core)
    core = " ".join(extension.name for extension in plan.extensions if extension.in_core)
    return render(
        SETUP_LOCAL,
        {
            "python": plan.python,
            "triple": plan.target.triple,
            "deps": plan.deps,
            "linkage": plan.dependencies.value,
            "rule": _RULE,
            "variables": [(flags_variable(item), " ".join(flags)) for item in ours if (flags := _out_of_line(item))],
            "sections": [section for mode in LinkMode if (section := _section(mode, plan, ours))],
            "core": textwrap.wrap(core, width=96, break_on_hyphens=False),
            "absent": plan.absent,
        },
    )


def _each_source_once(extensions: Iterable[PlannedExtension]) -> list[PlannedExtension]:
    """Keep a source shared by several built-in modules only in the first of them: an object cannot be linked twice."""
    named: set[str] = set()
    found: list[PlannedExtension] = []
    for extension in extensions:
        if extension.link is LinkMode.STATIC:
            found.append(replace(extension, sources=tuple(name for name in extension.sources if name not in named)))
            named.update(extension.sources)
        else:
            found.append(extension)
    return found


def flags_variable(extension: PlannedExtension) -> str:
    """Return the make variable for compiler flags that makesetup cannot parse on a module's line."""
    return f"EXTENSION_{extension.name.upper()}_CFLAGS"


def _compiler_flags(extension: PlannedExtension) -> list[str]:
    return [*(f"-D{define}" for define in extension.defines), *extension.cflags]


def _out_of_line(extension: PlannedExtension) -> list[str]:
    return [flag for flag in _compiler_flags(extension) if not _INLINE.fullmatch(flag)]


def module_line(extension: PlannedExtension) -> str:
    """Return one makesetup line: name, sources, compiler flags, libraries, system libraries, linker flags."""
    inline = [flag for flag in _compiler_flags(extension) if _INLINE.fullmatch(flag)]
    variable = [f"$({flags_variable(extension)})"] if _out_of_line(extension) else []
    words = [
        extension.name,
        *extension.sources,
        *(f"-I{_directory(include)}" for include in extension.includes),
        *inline,
        *variable,
        *(f"$(DEPS)/lib/{library}" for library in extension.shared_objects or extension.archives),
        *(f"-l{library}" for library in extension.system),
        *(word for name in extension.frameworks for word in ("-framework", name)),
        *(extension.ldflags if extension.link is LinkMode.SHARED else ()),
    ]
    return " ".join(words)


def _directory(include: str) -> str:
    if include.startswith(_DEPS):
        return f"$(DEPS)/{include.removeprefix(_DEPS)}"
    return f"$(srcdir)/{include}"


def _section(mode: LinkMode, plan: Plan, extensions: Iterable[PlannedExtension]) -> Section | None:
    members = [extension for extension in extensions if extension.link is mode]
    if not members:
        return None
    groups: dict[str, list[str]] = {}
    for extension in members:
        line = extension.name if mode is LinkMode.DISABLED else module_line(extension)
        groups.setdefault(_title(extension, plan), []).append(line)
    return Section(
        tag=mode.value, groups=tuple(Group(title=title, lines=tuple(lines)) for title, lines in groups.items())
    )


def _title(extension: PlannedExtension, plan: Plan) -> str:
    if extension.link is LinkMode.DISABLED:
        return f"Left out: {extension.reason}"
    data = {item.name for item in plan.libraries if item.library.is_data}
    if linked := [name for name in extension.libraries if name not in data]:
        return "With " + ", ".join(_described(name, plan) for name in linked)
    if extension.test:
        return "CPython's own test modules"
    return "Without third-party libraries"


def _described(name: str, plan: Plan) -> str:
    found = next((item.library for item in plan.libraries if item.name == name), None)
    return f"{name} ({' and '.join(found.licenses)})" if found else name
