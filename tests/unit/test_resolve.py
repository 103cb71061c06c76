from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from sample_target import HOST, TARGET

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.cpython import (
    BuildPython,
    Companion,
    ConfigurePart,
    CPythonCatalog,
    Instrumenting,
    PatchPart,
    Training,
    TrainingCommand,
    Unshipped,
)
from setup_local.catalog.darwin import load_darwin
from setup_local.catalog.dsym import load_dsym
from setup_local.catalog.emulation import load_emulation
from setup_local.catalog.extensions import Decision, Extension, Part
from setup_local.catalog.features import FeatureCatalog
from setup_local.catalog.keys import load_keys
from setup_local.catalog.libraries import Library
from setup_local.catalog.licenses import LicenseCatalog
from setup_local.catalog.llvm_tools import LlvmTools, load_llvm_tools
from setup_local.catalog.lto_linker import load_lto_linker
from setup_local.catalog.musl import load_musl
from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.catalog.sources import Form, Source, Sources
from setup_local.catalog.sysconfig import load_settings
from setup_local.catalog.toolchains import load_sysroot, load_toolchain
from setup_local.catalog.universal import load_universal
from setup_local.catalog.variants import TlsChoice, VariantCatalog
from setup_local.catalog.when import Facts, When
from setup_local.catalog.windows import load_windows
from setup_local.catalog.windows_sdk import load_windows_sdk
from setup_local.catalog.xcode import load_xcode
from setup_local.errors import CatalogError, RequestError
from setup_local.plan.configure import plan_companion
from setup_local.plan.model import Plan
from setup_local.plan.resolve import planned as resolve
from setup_local.values import (
    BuildOption,
    BuildPhase,
    Counters,
    Libc,
    Linkage,
    LinkMode,
    OperatingSystem,
    Request,
    ToolchainChoice,
)


def source(name: str, version: str, *, verified: bool = True) -> Source:
    return Source(name=name, version=version, forms=(Form(file=name, sha256="0" * 64, size=1, verified=verified),))


def library(name: str, *needs: str, version: str = "1", when: str = "", extra: tuple[str, ...] = ()) -> Library:
    return Library(
        name=name,
        source=name,
        versions=f"=={version}",
        commands=(),
        produces=(f"lib/lib{name}.a",),
        licenses=("Zlib",),
        license_files=("LICENSE",),
        needs=needs,
        extra_sources=extra,
        when=When(python=when),
    )


def linked(name: str, *libraries: str, **changes: Any) -> Extension:
    archives = tuple(f"lib{item}.a" for item in libraries)
    return Extension(
        name=name, parts=(Part(sources=(f"{name}.c",), libraries=libraries, archives=archives),), **changes
    )


BUILD_PYTHON = BuildPython(libraries=("zlib",), args=("--without-ensurepip",), environment={})
UNSHIPPED = Unshipped(programs=("Programs/_testembed",), ldflags=("-fno-lto",))
INSTRUMENTING = Instrumenting(
    words={Counters.INTERMEDIATE: "generate", Counters.SOURCE: "instr-generate"},
    source_for=When(os=(OperatingSystem.WINDOWS,)),
)
TRAINING = Training(
    environment={"PYTHONHASHSEED": "0"}, command=(TrainingCommand(argv=("-m", "test", "--pgo"), may_fail=True),)
)


CONFIGURE = (
    ConfigurePart(
        args=("--build={build}", "--with-openssl={deps}"),
        environment={"CPATH": "{deps}/include"},
        cache={"ac_cv_have_libdb": "yes"},
        cflags=("-fPIC",),
        ldflags=("-Wl,--exclude-libs,{archives}",),
    ),
    ConfigurePart(args=("--with-system-ffi",), when=When(python="<3.12")),
)
PATCHES = (
    PatchPart(name="cpython-own-lock.toml"),
    PatchPart(name="cpython-getpath.toml", when=When(python="<3.12")),
)


def _tools() -> LlvmTools:
    tools = load_llvm_tools()
    return dataclasses.replace(tools, packages=dataclasses.replace(tools.packages, sources={"llvm-22": "1"}))


