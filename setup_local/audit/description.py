"""Reads PYTHON.json: JSON, then its schema, then frozen values. Raises `DescriptionError` with the JSON path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cattrs
import jsonschema

from setup_local import strict_json
from setup_local.catalog import load
from setup_local.catalog.limits import load_limits
from setup_local.errors import DescriptionError
from setup_local.printable import printable

NAME = "python/PYTHON.json"
VERSIONS = ("8",)
NO_INIT = "NULL"  # replaces a missing init function in the table of built-in modules
_MOST_ERRORS = 20  # a document may have millions of errors, which are not worth collecting
_FLOOR = "glibc-max-symbol-version:"
_MACOS_FLOOR = "MACOSX_DEPLOYMENT_TARGET"


@dataclass(frozen=True, kw_only=True)
class Link:
    """One library that objects must be linked with."""

    name: str
    path_static: str | None = None
    path_dynamic: str | None = None
    framework: bool = False
    system: bool = False


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One variant of an extension module."""

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
        """Return whether the interpreter itself contains the module."""
        return self.shared_lib is None


@dataclass(frozen=True, kw_only=True)
class Core:
    """What libpython is built from."""

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
    apple_sdk_canonical_name: str = ""
    apple_sdk_platform: str = ""
    apple_sdk_version: str = ""
    apple_sdk_deployment_target: str = ""
    build_info: BuildInfo

    @property
    def floor(self) -> str:
        """Return the oldest glibc or macOS that the distribution promises to run on; empty if it promises none."""
        glibc = next((item.removeprefix(_FLOOR) for item in self.crt_features if item.startswith(_FLOOR)), "")
        return glibc or self.python_config_vars.get(_MACOS_FLOOR, "")

    def extensions(self) -> Iterator[tuple[str, Extension]]:
        """Yield each variant of each extension module with a label for messages."""
        for name, variants in self.build_info.extensions.items():
            for variant in variants:
                yield (name if len(variants) == 1 else f"{name}[{variant.variant}]"), variant


def read_description(data: bytes) -> Description:
    """Parse the bytes of PYTHON.json. Raises `DescriptionError`."""
    document = parse_description(data)
    if isinstance(document, dict) and document.get("version") not in VERSIONS:
        known = ", ".join(VERSIONS)
        said = shortened(repr(document.get("version")))
        raise DescriptionError(f"$.version: unknown format version {said}", where=NAME, hint=f"known: {known}")
    _hold_against_schema(document)
    return cattrs.Converter(forbid_extra_keys=True).structure(document, Description)


def parse_description(data: bytes) -> Any:
    """Return the document in the bytes of PYTHON.json. Raises `DescriptionError`."""
    try:
        return strict_json.parse(data, limit=load_limits().document_bytes)
    except ValueError as error:
        raise DescriptionError(f"is not JSON: {shortened(str(error))}", where=NAME) from error


def _hold_against_schema(document: Any) -> None:
    validator = jsonschema.Draft202012Validator(load.schema(f"python-json-{VERSIONS[-1]}"))
    try:
        error = jsonschema.exceptions.best_match(islice(validator.iter_errors(document), _MOST_ERRORS))
    except RecursionError as failure:
        raise DescriptionError("is not JSON: nested too deeply", where=NAME) from failure
    if error is not None:
        raise DescriptionError(f"{printable(shortened(error.json_path))}: {shortened(error.message)}", where=NAME)


def shortened(message: str, limit: int = 200) -> str:
    """Return a message without its middle if it is too long, as when it quotes a whole document."""
    return message if len(message) <= limit else f"{message[: limit // 2]} ... {message[-limit // 2 :]}"
