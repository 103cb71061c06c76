"""Environments: their data files, the choice of packages, and the resulting root file systems."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
from tiny_packages import PACKAGES, Tiny, environment, package_bytes, write_mirror

from setup_local import paths
from setup_local.build.bootstrapped import register
from setup_local.build.environment import DOCKERFILE, environment_step, read_root
from setup_local.build.steps import Job
from setup_local.catalog.environments import Environment, Package, environment_names, load_environment
from setup_local.errors import CatalogError, RequestError, SourceError, ToolchainError
from setup_local.fetch import Fetcher, Obtained
from setup_local.fetch.debian_packages import choose, read_index
from setup_local.fetch.environment_index import snapshot_index
from setup_local.fetch.rootfs import RootWriter, make_root, tree_digest, write_tar
from setup_local.pins.environment_pins import with_packages
from setup_local.pipeline import requested_environment, with_bootstrapped
from setup_local.values import BuildSettings, Request, SandboxChoice, ToolchainChoice

GOLDEN = paths.PACKAGE.parent / "tests" / "golden"
PROVIDED = {"debconf": ""}


def resolved(mirror: Path, **changes: object) -> Environment:
    wanted = environment(provided=PROVIDED, **changes)
    return dataclasses.replace(wanted, packages=choose(wanted, read_index(write_mirror(PACKAGES, mirror))))


def obtained(found: Environment, mirror: Path) -> tuple[Obtained, ...]:
    fetcher = Fetcher(mirror / "cache", mirrors=(str(mirror),), offline=True, report=lambda _: None, environ={})
    return tuple(fetcher.obtain_all(found.sources).values())


@pytest.mark.parametrize("name", environment_names())
def test_every_environment_can_be_read(name: str) -> None:
    found = load_environment(name)
    assert found.suite == name
    assert found.snapshot in found.archive_url
    assert set(found.leave_out) <= {path for path in found.leave_out if path.startswith("usr/share/")}


@pytest.mark.parametrize("name", ["bullseye", "trixie"])
def test_environments_that_can_be_made_are_pinned_to_the_last_package(name: str) -> None:
    found = load_environment(name)
    assert not found.unresolved
    assert len({package.sha256 for package in found.packages.values()}) == len(found.packages)
    assert found.packages["libc6"].version.startswith(found.libc_version)
    assert {program for program in found.programs if program not in found.packages} == set()
    for program, version in found.programs.items():
        assert found.packages[program].version.rpartition(":")[2].startswith(version)
    sources = found.sources
    assert [source.name for source in sources] == sorted(found.packages)
    assert all(source.forms[0].urls[0].startswith("https://snapshot.debian.org/") for source in sources)


@pytest.mark.parametrize("name", ["jessie", "wheezy"])
def test_an_environment_without_hashes_says_how_to_get_them(name: str) -> None:
    with pytest.raises(RequestError, match=rf"no pinned hash, among them .*environments resolve {name}"):
        _ = load_environment(name).sources


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"unknown environment lenny .*wheezy"):
        load_environment("lenny")


def test_a_file_that_describes_another_environment_is_refused(tmp_path: Path) -> None:
    text = (paths.DATA / "environments" / "wheezy.toml").read_text(encoding="utf-8")
    (tmp_path / "lenny.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="describes wheezy, but the file is named lenny"):
        load_environment("lenny", tmp_path)


def test_a_package_with_half_a_pin_is_refused(tmp_path: Path) -> None:
    text = (paths.DATA / "environments" / "jessie.toml").read_text(encoding="utf-8")
    (tmp_path / "jessie.toml").write_text(f'{text}dash = {{ version = "1", size = 3 }}\n', encoding="utf-8")
    with pytest.raises(CatalogError, match="'file' is a dependency of 'size'"):
        load_environment("jessie", tmp_path)


def test_packages_are_chosen_with_all_that_they_need_and_the_newest_version(tmp_path: Path) -> None:
    packages = resolved(tmp_path).packages
    assert list(packages) == ["cpp", "dash", "gcc", "gcc-4.7", "libc6"]
    assert packages["libc6"].version == "2.13-38+deb7u10"


def test_a_name_that_nothing_has_is_an_error(tmp_path: Path) -> None:
    index = read_index(write_mirror(PACKAGES, tmp_path))
    with pytest.raises(SourceError, match=r"debconf: no package of this name \(select its provider"):
        choose(environment(), index)
    assert "vim" in choose(environment(provided={"debconf": "vim"}), index)


def test_the_snapshot_that_cannot_be_reached_is_named_with_the_way_out() -> None:
    with pytest.raises(
        SourceError, match=r"snapshot.invalid/20180601T000000Z: the snapshot cannot be reached: .*--from apt"
    ):
        snapshot_index(environment(), {})


def test_pins_are_written_without_touching_the_rest(tmp_path: Path) -> None:
    text = (paths.DATA / "environments" / "jessie.toml").read_text(encoding="utf-8")
    package = Package(version="1:2", file="pool/main/d/dash/dash_2_amd64.deb", size=3, sha256="0" * 64)
    fresh = with_packages(text, {"g++": package, "dash": package}, where="jessie")
    assert fresh.startswith(text[: text.index("[packages]")])
    (tmp_path / "jessie.toml").write_text(fresh, encoding="utf-8")
    assert load_environment("jessie", tmp_path).packages == {"dash": package, "g++": package}
    assert with_packages(fresh, {"g++": package, "dash": package}, where="jessie") == fresh
    with pytest.raises(CatalogError, match="has no table"):
        with_packages("name = 1\n", {}, where="jessie")


def test_a_root_holds_what_packages_data_and_links_say(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    make_root(found, obtained(found, tmp_path), tmp_path / "root")
    root = tmp_path / "root"
    assert (root / "bin").is_symlink()
    assert (root / "usr/bin/sh").resolve() == root / "usr/bin/dash"
    assert os.access(root / "usr/bin/gcc-4.7", os.X_OK)
    assert os.readlink(root / "usr/bin/cc") == "gcc"
    assert (root / "lib/libc.so.6").read_text() == "library"
    assert (root / "etc/passwd").read_text().startswith("root:")
    assert not (root / "usr/share/doc").exists()


def test_absolute_links_stay_inside(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    make_root(found, obtained(found, tmp_path), tmp_path / "root")
    assert os.readlink(tmp_path / "root/usr/lib/cpp") == "../bin/cpp"
    assert (tmp_path / "root/lib/cpp").read_text() == "preprocessor"


def test_two_makings_give_the_same_bytes(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    packages = obtained(found, tmp_path)
    tars = []
    for name, order in (("one", packages), ("two", tuple(reversed(packages)))):
        make_root(found, order, tmp_path / name)
        os.utime(tmp_path / name / "usr/bin/dash", (1, 1))
        sink = io.BytesIO()
        write_tar(tmp_path / name, sink)
        tars.append(sink.getvalue())
        assert tree_digest(tmp_path / name) == hashlib.sha256(sink.getvalue()).hexdigest()
    assert tars[0] == tars[1]
    (tmp_path / "two/usr/bin/dash").chmod(0o644)
    assert tree_digest(tmp_path / "two") != tree_digest(tmp_path / "one")


def test_the_archive_of_a_root_can_be_unpacked(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    make_root(found, obtained(found, tmp_path), tmp_path / "root")
    sink = io.BytesIO()
    write_tar(tmp_path / "root", sink)
    sink.seek(0)
    with tarfile.open(fileobj=sink) as archive:
        assert {item.uid for item in archive} == {0}
        archive.extractall(tmp_path / "again", filter="tar")
    assert tree_digest(tmp_path / "again") == tree_digest(tmp_path / "root")


def test_a_package_with_other_bytes_is_refused(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    file = tmp_path / "cpp_4.7.2-1_amd64.deb"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(SourceError, match=r"(?s)cpp-4:4.7.2-1: .*has the wrong bytes"):
        obtained(found, tmp_path)


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(b"!<arch>\n")
    source = dataclasses.replace(obtained(resolved(tmp_path), tmp_path)[0], path=tmp_path / "a.deb")
    with pytest.raises(SourceError, match="not a Debian package"):
        make_root(environment(), [source], tmp_path / "root")


def test_no_package_writes_outside(tmp_path: Path) -> None:
    evil = Tiny(name="evil", version="1", files={"usr/out": "-> ../../../..", "usr/out/a": "x", "b": "-> /../../etc"})
    (tmp_path / "evil.deb").write_bytes(package_bytes(evil))
    source = dataclasses.replace(obtained(resolved(tmp_path), tmp_path)[0], path=tmp_path / "evil.deb")
    make_root(environment(), [source], tmp_path / "deep" / "root")
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"root"}
    assert (tmp_path / "deep" / "root" / "a").read_text() == "x"
    assert os.readlink(tmp_path / "deep" / "root" / "b") == "etc"


def test_a_package_with_a_path_outside_is_refused(tmp_path: Path) -> None:
    evil = Tiny(name="evil", version="1", files={"usr/../../a": "x"})
    (tmp_path / "evil.deb").write_bytes(package_bytes(evil))
    source = dataclasses.replace(obtained(resolved(tmp_path), tmp_path)[0], path=tmp_path / "evil.deb")
    with pytest.raises(SourceError, match="leads outside the archive"):
        make_root(environment(), [source], tmp_path / "root")


def test_links_that_do_not_fit_are_the_environments_mistake(tmp_path: Path) -> None:
    found = resolved(tmp_path, links={"usr/bin": "elsewhere"})
    with pytest.raises(SourceError, match="tiny: its links and files conflict with its packages"):
        make_root(found, obtained(found, tmp_path), tmp_path / "root")


def test_the_step_leaves_a_root_with_its_hash_and_a_dockerfile(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    step = environment_step(found, obtained(found, tmp_path))
    (tmp_path / "out").mkdir()
    step.action(Job(out=tmp_path / "out", work=tmp_path, inputs={}, env={}, run=lambda *_, **__: None))
    root = read_root("tiny", tmp_path / "out")
    assert root.sha256 == tree_digest(root.directory)
    text = (tmp_path / "out" / DOCKERFILE).read_text(encoding="utf-8")
    assert text == (GOLDEN / "base.Dockerfile").read_text(encoding="utf-8").replace("SHA256", root.sha256)


def test_absolute_links_to_the_top_are_relative(tmp_path: Path) -> None:
    RootWriter(tmp_path / "root").symlink(Path("usr/x"), "/")  # type: ignore[arg-type]
    assert os.readlink(tmp_path / "root/usr/x") == ".."


def settings(sandbox: SandboxChoice, environment: str) -> BuildSettings:
    return BuildSettings(
        output=Path("dist"),
        jobs=1,
        sandbox=sandbox,
        mirrors=(),
        offline=True,
        keep_build=False,
        locked=False,
        environment=environment,
    )


def test_an_environment_is_wanted_only_where_steps_can_run_in_it() -> None:
    assert requested_environment(settings(SandboxChoice.AUTO, "")) is None
    found = requested_environment(settings(SandboxChoice.DOCKER, "bullseye"))
    assert found is not None
    assert found.name == "bullseye"
    with pytest.raises(RequestError, match="--environment needs a sandbox"):
        requested_environment(settings(SandboxChoice.NONE, "bullseye"))
    with pytest.raises(RequestError, match=r"--sandbox docker needs an environment \(name one"):
        requested_environment(settings(SandboxChoice.DOCKER, ""))
    with pytest.raises(RequestError, match=r"environment wheezy: .* no pinned hash"):
        requested_environment(settings(SandboxChoice.AUTO, "wheezy"))


def test_the_bootstrapped_toolchain_is_an_llvm_in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path))
    request = Request(python="3.13", toolchain=ToolchainChoice.BOOTSTRAP)
    with pytest.raises(ToolchainError, match="there is no bootstrapped toolchain bullseye"):
        with_bootstrapped(request, settings(SandboxChoice.AUTO, "bullseye"))
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "toolchain.json").write_text("{}")
    register(tmp_path, "bullseye", tmp_path / "made")
    found = with_bootstrapped(request, settings(SandboxChoice.AUTO, "bullseye"))
    assert (found.toolchain, found.llvm) == (ToolchainChoice.BOOTSTRAP, tmp_path / "made")
    plain = Request(python="3.13")
    assert with_bootstrapped(plain, settings(SandboxChoice.AUTO, "")) is plain