def catalogs(*extensions: Extension, libraries: tuple[Library, ...] = (), **changes: Any) -> Catalogs:
    pinned = [source("cpython", version) for version in ("3.13.5", "3.11.2", "3.13.15")]
    pinned += [source("cpython", "3.13.16", verified=False), source("cpython", "3.14.0", verified=False)]
    pinned += [source("ziglang", "1"), source("llvm-22", "1")]
    pinned += [source(item.name, item.versions.removeprefix("==")) for item in libraries]
    values: dict[str, Any] = {
        "sources": Sources(sources=tuple(pinned)),
        "libraries": libraries,
        "extensions": extensions,
        "targets": (TARGET,),
        "host": HOST,
        "emulation": load_emulation(),
        "cpython": CPythonCatalog(
            deps="../deps",
            configure=CONFIGURE,
            build_python=BUILD_PYTHON,
            instrumenting=INSTRUMENTING,
            training=TRAINING,
            unshipped=UNSHIPPED,
            patch=PATCHES,
        ),
        "toolchain": dataclasses.replace(load_toolchain(), sources={"ziglang": "1"}),
        "llvm_tools": _tools(),
        "lto_linker": load_lto_linker(),
        "musl": load_musl(),
        "darwin": load_darwin(),
        "dsym": load_dsym(),
        "universal": load_universal(),
        "windows": load_windows(),
        "windows_sdk": load_windows_sdk(),
        "xcode": load_xcode(),
        "sysroot": load_sysroot(),
        "variants": VariantCatalog(tls=(TlsChoice(name="openssl-3.5", title="OpenSSL 3.5"),)),
        "features": FeatureCatalog(features=()),
        "licenses": LicenseCatalog(whole=()),
        "sysconfig": load_settings(),
        "pip_patch": load_patch(PIP_LAUNCHERS),
        "keys": load_keys(),
    }
    return Catalogs(**{**values, **changes})


def ask(python: str = "cpython-3.13.5", **changes: Any) -> Request:
    values: dict[str, Any] = {"target_triple": TARGET.triple, "glibc": None, "toolchain": ToolchainChoice.AUTO}
    return Request(python=python, **{**values, **changes})


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("cpython-3.13", "3.13.15"),
        ("3.13", "3.13.15"),
        ("cpython-3.13.5", "3.13.5"),
        ("3.11.2", "3.11.2"),
        ("3.11", "3.11.2"),
        ("3.13.16", "3.13.16"),
        ("3.14", "3.14.0"),
    ],
)
def test_a_series_means_its_newest_checked_pin_and_a_version_itself(asked: str, version: str) -> None:
    plan = resolve(ask(asked), catalogs())
    assert str(plan.python) == version
    assert plan.python_source.identity == f"cpython-{version}"


@pytest.mark.parametrize(
    ("asked", "suggestion"),
    [
        ("cpython-3.31", "did you mean cpython-3.1"),
        ("3.13.4", "did you mean cpython-3.13.5"),
        ("pypy-3.11", "did you mean cpython-3.11"),
        ("", "known: cpython-3.14.0"),
        ("3", "known: "),
        ("3.13.5; rm", "did you mean cpython-3.13.5"),
    ],
)
def test_an_unknown_python_is_refused_with_a_suggestion(asked: str, suggestion: str) -> None:
    with pytest.raises(RequestError) as caught:
        resolve(ask(asked), catalogs())
    assert f"unknown Python {asked!r}" in str(caught.value)
    assert suggestion in str(caught.value)


def test_an_unknown_target_or_floor_is_refused() -> None:
    with pytest.raises(RequestError, match="did you mean x86_64-unknown-linux-gnu"):
        resolve(ask(target_triple="x86_64-linux-gnu"), catalogs())
    with pytest.raises(RequestError, match=r"glibc '2\.11' is not available .*2\.12, 2\.17"):
        resolve(ask(glibc="2.11"), catalogs())


def test_floor_and_toolchain_have_defaults() -> None:
    assert resolve(ask(), catalogs()).floor == "2.12"
    assert resolve(ask(glibc="2.17"), catalogs()).floor == "2.17"
    assert resolve(ask(), catalogs()).toolchain == "zig"
    assert resolve(ask(toolchain=ToolchainChoice.LLVM), catalogs()).toolchain == "llvm"


