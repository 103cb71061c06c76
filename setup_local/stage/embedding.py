"""Provides build systems with the flags to embed this Python: `python3-config`, and files for pkg-config.

`python3-embed` is for a shared libpython, the only form that every build system can link. The static one needs the
static libraries of its built-in modules, which are next to the installation in a full archive: `python3-embed-static`,
and `python3-config --embed --static`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from setup_local.catalog.sysconfig import Embedding
from setup_local.render import render
from setup_local.stage import files
from setup_local.stage.installation import Installation
from setup_local.stage.sysconfigdata import Variables

_LIBRARIES = re.compile(r"(?m)^Libs:(.*)$")
_PRIVATE = re.compile(r"(?m)^Libs\.private:.*$")


def write_pkg_config(
    installation: Installation, flags: Embedding, archives: Sequence[str], system: Sequence[str], *, shared: bool
) -> None:
    """Write the files for embedding; without a shared libpython, only the static form remains.

    `archives` are the static libraries that libpython needs, in link order, `system` flags for parts of the C library.
    """
    packages = installation.packages
    path = packages / f"python-{installation.version}{installation.abi_flags}-embed.pc"
    static = path.with_stem(f"{path.stem}-static")
    text = files.read(path)
    config = installation.config.relative_to(installation.root).as_posix()
    libpython = flags.library_flags(f"${{prefix}}/{config}", installation.libpython.name)
    words = (*flags.export_flags(archives), *libpython, *_archive_flags(archives), *system)
    files.write(static, _PRIVATE.sub("Libs.private:", _LIBRARIES.sub(f"Libs: {' '.join(words)}", text)))
    (packages / "python3-embed-static.pc").symlink_to(static.name)
    if shared:
        # A program can find a shared libpython only through its own run path.
        with_run_path = _LIBRARIES.sub(rf"Libs:\1 {' '.join(flags.shared)}", text)
        files.write(path, _PRIVATE.sub(f"Libs.private: {' '.join(system)}", with_run_path))
    else:
        # If ABI flags are in its name, there is also a link without them.
        for name in (path.name, f"python-{installation.version}-embed.pc", "python3-embed.pc"):
            (packages / name).unlink(missing_ok=True)


def write_python_config(
    installation: Installation, flags: Embedding, values: Variables, archives: Sequence[str], system: Sequence[str]
) -> None:
    """Write `python3.x-config`, and remove the Python version of it, which would need the configured prefix."""
    text = render(
        "python-config.sh.j2",
        {
            "ldversion": str(values["LDVERSION"]),
            "abiflags": str(values["ABIFLAGS"]),
            "extension_suffix": str(values["EXT_SUFFIX"]),
            "config_directory": installation.config.relative_to(installation.root).as_posix(),
            "system_libraries": " ".join(system),
            "archives": " ".join(archives),
            "shared": int(bool(values.get("Py_ENABLE_SHARED"))),
            "export_flags": " ".join(flags.export_flags(archives)),
            "cflags": " ".join(str(values[name]) for name in ("BASECFLAGS", "OPT")),
            "link_flags": str(values["LINKFORSHARED"]),
        },
    )
    files.write(installation.root / "bin" / f"{installation.interpreter}-config", text, executable=True)
    (installation.config / "python-config.py").unlink(missing_ok=True)


def _archive_flags(archives: Sequence[str]) -> tuple[str, ...]:
    """Return the flags for static libraries, which are next to the installation."""
    names = (archive.removeprefix("lib").removesuffix(".a") for archive in archives)
    return ("-L${prefix}/../build/lib", *(f"-l{name}" for name in names))
