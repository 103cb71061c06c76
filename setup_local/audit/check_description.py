"""Rules about what PYTHON.json states about Python, the target and itself."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.archive_name import full_names, stem
from setup_local.audit.facts import Distribution
from setup_local.audit.layout import filled
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import named_floor, version
from setup_local.audit.safety import ROOT
from setup_local.catalog.abi import abi_flags_of
from setup_local.values import BinaryFormat, Libc, processor_level

Breaches = Iterator[tuple[str, str]]
_RELEASE = {"alpha": 0xA, "beta": 0xB, "candidate": 0xC, "final": 0xF}
_LETTER = {"alpha": "a", "beta": "b", "candidate": "rc"}


def _archive_name(dist: Distribution) -> Breaches:
    said = dist.description
    names = full_names(
        stem(said.python_implementation_name, said.python_version, said.target_triple, said.build_options)
    )
    if dist.archive not in names:
        yield dist.archive, f"the name does not match PYTHON.json, which means {names[0]}"


def _same(path: str, found: object, wanted: object) -> Breaches:
    if found != wanted:
        yield path, f"is {found!r}, but the rest of PYTHON.json implies {wanted!r}"


def _python(dist: Distribution) -> Breaches:
    """Derive everything from `python_implementation_version` (`sys.implementation.version`)."""
    said = dist.description
    major, minor, micro, level, serial = said.python_implementation_version
    suffix = "" if level == "final" else f"{_LETTER[level]}{serial}"
    numbers = [int(item) for item in (major, minor, micro)]
    hex_version = numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | _RELEASE[level] << 4 | int(serial)
    yield from _same("$.python_version", said.python_version, f"{major}.{minor}.{micro}{suffix}")
    yield from _same("$.python_major_minor_version", said.python_major_minor_version, f"{major}.{minor}")
    yield from _same("$.python_implementation_hex_version", said.python_implementation_hex_version, hex_version)
    if said.python_implementation_name == "cpython":
        tag = f"cp{major}{minor}"
        yield from _same("$.python_tag", said.python_tag, tag)
        yield from _same(
            "$.python_implementation_cache_tag", said.python_implementation_cache_tag, f"cpython-{major}{minor}"
        )
        yield from _same("$.python_abi_tag", said.python_abi_tag, f"{tag}{_abi_flags(dist)}")


def _abi_flags(dist: Distribution) -> str:
    return abi_flags_of(dist.description.build_options.split("+"))


def _abi(dist: Distribution) -> Breaches:
    """Check that the interpreter matches the build options, and that all names agree."""
    said, flags = dist.description, _abi_flags(dist)
    version, variables = said.python_major_minor_version, said.python_config_vars
    tree, names = dist.policy.tree, {"version": version, "flags": flags}
    if dist.program is not None:  # `python_exe` may be a link to it
        yield from _same("$.python_exe", dist.program.name.rpartition("/")[2], filled(tree.executable, **names))
    if tree.executable != filled(
        tree.executable, **names
    ):  # where names have the letters, `sysconfig` has them as well
        yield from _same("$.python_config_vars.ABIFLAGS", variables.get("ABIFLAGS"), flags)
    for name, flag in (("Py_DEBUG", "d"), ("Py_GIL_DISABLED", "t")):
        yield from _same(f"$.python_config_vars.{name}", variables.get(name) == "1", flag in flags)
    soabi = filled(tree.module_suffix, **names, cache_tag=said.python_implementation_cache_tag)
    if not variables.get("EXT_SUFFIX", "").startswith(soabi):
        yield "$.python_config_vars.EXT_SUFFIX", f"does not begin with {soabi}"


def _target(dist: Distribution) -> Breaches:
    said, policy = dist.description, dist.policy
    tag = policy.platform_tag.format(floor=said.floor)
    yield from _same("$.python_platform_tag", said.python_platform_tag, tag)
    if policy.newest_floor:
        yield from _floor(dist)
    elif said.floor:
        yield "$.crt_features", "states an oldest system for a target without one"
    if policy.libc is not Libc.GLIBC and "glibc-dynamic" in said.crt_features:
        yield "$.crt_features", "states glibc for a target without it"
    if missing := set(policy.crt_features).difference(said.crt_features):
        yield "$.crt_features", f"does not contain {', '.join(sorted(missing))}"
    if policy.libc is Libc.MUSL and len({"static", "musl-dynamic"}.intersection(said.crt_features)) != 1:
        yield "$.crt_features", "contains neither static nor musl-dynamic, or both"


def _floor(dist: Distribution) -> Breaches:
    """Check the oldest system, glibc or macOS, against the build options and the newest one that is allowed."""
    said, newest = dist.description, dist.policy.newest_floor
    where = "$.crt_features" if dist.policy.libc is Libc.GLIBC else "$.python_config_vars.MACOSX_DEPLOYMENT_TARGET"
    if not said.floor:
        yield where, "does not state an oldest system"
    elif version(said.floor) > version(newest):
        yield where, f"the oldest system {said.floor} is newer than {newest}"
    elif (named := named_floor(said.build_options.split("+"))) and said.floor != named:
        yield where, f"the oldest system is {said.floor}, the build options name {named}"


def _sdk(dist: Distribution) -> Breaches:
    """Check the stated Apple SDK, or its substitute, against the oldest system; other targets have none."""
    said = dist.description
    platform, floor = ("macosx", said.floor) if dist.policy.format is BinaryFormat.MACHO else ("", "")
    yield from _same("$.apple_sdk_platform", said.apple_sdk_platform, platform)
    yield from _same("$.apple_sdk_deployment_target", said.apple_sdk_deployment_target, floor)
    name = f"{said.apple_sdk_platform}{said.apple_sdk_version}"
    yield from _same("$.apple_sdk_canonical_name", said.apple_sdk_canonical_name, name)
    if version(said.apple_sdk_version) < version(floor):
        yield "$.apple_sdk_version", f"{said.apple_sdk_version or 'none'} is older than the oldest system {floor}"


def _crt(dist: Distribution) -> Breaches:
    """Check every linked file against the stated way of linking the C library."""
    said = dist.description
    static = "static" in said.crt_features
    if static != ("static" in said.build_options.split("+")):
        yield "$.crt_features", f"contradicts the build options {said.build_options!r} about static"
    for name, facts in dist.files.items():
        image = facts.image
        if image is None or not image.linked or facts.foreign:
            continue
        if static and (not image.standalone or image.loader):
            yield name, "is linked dynamically, or requires a loader, in a static distribution"
        if not static and image.standalone:
            yield name, "needs no loader: it is static, but crt_features does not contain static"
    loads = said.python_extension_module_loading
    if static and "shared-library" in loads:
        yield "$.python_extension_module_loading", "contains shared-library, which a static program cannot load"


def _options(dist: Distribution) -> Breaches:
    said = dist.description
    options = said.build_options.split("+")
    if not set(said.optimizations.split("+")) <= set(options):
        yield "$.optimizations", f"{said.optimizations!r} is not part of the build options {said.build_options!r}"


def _executable(dist: Distribution) -> Breaches:
    path, facts = dist.description.python_exe, dist.program
    if facts is None:
        return  # reported by `paths-exist` and `dead-links`
    if facts.image is None or not facts.image.linked:
        yield "$.python_exe", f"{path} is not a program of the target"
    modes = (member.mode for member in dist.members if member.name == ROOT + facts.name)
    if not all(mode & 0o111 for mode in modes):
        yield "$.python_exe", f"{path} is not executable"


def _level(dist: Distribution) -> Breaches:
    level, facts = processor_level(dist.description.target_triple), dist.program
    found = facts.elf.level if facts and facts.elf else level
    if found != level:
        named = f"requires the processor level {found}" if found else "requires no processor level"
        yield "$.target_triple", f"names {level or 'no processor level'}, but the interpreter {named}"


def _link_mode(dist: Distribution) -> Breaches:
    said = dist.description
    core = said.build_info.core
    facts = dist.program
    needed = facts.image.needed if facts and facts.image else ()
    shared = any(map(dist.policy.is_libpython, needed))
    mode = "shared" if shared else "static"
    yield from _same("$.libpython_link_mode", said.libpython_link_mode, mode)
    wanted = core.shared_lib if shared else core.static_lib
    if wanted is None:
        yield "$.build_info.core", f"has no {mode}_lib although libpython is linked {mode}"
    loads = "shared-library" in said.python_extension_module_loading
    if any(extension.shared_lib for _, extension in said.extensions()) and not loads:
        yield (
            "$.python_extension_module_loading",
            "does not contain shared-library, but there are shared extension modules",
        )


def _suffixes(dist: Distribution) -> Breaches:
    suffixes = dist.description.python_suffixes["extension"]
    for label, extension in dist.description.extensions():
        path = extension.shared_lib
        if path is not None and not any(path.rpartition("/")[2] == f"{_base(label)}{suffix}" for suffix in suffixes):
            yield label, f"{path} does not have a file name that Python can import ({', '.join(suffixes)})"


def _base(label: str) -> str:
    return label.partition("[")[0].rpartition(".")[2]


def _forms(dist: Distribution) -> Breaches:
    for label, extension in dist.description.extensions():
        if extension.in_core and extension.objs:
            yield label, "is in the core, but has its own objects"
        if not extension.in_core and not extension.objs and not extension.shared_lib:
            yield label, "is neither in the core, nor has objects, nor a shared library"
        for link in extension.links:
            if not (link.path_static or link.path_dynamic or link.framework or link.system):
                yield label, f"the link {link.name} is neither a file, nor a framework, nor a system library"


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("archive-name", "the file name matches PYTHON.json", _archive_name),
        ("python-version", "all versions and tags refer to the same Python", _python),
        ("abi", "the interpreter and its names have the ABI that the build options imply", _abi),
        ("target", "the platform tag and the C library are the target's", _target),
        ("apple-sdk", "an SDK is stated for macOS targets only, and is not older than the oldest system", _sdk),
        ("static", "all binaries are linked to the C library as stated", _crt),
        ("build-options", "optimizations are among the build options", _options),
        ("python-program", "python_exe is an executable program", _executable),
        ("processor-level", "the interpreter requires the target's processor level", _level),
        ("link-mode", "libpython and modules are linked as stated", _link_mode),
        ("module-suffixes", "shared modules have file names that Python can import", _suffixes),
        ("extension-forms", "each extension and each link states where its code is", _forms),
    )
)
