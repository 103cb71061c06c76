"""The environment for compiling other software for a distribution: the same compilers and C library, as variables."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from setup_local import paths
from setup_local.build.cxx import COMPILERS_VARIABLE, cxx_step
from setup_local.build.graph import toolkit_steps
from setup_local.build.isolation import choose_sandbox
from setup_local.build.step_parts import GraphInputs
from setup_local.build.toolchain import ZIG, compile_environment
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.cxx import load_cxx
from setup_local.catalog.targets import Target
from setup_local.errors import RequestError
from setup_local.pipeline import (
    Reporter,
    environment_root,
    fetcher_of,
    host_compiler,
    running_engine,
    with_bootstrapped,
)
from setup_local.plan.darwin import on_host
from setup_local.plan.resolve import resolve
from setup_local.values import BuildSettings, Libc, Request, ToolchainChoice

_LIBRARY = "lib/python3.*/_sysconfigdata_*.py"
_INSTALLATION = "install"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tools:
    """The tools for compiling other software: directories of compilers, C library and C++ library, and the target."""

    compilers: Path
    libc: Path
    cxx: Path
    target: Target
    floor: str


def make_tools(request: Request, settings: BuildSettings, reporter: Reporter) -> Tools:
    """Return the tools for a request's target, built if not in the store; raise what fetching and building raise."""
    catalogs = load_catalogs()
    request = with_bootstrapped(request, settings)
    if on_host(request, catalogs.host).toolchain is ToolchainChoice.XCODE:
        what = "compiles other software with the Clang of the ziglang wheel, not with Xcode's"
        raise RequestError(f"buildenv {what}", where=request.target_triple, hint="on a Mac, compile with cc")
    llvm = host_compiler(request, catalogs)
    plan = resolve(request, catalogs)
    sources = fetcher_of(settings, reporter).obtain_all([*plan.toolchain_sources, *plan.sysroot_sources])
    toolkit, steps = toolkit_steps(plan, GraphInputs(sources=sources, setup_local="", host_llvm=llvm))
    cxx = cxx_step(load_cxx(), toolkit, next(item for item in sources.values() if item.source.name == ZIG))
    root = environment_root(settings, reporter)
    visible = [request.llvm] if request.llvm else []
    sandbox = choose_sandbox(settings.sandbox, paths.cache_root(), visible, root)
    with running_engine(settings, sandbox, reporter) as engine:
        library, compilers, libc = (engine.execute([*steps, cxx], name) for name in (cxx.name, *toolkit.names))
    return Tools(compilers=compilers, libc=libc, cxx=library, target=plan.target, floor=plan.floor)


def build_environment(
    request: Request, settings: BuildSettings, reporter: Reporter, directory: Path | None = None
) -> dict[str, str]:
    """Return the variables for compiling software for a request's target; `PATH` has only what precedes the caller's.

    With `directory`, the target is that of the distribution there, and its programs come first. Raises `RequestError`
    for a directory without a distribution.
    """
    if directory is not None:
        target = target_of(directory, load_catalogs().targets)
        request = dataclasses.replace(request, target_triple=target.triple)
    tools = make_tools(request, settings, reporter)
    return variables(tools, [installation(directory) / "bin"] if directory else [])


def variables(tools: Tools, programs: Iterable[Path] = ()) -> dict[str, str]:
    """Return the variables for using tools; `programs` are directories that follow theirs in `PATH`."""
    found = compile_environment(tools.compilers, tools.libc, tools.target, tools.floor)
    flags = " ".join(tools.target.cflags)
    return {
        **found,
        **({"CFLAGS": flags, "CXXFLAGS": flags} if flags else {}),
        COMPILERS_VARIABLE: str(tools.compilers / "bin"),
        "LDSHARED": f"{found['CC']} -shared",
        "LDCXXSHARED": f"{found['CXX']} -shared",
        "PATH": ":".join(map(str, [tools.cxx / "bin", tools.compilers / "bin", *programs])),
    }


def installation(directory: Path) -> Path:
    """Return the installation in a directory: itself, or its `install`. Raises `RequestError` if there is none."""
    for place in (directory, directory / _INSTALLATION):
        if any(place.glob(_LIBRARY)):
            return place.absolute()
    raise RequestError(
        "is not a distribution: there is no lib/python3.*", where=directory, hint="name the unpacked distribution"
    )


def target_of(directory: Path, targets: Iterable[Target]) -> Target:
    """Return the target of the distribution in a directory from its sysconfig data's name; raise `RequestError`."""
    (data,) = sorted(installation(directory).glob(_LIBRARY))[:1]
    for target in targets:
        if not target.level and data.stem.endswith(f"_{_multiarch(target)}"):
            return target
    raise RequestError(f"is for an unsupported system: {data.stem}", where=directory)


def _multiarch(target: Target) -> str:
    """Return CPython's name of a target (PEP 3149's platform tag of extension modules)."""
    match target.libc:
        case Libc.GLIBC:
            return target.glibc.triple
        case Libc.MUSL:
            return target.musl.triple
        case _:
            return "darwin"


def as_shell(found: Mapping[str, str]) -> str:
    """Return the variables as lines for `eval` in a POSIX shell."""
    lines = []
    for name, value in found.items():
        after = ':"$PATH"' if name == "PATH" else ""
        lines.append(f"export {name}={shlex.quote(value)}{after}")
    return "\n".join(lines)
