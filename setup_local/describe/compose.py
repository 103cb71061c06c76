"""Composes PYTHON.json from the plan, the staged tree and the interpreter's own answers."""

from __future__ import annotations

from typing import Any, assert_never

from setup_local.catalog.licenses import WHOLE_LICENSE
from setup_local.catalog.load import check
from setup_local.describe.extensions import describe_extensions, framework_link, static_link, system_link
from setup_local.describe.model import BuildInfo, Core, PythonJson
from setup_local.describe.probe import ROOT, Facts
from setup_local.errors import CatalogError, DescribeError
from setup_local.plan.model import Plan
from setup_local.stage.licenses import CPYTHON
from setup_local.stage.staged import RUN_TESTS, StagedTree
from setup_local.values import Libc, OperatingSystem

SCHEMA = "python-json-8"
INSTALL = "install"
_SDK = "macosx"
# CPython's own licence; the SPDX licence list has its two parts.
_PYTHON_LICENSES = ("Python-2.0", "CNRI-Python")


def describe(plan: Plan, staged: StagedTree, facts: Facts) -> PythonJson:
    """Return the description of a staged tree, checked against its schema.

    Raises `DescribeError` if plan and result disagree, or the result does not follow the schema.
    """
    _same_python(plan, staged, facts)
    return validated(_composed(plan, staged, facts))


def _composed(plan: Plan, staged: StagedTree, facts: Facts) -> PythonJson:
    tag = f"cp{plan.python.major}{plan.python.minor}"
    is_windows = plan.target.os is OperatingSystem.WINDOWS
    return PythonJson(
        target_triple=plan.target.triple,
        build_options=plan.options_text,
        optimizations=plan.optimizations_text,
        python_tag=tag,
        python_abi_tag=f"{tag}{facts.abiflags}",
        python_platform_tag=facts.platform_tag,
        python_implementation_name=facts.implementation_name,
        python_implementation_version=facts.implementation_version,
        python_implementation_hex_version=facts.implementation_hex_version,
        python_implementation_cache_tag=facts.implementation_cache_tag,
        python_version=facts.version,
        python_major_minor_version=f"{plan.python.major}.{plan.python.minor}",
        python_paths={name: _below(value) for name, value in facts.paths.items()},
        python_paths_abstract=facts.paths_abstract,
        python_config_vars=_config_vars(plan, facts) | _own_vars(plan),
        python_exe=staged.python_exe,
        python_stdlib_platform_config=_below(facts.stdlib_platform_config) if facts.stdlib_platform_config else None,
        python_stdlib_test_packages=facts.test_packages,
        python_suffixes=facts.suffixes,
        python_bytecode_magic_number=facts.bytecode_magic_number,
        python_symbol_visibility="dllexport" if is_windows else "global-default",
        python_extension_module_loading=("builtin",) if plan.is_static else ("builtin", "shared-library"),
        libpython_link_mode=plan.libpython.value,
        crt_features=_crt_features(plan),
        run_tests=RUN_TESTS,
        licenses=_PYTHON_LICENSES,
        license_path=staged.licenses[CPYTHON],
        tcl_library_path=f"{INSTALL}/{'tcl' if is_windows else 'lib'}" if staged.tcl_library_paths else None,
        tcl_library_paths=staged.tcl_library_paths or None,
        **_sdk(plan),
        build_info=_build_info(plan, staged, facts),
    )


def _same_python(plan: Plan, staged: StagedTree, facts: Facts) -> None:
    if facts.version != str(plan.python):
        raise DescribeError(
            f"the interpreter reports version {facts.version}, not {plan.python}", where=staged.python_exe
        )
    if facts.abiflags != plan.abi_flags:
        what = (
            f"the interpreter's ABI flags are {facts.abiflags!r}; those of {plan.options_text} are {plan.abi_flags!r}"
        )
        raise DescribeError(what, where=staged.python_exe)


def validated(description: PythonJson) -> PythonJson:
    """Return a description that follows its schema; raise `DescribeError` if it does not."""
    document: Any = description.to_document()
    try:
        check(document, SCHEMA, where="PYTHON.json")
    except CatalogError as error:
        raise DescribeError(error.what, where=error.where) from error
    return description


def _below(path: str) -> str:
    """Return a path of the installation as it is in the archive."""
    if not path.startswith(ROOT):
        raise DescribeError("is outside the installation", where=path)
    return f"{INSTALL}{path.removeprefix(ROOT)}"


def _config_vars(plan: Plan, facts: Facts) -> dict[str, str]:
    """Return sysconfig's variables with the prefix that CPython was configured with."""
    return {name: value.replace(ROOT, plan.sysconfig.prefix) for name, value in facts.config_vars.items()}


def _own_vars(plan: Plan) -> dict[str, str]:
    """Return variables that sysconfig does not have, and for which the format has no other place.

    They name the toolchain and, only if there are any, the modules that were left out and the licence under which all
    of it must be conveyed.
    """
    chosen = {
        "SETUP_LOCAL_LEFT_OUT": " ".join(plan.left_out),
        WHOLE_LICENSE: " AND ".join(item.license for item in plan.consequences),
    }
    compiled = {"SETUP_LOCAL_TOOLCHAIN": plan.toolchain, "SETUP_LOCAL_LLVM_VERSION": plan.llvm_version}
    return compiled | {name: value for name, value in chosen.items() if value}


def _sdk(plan: Plan) -> dict[str, str]:
    """Return the format's fields for Apple's SDK, which ours replaces: binaries record that version of the SDK."""
    if plan.target.os is not OperatingSystem.DARWIN:
        return {}
    version = plan.sdk.version if plan.sdk else plan.recipes.darwin.sdk_version
    return {
        "apple_sdk_canonical_name": f"{_SDK}{version}",
        "apple_sdk_platform": _SDK,
        "apple_sdk_version": version,
        "apple_sdk_deployment_target": plan.floor,
    }


def _crt_features(plan: Plan) -> tuple[str, ...]:
    if plan.is_static:
        return ("static",)
    match plan.target.libc:
        case Libc.GLIBC:
            return ("glibc-dynamic", f"glibc-max-symbol-version:{plan.floor}")
        case Libc.MUSL:
            return ("musl-dynamic",)
        case Libc.LIBSYSTEM:
            return ("libSystem",)
        case Libc.UCRT:
            return ()  # part of Windows 10; Microsoft's own runtime library is not linked
        case _:
            assert_never(plan.target.libc)


def _build_info(plan: Plan, staged: StagedTree, facts: Facts) -> BuildInfo:
    return BuildInfo(
        core=_core(plan, staged),
        extensions=describe_extensions(plan, staged, facts),
        inittab_object=f"build/{staged.inittab_object}",
        inittab_source=f"build/{staged.inittab_source}",
        inittab_cflags=staged.inittab_cflags,
        object_file_format=plan.target.os.binary_format.value,
    )


def _core(plan: Plan, staged: StagedTree) -> Core:
    """Describe libpython, including what the toolchain adds to everything it links."""
    planned = {item.name for item in plan.libraries}
    support = (archive for archive, name in staged.archives.items() if name not in planned)
    links = [*(static_link(archive) for archive in support), *map(system_link, staged.system_libraries)]
    links += map(framework_link, staged.frameworks)
    return Core(
        objs=tuple(f"build/{name}" for name in staged.objects.core),
        links=tuple(links),
        static_lib=staged.libpython or None,
        shared_lib=staged.shared_libpython,
    )
