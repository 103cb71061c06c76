"""Every catalog file has a schema and a model with the same fields; both require the same and refuse all others."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from setup_local import paths
from setup_local.audit import description, layout, policy, sources_record
from setup_local.catalog import (
    architectures,
    bootstrap_chain,
    cpython,
    cxx,
    darwin,
    dsym,
    emulation,
    environments,
    extensions,
    features,
    flavors,
    hosts,
    keys,
    libraries,
    licenses,
    limits,
    llvm_tools,
    lto_linker,
    musl,
    patches,
    sources,
    sysconfig,
    targets,
    toolchains,
    universal,
    variants,
    windows,
    windows_sdk,
    xcode,
)
from setup_local.catalog.load import schema
from setup_local.catalog.when import When
from setup_local.doctor import tables

# Schema, path in the schema, and the model of the values there.
AGREE: list[tuple[str, str, Any]] = [
    ("architecture", "", architectures.Architecture),
    ("architecture", "properties/glibc", architectures.GlibcPort),
    ("architecture", "properties/musl", architectures.MuslPort),
    ("architecture", "properties/darwin", architectures.DarwinPort),
    ("bootstrap-chain", "", bootstrap_chain.BootstrapChain),
    ("bootstrap-chain", "$defs/stage", bootstrap_chain.Stage),
    ("check", "", tables.CheckTables),
    ("cpython", "", cpython.CPythonCatalog),
    ("cpython", "$defs/part", cpython.ConfigurePart),
    ("cpython", "$defs/patch", cpython.PatchPart),
    ("cpython", "$defs/training", cpython.Training),
    ("cpython", "$defs/trainingCommand", cpython.TrainingCommand),
    ("cpython", "$defs/separateObjects", cpython.SeparateObjects),
    ("cpython", "$defs/unshipped", cpython.Unshipped),
    ("cpython", "$defs/when", When),
    ("darwin", "", darwin.DarwinCatalog),
    ("dsym", "", dsym.DsymRecipe),
    ("dsym", "$defs/bundles", dsym.Bundles),
    ("darwin", "$defs/linker", darwin.Linker),
    ("darwin", "$defs/runtime", darwin.DarwinRuntime),
    ("darwin", "$defs/sdk", darwin.Sdk),
    ("darwin", "$defs/framework", darwin.Framework),
    ("cxx", "", cxx.CxxCatalog),
    ("cxx", "$defs/part", cxx.Part),
    ("doctor", "", tables.HostTables),
    ("doctor", "properties/cpu-levels/items", tables.CpuLevel),
    ("doctor", "properties/certificates/items", tables.CertificatePlace),
    ("emulation", "", emulation.Emulation),
    ("environment", "", environments.Environment),
    ("environment", "$defs/package", environments.Package),
    ("extensions", "$defs/extension", extensions.Extension),
    ("extensions", "$defs/part", extensions.Part),
    ("extensions", "$defs/decision", extensions.Decision),
    ("extensions", "$defs/when", When),
    ("features", "", features.FeatureCatalog),
    ("features", "$defs/feature", features.Feature),
    ("features", "$defs/kept", features.Kept),
    ("flavors", "", flavors.FlavorCatalog),
    ("flavors", "properties/part/items", flavors.Part),
    ("flavors", "properties/flavor/items", flavors.Flavor),
    ("host", "", hosts.HostFile),
    ("keys", "", keys.Keys),
    ("keys", "$defs/key", keys.Key),
    ("keys", "$defs/reason", keys.Reason),
    ("layout", "", layout.Layout),
    ("libraries", "$defs/library", libraries.Library),
    ("libraries", "$defs/command", libraries.Command),
    ("libraries", "$defs/when", When),
    ("licenses", "", licenses.LicenseCatalog),
    ("limits", "", limits.Limits),
    ("licenses", "$defs/whole", licenses.WholeLicense),
    ("llvm-tools", "", llvm_tools.LlvmTools),
    ("llvm-tools", "$defs/layout", llvm_tools.LayoutTools),
    ("llvm-tools", "$defs/packages", llvm_tools.ToolPackages),
    ("llvm-tools", "$defs/stub", llvm_tools.ToolStub),
    ("llvm-tools", "$defs/source", llvm_tools.ToolSource),
    ("lto-linker", "", lto_linker.LtoLinker),
    ("lto-linker", "$defs/packages", llvm_tools.ToolPackages),
    ("lto-linker", "$defs/stub", llvm_tools.ToolStub),
    ("lto-linker", "$defs/when", When),
    ("musl", "", musl.MuslCatalog),
    ("musl", "properties/unwind-tables", musl.UnwindTables),
    ("musl", "$defs/newer", musl.Newer),
    ("patch", "", patches.PatchText),
    ("patch", "$defs/edit", patches.Edit),
    ("policy", "", policy.Policy),
    ("policy", "properties/elf", policy.ElfPolicy),
    ("policy", "properties/pe", policy.PePolicy),
    ("policy", "properties/mach-o", policy.MachoPolicy),
    ("policy", "properties/needed/items", policy.AllowedLibrary),
    ("policy", "$defs/exceptions/items", policy.AllowedNames),
    ("python-json-8", "", description.Description),
    ("python-json-8", "properties/build_info", description.BuildInfo),
    ("python-json-8", "properties/build_info/properties/core", description.Core),
    ("python-json-8", "$defs/extension", description.Extension),
    ("python-json-8", "$defs/link", description.Link),
    ("sources", "", sources.Sources),
    ("sources", "$defs/source", sources.Source),
    ("sources", "$defs/form", sources.Form),
    ("sources", "$defs/apt", sources.AptPlace),
    ("sources", "$defs/pypi", sources.PypiPlace),
    ("sources-record-1", "", sources_record.SourcesRecord),
    ("sources-record-1", "$defs/source", sources_record.Source),
    ("sources-record-1", "$defs/patch", sources_record.Patch),
    ("sources-record-1", "$defs/signature", sources_record.Signature),
    ("sources-record-1", "$defs/use", sources_record.Use),
    ("sources", "$defs/signature", sources.Signature),
    ("sources", "$defs/sigstore", sources.Sigstore),
    ("sysconfig", "", sysconfig.Settings),
    ("sysconfig", "properties/clear", sysconfig.Clear),
    ("sysconfig", "$defs/embedding", sysconfig.Embedding),
    ("sysconfig", "properties/bytecode", sysconfig.Bytecode),
    ("sysconfig", "properties/changed/items", sysconfig.Changed),
    ("sysconfig", "$defs/inittab", sysconfig.Inittab),
    ("sysroot", "", toolchains.SysrootCatalog),
    ("sysroot", "$defs/edit", toolchains.Edit),
    ("sysroot", "$defs/header", toolchains.Header),
    ("sysroot", "$defs/library", toolchains.SystemLibrary),
    ("sysroot", "$defs/polyfill", toolchains.Polyfill),
    ("sysroot", "$defs/polyfill-flags", toolchains.PolyfillFlags),
    ("sysroot", "$defs/stub", toolchains.StubLibrary),
    ("target", "", targets.TargetFile),
    ("toolchain", "", toolchains.ToolchainCatalog),
    ("toolchain", "$defs/builtins", toolchains.Builtins),
    ("xcode", "", xcode.XcodeCatalog),
    ("toolchain", "$defs/llvm", toolchains.LlvmSearch),
    ("toolchain", "$defs/profile", toolchains.ProfileRuntime),
    ("universal", "", universal.Universal),
    ("variants", "", variants.VariantCatalog),
    ("variants", "$defs/tls", variants.TlsChoice),
    ("variants", "$defs/impossible", variants.Impossible),
    ("variants", "$defs/when", When),
    ("windows", "", windows.WindowsCatalog),
    ("windows", "$defs/library", windows.WindowsLibrary),
    ("windows", "$defs/made", windows.Made),
    ("windows", "$defs/module", windows.WindowsModule),
    ("windows", "$defs/patch", cpython.PatchPart),
    ("windows", "$defs/port", windows.WindowsPort),
    ("windows", "$defs/program", windows.WindowsProgram),
    ("windows", "$defs/start", windows.StartFile),
    ("windows", "$defs/when", When),
    ("windows", "properties/code", windows.Code),
    ("windows", "properties/compiler", windows.Compiler),
    ("windows", "properties/imports", windows.Imports),
    ("windows", "properties/projects", windows.Projects),
    ("windows", "properties/runtime", windows.Runtime),
    ("windows", "properties/table", windows.Table),
    ("windows-sdk", "", windows_sdk.WindowsSdkCatalog),
    ("windows-sdk", "properties/compiler", windows.Compiler),
    ("windows-sdk", "properties/imports", windows.Imports),
]
# Fields that no file has: code sets them.
CODE_ONLY = {
    (sources.Source, "trust"),
    (sources.Sources, "missing"),
    (patches.Patch, "name"),
    (patches.Patch, "sha256"),
}
# The file has one table name for each array of tables; the model uses the plural.
SINGULAR = {"commands": "command", "edits": "edit", "features": "feature", "stages": "stage"}


def _node(name: str, place: str) -> Any:
    node: Any = schema(name)
    for key in filter(None, place.split("/")):
        node = node[key]
    return node


@pytest.mark.parametrize(("name", "place", "model"), AGREE)
def test_schema_and_model_have_the_same_fields(name: str, place: str, model: Any) -> None:
    node = _node(name, place)
    fields = {}
    for field in dataclasses.fields(model):
        if (model, field.name) in CODE_ONLY:
            continue
        known = [word for word in (SINGULAR.get(field.name), field.name, field.name.replace("_", "-")) if word]
        fields[next((word for word in known if word in node["properties"]), known[-1])] = field
    assert set(node["properties"]) == set(fields)
    missing = dataclasses.MISSING
    demanded = {word for word, item in fields.items() if item.default is missing and item.default_factory is missing}
    assert set(node.get("required", [])) == demanded
    assert node["additionalProperties"] is False


def test_every_schema_is_held_against_a_model() -> None:
    # Schemas of archives and requests, and of files that are written but not read: other tests cover them.
    elsewhere = {"index-1", "matrix", "python-json-7"}
    names = {path.name.removesuffix(".schema.json") for path in paths.SCHEMA.glob("*.schema.json")}
    assert names - elsewhere == {name for name, _, _ in AGREE}
