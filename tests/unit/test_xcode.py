"""Finding Xcode through xcrun(1): its programs and SDK, and the errors if one is missing or unsuitable."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_mac import MACHINES, SDK, mac
from sample_target import RECIPES

from setup_local.binfmt.ar import raw_members
from setup_local.build import xcode, xcode_steps
from setup_local.build.toolchains import list_toolchains
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.xcode import load_xcode
from setup_local.errors import RequestError, ToolchainError
from setup_local.run import run
from setup_local.values import NATIVE, Request, ToolchainChoice

APPLE = "Apple clang version 17.0.0 (clang-1700.0.13.5)"
XCRUN = """#!/bin/sh
[ "$1 $2" = "--sdk macosx" ] || exit 1
case $3 in
--show-sdk-path) echo "{top}/MacOSX.sdk" ;;
--find) [ -e "{top}/bin/$4" ] && echo "{top}/bin/$4" || {{ echo "xcrun: error: unable to find utility $4" >&2; exit 72; }} ;;
esac
"""
CLANG = """#!/bin/sh
case $1 in
--version) echo "{version}"; exit ;;
-print-resource-dir) echo "{top}/resource"; exit ;;
esac
for word in "$@"; do case $word in --config=*) {reads} ;; esac; done
"""
READS = 'file=${word#--config=}; name=${file##*/}; name=${name%.cfg}; echo "#define $name ${file%/*}/$name"'


class Mac:
    """A directory with stand-ins for Xcode's programs, and an environment in which they are found."""

    def __init__(self, top: Path) -> None:
        self.top, self.catalog = top, load_xcode()
        self.environ = {"PATH": f"{top}/path"}
        for name in {*self.catalog.programs.values(), *self.catalog.dsym.values()}:
            self.write(f"bin/{name}", f"#!/bin/sh\necho {name}-1 >&2\n")
        self.compiler()
        self.write("path/xcrun", XCRUN.format(top=top))
        self.make("4.4.1")
        self.sdk()

    def write(self, name: str, text: str) -> None:
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text)
        (self.top / name).chmod(0o755)

    def compiler(self, version: str = APPLE, reads: str = READS) -> None:
        self.write("bin/clang", CLANG.format(version=version, top=self.top, reads=reads))
        self.write("resource/include/stddef.h", "")

    def make(self, version: str, name: str = "gmake") -> None:
        self.write(f"path/{name}", f'#!/bin/sh\necho "GNU Make {version}"\n')

    def sdk(self) -> None:
        for name in ("usr/include/stdio.h", "usr/lib/libSystem.tbd", "System/Library/Frameworks/none"):
            self.write(f"MacOSX15.5.sdk/{name}", "")
        settings = {"CanonicalName": "macosx15.5", "Version": "15.5"}
        self.write("MacOSX15.5.sdk/SDKSettings.json", json.dumps(settings))
        (self.top / "MacOSX.sdk").symlink_to("MacOSX15.5.sdk")

    def find(self) -> xcode.Xcode:
        return xcode.find_xcode(self.catalog, self.environ)


@pytest.fixture
def host(tmp_path: Path) -> Mac:
    return Mac(tmp_path)


def test_xcode_is_found_through_xcrun(host: Mac) -> None:
    found = host.find()
    assert found.version == "17.0.0"
    assert found.builds == ("1700.0.13.5", "ld-1")
    assert found.programs["ld64.lld"] == found.programs["ld"] == host.top / "bin" / "ld"
    assert found.dsym == {"dsymutil": host.top / "bin" / "dsymutil"}
    assert found.make == host.top / "path" / "gmake"
    assert found.headers == host.top / "resource" / "include"


def test_its_identity_depends_on_compiler_and_linker(host: Mac) -> None:
    before = host.find().identity
    host.compiler(APPLE.replace("1700.0.13.5", "1700.3.19.1"))
    assert host.find().identity != before
    host.compiler()
    assert host.find().identity == before
    host.write("bin/ld", "#!/bin/sh\necho ld-2\n")
    assert host.find().identity != before


def test_a_missing_xcrun_is_one_line(host: Mac) -> None:
    (host.top / "path/xcrun").unlink()
    with pytest.raises(ToolchainError, match="there is no xcrun, with which --toolchain xcode finds Xcode") as caught:
        host.find()
    assert "xcode-select --install" in caught.value.hint


