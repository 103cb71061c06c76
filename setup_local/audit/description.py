"""Reads PYTHON.json: JSON, then its schema, then frozen values. Raises `DescriptionError` with the JSON path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cattrs
import jsonschema

from setup_local.catalog import load
from setup_local.errors import DescriptionError

NAME = "python/PYTHON.json"
VERSIONS = ("8",)
NO_INIT = "NULL"  # stands for an init function in the table of built-in modules that is not there
_FLOOR = "glibc-max-symbol-version:"


@dataclass(frozen=True, kw_only=True)
class Link:
    """One library that objects are to be linked with."""

    name: str
    path_static: str | None = None
    path_dynamic: str | None = None
    framework: bool = False
    system: bool = False


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One way to have an extension module."""

    in_core: bool
    init_fn: str
    links: tuple[Link, ...]
    objs: tuple[str, ...]
    required: bool
    variant: str
    licenses: tuple[str, ...] = ()
    license_paths: tuple[str, ...] = ()
    license_public_domain: bool = False
    static_lib: str | None = None
    shared_lib: str | None = None

    @property
    def builtin(self) -> bool:
        """Tell whether the interpreter itself holds the module."""
        return self.shared_lib is None


@dataclass(frozen=True, kw_only=True)
class Core:
    """What libpython is made of."""

    objs: tuple[str, ...]
    links: tuple[Link, ...]
    static_lib: str | None = None
    shared_lib: str | None = None


@dataclass(frozen=True, kw_only=True)
class BuildInfo:
    """What a relinker needs."""

    core: Core
    extensions: dict[str, tuple[Extension, ...]]
    inittab_object: str
    inittab_source: str
    inittab_cflags: tuple[str, ...]
    object_file_format: str


@dataclass(frozen=True, kw_only=True)
class Description:
    """PYTHON.json of version 8, field by field."""

    version: str
    target_triple: str
    build_options: str
    optimizations: str
    python_tag: str
    python_abi_tag: str
    python_platform_tag: str
    python_implementation_name: str
    python_implementation_version: tuple[str, ...]
    python_implementation_hex_version: int
    python_implementation_cache_tag: str
    python_version: str
    python_major_minor_version: str
    python_paths: dict[str, str]
    python_paths_abstract: dict[str, str]
    python_config_vars: dict[str, str]
    python_exe: str
    python_stdlib_platform_config: str | None = None
    python_stdlib_test_packages: tuple[str, ...]
    python_suffixes: dict[str, tuple[str, ...]]
    python_bytecode_magic_number: str
    python_symbol_visibility: str
    python_extension_module_loading: tuple[str, ...]
    libpython_link_mode: str
    crt_features: tuple[str, ...]
    run_tests: str
    licenses: tuple[str, ...]
    license_path: str
    tcl_library_path: str | None = None
    tcl_library_paths: tuple[str, ...] = ()
    build_info: BuildInfo

    @property
    def floor(self) -> str:
        """Return the oldest glibc that the distribution promises to run on; empty if it promises none."""
        return next((item.removeprefix(_FLOOR) for item in self.crt_features if item.startswith(_FLOOR)), "")

    def extensions(self) -> Iterator[tuple[str, Extension]]:
        """Yield each variant of each extension module with a label for messages."""
        for name, variants in self.build_info.extensions.items():
            for variant in variants:
                yield (name if len(variants) == 1 else f"{name}[{variant.variant}]"), variant


def read_description(data: bytes) -> Description:
    """Parse the bytes of PYTHON.json. Raises `DescriptionError`."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DescriptionError(f"no JSON: {error}", where=NAME) from error
    if isinstance(document, dict) and document.get("version") not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise DescriptionError(
            f"$.version: unknown format version {document.get('version')!r}", where=NAME, hint=f"known: {known}"
        )
    _hold_against_schema(document)
    return cattrs.Converter(forbid_extra_keys=True).structure(document, Description)


def _hold_against_schema(document: Any) -> None:
    validator = jsonschema.Draft202012Validator(load.schema(f"python-json-{VERSIONS[-1]}"))
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        raise DescriptionError(f"{error.json_path}: {shortened(error.message)}", where=NAME)


def shortened(message: str, limit: int = 200) -> str:
    """Return a message without its middle if it quotes a whole document."""
    return message if len(message) <= limit else f"{message[: limit // 2]} ... {message[-limit // 2 :]}"