def test_libraries_come_in_build_order_and_once() -> None:
    libraries = (
        library("x11", "xcb"),
        library("xcb", "xau"),
        library("xau"),
        library("tk", "tcl", "x11"),
        library("tcl"),
    )
    plan = resolve(ask(), catalogs(linked("_tkinter", "tk", "tcl"), linked("_x", "x11"), libraries=libraries))
    assert [item.name for item in plan.libraries] == ["tcl", "xau", "xcb", "x11", "tk"]


def test_a_disabled_module_pulls_in_no_library() -> None:
    disabled = linked("_gdbm", "gdbm", decisions=(Decision(link=LinkMode.DISABLED, reason="GPL"),))
    plan = resolve(ask(), catalogs(disabled, libraries=(library("gdbm"),)))
    assert plan.libraries == ()
    assert (plan.extensions[0].link, plan.extensions[0].reason) == (LinkMode.DISABLED, "GPL")
    assert plan.configure.ldflags == ("-Wl,--exclude-libs,",)


def test_the_first_library_whose_condition_holds_is_taken() -> None:
    libraries = (library("ssl", version="1", when="<3.12"), library("ssl", version="3", when=">=3.12"))
    given = catalogs(linked("_ssl", "ssl"), libraries=libraries)
    assert resolve(ask("3.13.5"), given).libraries[0].source.identity == "ssl-3"
    assert resolve(ask("3.11.2"), given).libraries[0].source.identity == "ssl-1"