@pytest.mark.parametrize("name", [*load_xcode().programs.values(), *load_xcode().dsym.values()])
def test_a_missing_program_is_named(name: str, host: Mac) -> None:
    (host.top / "bin" / name).unlink()
    with pytest.raises(
        ToolchainError, match=f"xcrun --find {name} failed: xcrun: error: unable to find utility {name}"
    ):
        host.find()


def test_a_program_that_xcrun_names_must_exist(host: Mac) -> None:
    host.write("path/xcrun", "#!/bin/sh\necho /nonexistent\n")
    with pytest.raises(ToolchainError, match="names a program that does not exist"):
        host.find()
    host.write("path/xcrun", "#!/bin/sh\n")
    with pytest.raises(ToolchainError, match="printed nothing"):
        host.find()


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("Apple clang version 14.0.3 (clang-1403.0.22.14.1)", r"Clang 14\.0\.3 is older than that of Xcode 15"),
        ("gcc 12", "is not a Clang that runs"),
    ],
)
def test_a_compiler_that_is_too_old_or_not_clang_is_refused(version: str, problem: str, host: Mac) -> None:
    host.compiler(version)
    with pytest.raises(ToolchainError, match=problem):
        host.find()


def test_a_compiler_that_reads_only_the_last_configuration_file_is_refused(host: Mac) -> None:
    host.compiler(reads=f"last=$word ;; esac; done; for word in $last; do case $word in *) {READS}")
    with pytest.raises(ToolchainError, match="does not read configuration files as LLVM's does"):
        host.find()


def test_a_compiler_without_headers_is_refused(host: Mac) -> None:
    (host.top / "resource/include/stddef.h").unlink()
    with pytest.raises(ToolchainError, match="lacks its own headers"):
        host.find()


def test_the_make_of_macos_is_too_old(host: Mac) -> None:
    (host.top / "path/gmake").unlink()
    host.make("3.81", "make")
    with pytest.raises(ToolchainError, match=r"GNU make 4\.2 or newer is needed: .*/make is 3\.81") as caught:
        host.find()
    assert "brew install make" in caught.value.hint
    host.make("4.3", "make")
    assert host.find().make == host.top / "path" / "make"


def test_a_request_on_a_mac_uses_xcode_and_its_sdk(host: Mac) -> None:
    for triple in (NATIVE, *MACHINES.values(), "universal2-apple-darwin"):
        request = xcode.completed(Request(python="3.13", target_triple=triple), mac().host, host.environ)
        assert request.toolchain is ToolchainChoice.XCODE
        assert request.sdk is not None
        assert (request.sdk.path, request.sdk.version) == (host.top / "MacOSX15.5.sdk", "15.5")


def test_an_own_sdk_is_used_instead(host: Mac) -> None:
    request = Request(python="3.13", target_triple=MACHINES["arm64"], sdk=SDK)
    assert xcode.completed(request, mac().host, host.environ).sdk == SDK
    assert xcode.host_xcode(xcode.completed(request, mac().host, host.environ), host.environ) == host.find()


@pytest.mark.parametrize("triple", [NATIVE, "x86_64-unknown-linux-gnu", "aarch64-apple-darwin"])
def test_on_linux_xcode_is_used_only_on_request(triple: str, host: Mac) -> None:
    request = Request(python="3.13", target_triple=triple)
    linux = load_catalogs().host
    assert xcode.completed(request, linux, host.environ).sdk is None
    assert xcode.host_xcode(xcode.completed(request, linux, host.environ), host.environ) is None
    asked = dataclasses.replace(request, toolchain=ToolchainChoice.XCODE)
    assert bool(xcode.completed(asked, linux, host.environ).sdk) == triple.endswith("darwin")


def test_an_incomplete_sdk_is_refused(host: Mac) -> None:
    (host.top / "MacOSX15.5.sdk/usr/include/stdio.h").unlink()
    with pytest.raises(RequestError, match=r"is incomplete: usr/include/stdio\.h is missing"):
        xcode.find_sdk(host.environ)


