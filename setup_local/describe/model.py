"""Model of PYTHON.json, version 8; the fields are exactly those of `schema/python-json-8.schema.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

VERSION = "8"


@dataclass(frozen=True, kw_only=True)
class Link:
    """One library that must be linked: a static one of the distribution, or one of the system."""

    name: str
    path_static: str | None = None
    path_dynamic: str | None = None
    framework: bool | None = None
    system: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Core:
    """What libpython consists of, without extension modules."""

    objs: tuple[str, ...]
    links: tuple[Link, ...]
    static_lib: str | None = None
    shared_lib: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExtensionVariant:
    """One variant of an extension module; the licences are those of the libraries that it links."""

    in_core: bool
    init_fn: str
    links: tuple[Link, ...]
    objs: tuple[str, ...]
    required: bool
    variant: str
    licenses: tuple[str, ...] | None = None
    license_paths: tuple[str, ...] | None = None
    license_public_domain: bool | None = None
    static_lib: str | None = None
    shared_lib: str | None = None


@dataclass(frozen=True, kw_only=True)
class BuildInfo:
    """What is needed to link another Python from the parts of this one."""

    core: Core
    extensions: dict[str, tuple[ExtensionVariant, ...]]
    inittab_object: str
    inittab_source: str
    inittab_cflags: tuple[str, ...]
    object_file_format: str


@dataclass(frozen=True, kw_only=True)
class PythonJson:
    """The whole document. Paths are relative to the directory of PYTHON.json."""

    version: str = VERSION
    target_triple: str
    build_options: str
    optimizations: str
    python_tag: str
    python_abi_tag: str | None = None
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
    licenses: tuple[str, ...] | None = None
    license_path: str | None = None
    tcl_library_path: str | None = None
    tcl_library_paths: tuple[str, ...] | None = None
    apple_sdk_canonical_name: str | None = None
    apple_sdk_platform: str | None = None
    apple_sdk_version: str | None = None
    apple_sdk_deployment_target: str | None = None
    build_info: BuildInfo

    def to_document(self) -> dict[str, Any]:
        """Return plain data; an absent value has no key."""
        document: dict[str, Any] = _plain(self)
        return document

    def to_json(self) -> str:
        """Return the text of PYTHON.json: sorted keys, the same bytes each time."""
        return json.dumps(self.to_document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        items = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _plain(item) for name, item in items if item is not None}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