@pytest.mark.parametrize(
    ("libraries", "message"),
    [
        ((), "no library 'a' in the catalog"),
        ((library("a", "b"),), "no library 'b' in the catalog, which a needs"),
        ((library("a", "b"), library("b", "a")), "libraries depend on each other: a -> b -> a"),
        ((library("a", extra=("proto",)),), "no source matches proto"),
    ],
)
def test_a_broken_library_catalog_is_refused(libraries: tuple[Library, ...], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        resolve(ask(), catalogs(linked("_a", "a"), libraries=libraries))


def test_parts_and_decisions_follow_their_conditions() -> None:
    extension = Extension(
        name="_md5",
        parts=(
            Part(sources=("md5module.c",)),
            Part(sources=("_hacl/MD5.c",), defines=("_BSD_SOURCE",), when=When(python=">=3.12")),
        ),
        decisions=(Decision(link=LinkMode.SHARED, when=When(python="<3.12")), Decision(link=LinkMode.STATIC)),
        in_core=When(python=">=3.13"),
    )
    new = resolve(ask("3.13.5"), catalogs(extension)).extensions[0]
    old = resolve(ask("3.11.2"), catalogs(extension)).extensions[0]
    assert (new.sources, new.defines, new.link, new.in_core) == (
        ("md5module.c", "_hacl/MD5.c"),
        ("_BSD_SOURCE",),
        LinkMode.STATIC,
        True,
    )
    assert (old.sources, old.defines, old.link, old.in_core) == (("md5module.c",), (), LinkMode.SHARED, False)


def test_an_undecided_module_is_a_catalog_error() -> None:
    extension = linked("_a", decisions=(Decision(link=LinkMode.STATIC, when=When(python="<3")),))
    with pytest.raises(CatalogError, match="no rule defines how to link _a"):
        resolve(ask(), catalogs(extension))


def test_modules_of_other_targets_are_named_and_those_of_other_pythons_are_not() -> None:
    windows = Extension(name="winreg", when=When(targets=("*-windows-*",)), elsewhere="calls Windows")
    gone = Extension(name="_msi", when=When(python="<3.13", targets=("*-windows-*",)), elsewhere="calls Windows")
    plan = resolve(ask(), catalogs(windows, gone, Extension(name="audioop", when=When(python="<3.13"))))
    assert [(item.name, item.reason) for item in plan.absent] == [("winreg", "calls Windows")]
    assert plan.extensions == ()


def test_init_functions() -> None:
    plan = resolve(ask(), catalogs(Extension(name="marshal", init="PyMarshal_Init"), Extension(name="gc")))
    assert [item.init_function for item in plan.extensions] == ["PyMarshal_Init", "PyInit_gc"]


def test_configure_is_filled_in() -> None:
    libraries = (library("z"), library("bz2"))
    given = catalogs(linked("_bz2", "bz2"), linked("zlib", "z"), linked("binascii", "z"), libraries=libraries)
    configure = resolve(ask(), given).configure
    assert configure.args == ("--build=x86_64-unknown-linux-gnu", "--with-openssl=../deps")
    assert configure.variables == {
        "CPATH": "../deps/include",
        "ac_cv_have_libdb": "yes",
        "CFLAGS_NODIST": "-march=x86-64 -fPIC",
        "LDFLAGS_NODIST": "-Wl,--exclude-libs,libbz2.a:libz.a",
    }
    assert "--with-system-ffi" in resolve(ask("3.11.2"), given).configure.args


def test_what_a_module_exports_is_not_hidden() -> None:
    part = Part(
        libraries=("tk", "z"), archives=("libtk.a", "libz.a"), exports=("libtk.a",), ldflags=("-Wl,-Bsymbolic",)
    )
    extension = Extension(name="_tkinter", parts=(part,), decisions=(Decision(link=LinkMode.SHARED),))
    plan = resolve(ask(), catalogs(extension, libraries=(library("tk"), library("z"))))
    assert plan.configure.ldflags == ("-Wl,--exclude-libs,libz.a",)
    assert plan.extensions[0].ldflags == ("-Wl,-Bsymbolic",)


def test_a_companion_is_planned_where_the_interpreter_holds_libpython() -> None:
    given = catalogs()
    companion = Companion(
        goal="libpython{ldversion}.so", soname="libpython{ldversion}.so.1.0", ldflags=(), without=(BuildOption.STATIC,)
    )
    given = dataclasses.replace(given, cpython=dataclasses.replace(given.cpython, companion=(companion,)))
    planned = resolve(ask(options="debug"), given).configure.companion
    assert planned is not None
    assert (planned.goal, planned.soname) == ("libpython3.13d.so", "libpython3.13d.so.1.0")
    assert resolve(ask(libpython=Linkage.SHARED), given).configure.companion is None
    facts = Facts(
        python=Version("3.13.5"), triple=TARGET.triple, os=OperatingSystem.LINUX, arch="x86_64", libc=Libc.MUSL
    )
    assert plan_companion(given.cpython, dataclasses.replace(facts, options=frozenset({BuildOption.STATIC}))) is None
    assert plan_companion(given.cpython, dataclasses.replace(facts, phase=BuildPhase.INSTRUMENTED)) is None


def names(plan: Plan) -> tuple[str, ...]:
    return tuple(patch.name for patch in plan.python_patches)


def test_a_patch_of_cpython_is_planned_where_its_condition_holds() -> None:
    assert names(resolve(ask("3.13.5"), catalogs())) == ("cpython-own-lock.toml",)
    assert names(resolve(ask("3.11.2"), catalogs())) == ("cpython-own-lock.toml", "cpython-getpath.toml")


def test_a_profile_that_nothing_would_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="a profile needs the build option pgo"):
        resolve(ask(profile=tmp_path), catalogs())
    planned = resolve(ask(profile=tmp_path, options="pgo"), catalogs())
    assert planned.profiling is not None
    assert planned.profiling.given == tmp_path


def test_an_extra_source_has_the_version_of_the_library_that_is_built_from_it() -> None:
    libraries = (library("tcl", version="8.6.16"), library("tk", "tcl", extra=("tcl",)))
    pins = (
        source("cpython", "3.13.5"),
        source("ziglang", "1"),
        source("tcl", "8.6.18"),
        source("tcl", "8.6.16"),
        source("tk", "1"),
    )
    given = catalogs(linked("_tkinter", "tk"), libraries=libraries, sources=Sources(sources=pins))
    planned = resolve(ask(), given).libraries[-1]
    assert [item.identity for item in planned.extra_sources] == ["tcl-8.6.16"]