def test_it_is_listed_with_the_other_toolchains(host: Mac, tmp_path: Path) -> None:
    path = host.environ["PATH"]
    *_, listed = list_toolchains(tmp_path, path=path)
    assert (listed.toolchain, listed.version, listed.taken) == ("xcode", "17.0.0", True)
    assert listed.tools["ld"] == str(host.top / "bin/ld")
    (host.top / "bin/ld").unlink()
    *_, listed = list_toolchains(tmp_path, path=path)
    assert (listed.toolchain, listed.version, listed.taken) == ("xcode", "", False)
    assert "xcrun --find ld failed" in listed.reason
    (host.top / "path/xcrun").unlink()
    assert "xcode" not in {item.toolchain for item in list_toolchains(tmp_path, path=path)}


def test_a_toolchain_starts_xcodes_programs(host: Mac) -> None:
    programs = xcode_steps.programs(host.find())
    assert programs.compiler == f"env ZERO_AR_DATE=1 {host.top}/bin/clang"
    assert programs.tools["ld64.lld"] == f"env ZERO_AR_DATE=1 {host.top}/bin/ld"
    assert programs.tools["make"] == str(host.top / "path/gmake")
    assert programs.tools["dsymutil"] == "true"
    assert "clang" not in programs.tools


def _toolchain(host: Mac, out: Path) -> Path:
    """Create a toolchain with a compiler and an archiver that write empty files; return its directory."""

    def run_(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del env
        if argv[0] == "clang":
            (cwd / "os_version_check.o").write_bytes(b"")
        else:
            Path(argv[2]).write_bytes(b"!<arch>\n")

    (host.top / "rt/lib/builtins").mkdir(parents=True)
    (host.top / "rt/LICENSE.TXT").write_text("free\n")
    out.mkdir()
    target = next(item for item in load_catalogs().targets if item.triple == MACHINES["arm64"])
    xcode_steps.build_toolchain(RECIPES, host.find(), host.top / "rt", target, host.top / "sdk", out, run_)
    return out


def test_a_toolchain_has_clangs_headers_and_the_functions_that_the_system_lacks(host: Mac, tmp_path: Path) -> None:
    out = _toolchain(host, tmp_path / "out")
    (runtime,) = out.glob("lib/clang/*/lib/darwin/libclang_rt.osx.a")
    assert (runtime.parents[2] / "include/stddef.h").is_file()
    assert [line.partition("=")[0] for line in (out / "etc/clang.cfg").read_text().split()] == ["-resource-dir"]
    assert {"clang", "clang++", "ar", "llvm-ar", "ranlib", "ld64.lld", "make", "nm", "lipo"} <= {
        path.name for path in (out / "bin").iterdir()
    }
    assert not (out / ".objects").exists()


@pytest.mark.parametrize("name", ["ar", "llvm-ar"])
@pytest.mark.parametrize(("options", "passed"), [("rcsD", "rcs"), ("Drc", "rc"), ("rcs", "rcs"), ("t", "t")])
def test_the_archiver_is_called_without_options_that_apples_does_not_know(
    name: str, options: str, passed: str, host: Mac, tmp_path: Path
) -> None:
    host.write("bin/ar", '#!/bin/sh\necho "$ZERO_AR_DATE $@"\n')
    out = _toolchain(host, tmp_path / "out")
    printed = run([out / "bin" / name, options, "lib D.a", "D.o"], env={"PATH": "/usr/bin:/bin"}).stdout
    assert printed == f"1 {passed} lib D.a D.o\n"


def test_static_libraries_have_no_times_and_the_linked_ones_are_kept(tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "out").mkdir()
    header = b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"core.o/", 1748736000, 501, 20, b"100755", 2)
    (tmp_path / "linked/libpython3.13.a").write_bytes(b"!<arch>\n" + header + b"xy")
    (tmp_path / "out/libpython3.13.a").hardlink_to(tmp_path / "linked/libpython3.13.a")
    (tmp_path / "out/libpython3.a").symlink_to("libpython3.13.a")
    xcode_steps.normalize_archives(tmp_path / "out")
    (member,) = raw_members((tmp_path / "out/libpython3.13.a").read_bytes())
    assert (tmp_path / "out/libpython3.13.a").read_bytes()[
        member.at + 16 : member.at + 48
    ] == b"0           0     0     644     "
    assert b"1748736000" in (tmp_path / "linked/libpython3.13.a").read_bytes()
    assert (tmp_path / "out/libpython3.a").is_symlink()
