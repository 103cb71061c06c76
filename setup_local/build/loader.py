"""Sets the loader of musl programs: the sysroot's during the build, the target's in what is shipped.

Whatever the C library of the build host, its kernel starts a program with the loader that the program names. During
the build of CPython this is the sysroot's, under a name of fixed length, so that the path of the sysroot does not
affect the layout of a program. At the end the name is replaced and the build id recomputed.
"""

from __future__ import annotations

from pathlib import Path

from setup_local.binfmt.formats import read_image, rewriter
from setup_local.build.toolchain import SYSROOT_VARIABLE
from setup_local.catalog.targets import Target
from setup_local.errors import StepError, ToolchainError
from setup_local.plan.model import Plan
from setup_local.render import render
from setup_local.values import Libc

_WIDTH = 512  # the kernel accepts names of up to 4096 characters (PATH_MAX)


def build_loader(plan: Plan, sysroot: Path) -> Path | None:
    """Return the loader that runs a plan's programs on the build host; None if they need none."""
    if plan.target.libc is not Libc.MUSL or plan.is_static:
        return None
    return sysroot / "lib" / plan.target.musl.loader


def target_loader(target: Target) -> str:
    """Return the path of the loader on the systems that musl programs run on."""
    return f"/lib/{target.musl.loader}"


def building(loader: Path, target: Target, sysroot: Path, place: Path) -> dict[str, str]:
    """Return the environment in which Clang links programs for this loader; `place` is a new directory for settings."""
    values: dict[str, object] = {"target": target.musl.triple, "sysroot": sysroot, "loader": padded(loader)}
    place.mkdir()
    (place / "clang.cfg").write_text(render("sysroot-musl.cfg.j2", values), encoding="utf-8")
    return {SYSROOT_VARIABLE: str(place)}


def padded(loader: Path) -> str:
    """Return the path of a loader with as many leading slashes as it needs for a fixed length."""
    if len(str(loader)) > _WIDTH:
        raise ToolchainError("the path of the loader is too long", where=loader, hint="use another SETUP_LOCAL_CACHE")
    return str(loader).rjust(_WIDTH, "/")


def set_interpreter(directory: Path, loader: Path, wanted: str) -> None:
    """Make all programs in a directory name the loader `wanted`; raise `StepError` if none named `loader`."""
    asking = [path for path in sorted(directory.iterdir()) if path.is_file() and not path.is_symlink()]
    found = [path for path in asking if _asks_for(path.read_bytes(), padded(loader))]
    if not found:
        raise StepError(f"no program uses the loader {loader}", where=directory)
    for path in found:
        path.write_bytes(with_loader(path.read_bytes(), wanted))


def _asks_for(data: bytes, loader: str) -> bool:
    image = read_image(data)
    return image is not None and image.loader == loader


def with_loader(data: bytes, loader: str) -> bytes:
    """Return a program that names another loader, with a shorter path, and has a new build id."""
    file = rewriter(data)
    if file is None:
        raise ValueError("no linked file")
    return file.set_loader(loader)
