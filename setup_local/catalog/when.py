"""The one condition type that every conditional field of the catalog uses."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.version import Version

from setup_local.catalog.versions import admits
from setup_local.values import BuildOption, BuildPhase, Counters, Libc, Linkage, OperatingSystem


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What conditions are evaluated against: one Python version on one target, and how it is built.

    `arch` is the architecture's name, `cross` says that the build host has another one. `tls` is the TLS library
    (`openssl-3.5`), empty if none is chosen yet; `libpython`, `dependencies` and `extensions` say how the interpreter,
    the third-party libraries and the extension modules are linked; `features` are those that only `--with` enables.
    `counters` are those of a profile; no condition asks for them.
    """

    python: Version
    triple: str
    os: OperatingSystem
    arch: str
    libc: Libc
    cross: bool = False
    options: frozenset[BuildOption] = frozenset()
    phase: BuildPhase = BuildPhase.FINAL
    tls: str = ""
    libpython: Linkage = Linkage.STATIC
    dependencies: Linkage = Linkage.STATIC
    extensions: Linkage = Linkage.STATIC
    features: frozenset[str] = frozenset()
    counters: Counters = Counters.INTERMEDIATE


@dataclass(frozen=True, kw_only=True)
class When:
    """A condition; every given field must match, an empty one always does.

    `python` is a PEP 440 specifier set, `targets` are shell patterns of target triples, one of `os` and one of `arch`
    must be the target's, `options` are build options that must all be requested, `tls` is a shell pattern of TLS
    libraries (`libressl-*`). `features` must all be requested with `--with`, none of `no_features` may be.
    """

    python: str = ""
    targets: tuple[str, ...] = ()
    os: tuple[OperatingSystem, ...] = ()
    arch: tuple[str, ...] = ()
    cross: bool | None = None
    libc: Libc | None = None
    options: tuple[BuildOption, ...] = ()
    phase: BuildPhase | None = None
    tls: str = ""
    libpython: Linkage | None = None
    dependencies: Linkage | None = None
    extensions: Linkage | None = None
    features: tuple[str, ...] = ()
    no_features: tuple[str, ...] = ()

    def matches(self, facts: Facts) -> bool:
        """Return whether the condition matches these facts."""
        return (
            self.has_python(facts)
            and (not self.targets or any(fnmatchcase(facts.triple, pattern) for pattern in self.targets))
            and (not self.os or facts.os in self.os)
            and (not self.arch or facts.arch in self.arch)
            and self.cross in (None, facts.cross)
            and self.libc in (None, facts.libc)
            and facts.options.issuperset(self.options)
            and self.phase in (None, facts.phase)
            and (not self.tls or fnmatchcase(facts.tls, self.tls))
            and self.libpython in (None, facts.libpython)
            and self.dependencies in (None, facts.dependencies)
            and self.extensions in (None, facts.extensions)
            and facts.features.issuperset(self.features)
            and facts.features.isdisjoint(self.no_features)
        )

    def has_python(self, facts: Facts) -> bool:
        """Return whether the part of the condition about Python matches; `3.15.0a1` counts as `3.15.0`."""
        return not self.python or admits(self.python, facts.python.base_version)


ALWAYS = When()
