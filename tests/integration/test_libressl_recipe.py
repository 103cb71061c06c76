"""LibreSSL's recipe, executed on a stand-in for a release's tree, and CPython's look-up of certificates.

The stand-in (`tests/data/libressl`) has the documented interface of LibreSSL and a few lines of code; it shows whether
paths, products, licences and flags of the recipe are right, but nothing about LibreSSL (see `test_libressl.py`).
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from installed import DATA, DIST

from setup_local.binfmt.ar import members
from setup_local.build.library import Machines, Places, build_library
from setup_local.catalog.libraries import RECIPES, Command, Library, load_libraries
from setup_local.catalog.patches import load_patches
from setup_local.catalog.sources import Source
from setup_local.catalog.targets import load_targets
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary

TARGETS = {target.triple: target for target in load_targets()}
SERIES = {library.when.tls: library for library in load_libraries() if library.name == "libressl"}
CERTIFICATES = DIST / "certificates"
STORE_PROGRAM = """
#include <default_store.h>
int main(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !setup_local_set_default_verify_paths(context))
        return 1;
    printf("%s %s %d\\n", setup_local_default_cert_file(), setup_local_default_cert_dir(),
           sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context))));
    return ERR_peek_error() != 0;
}
"""


def _program(name: str, *others: str) -> str:
    found = next(filter(None, map(shutil.which, (name, *others))), None)
    if found is None:
        pytest.fail(f"{name} is missing; scripts/install-test-requirements installs it")
    return found


def _run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    words = [str(word) for word in argv]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepError(f"{' '.join(words)}: {done.stderr}")


class Bench:
    """A source tree, copied again for each build, and the host's compiler."""

    def __init__(self, top: Path) -> None:
        self.top, self.builds = top, 0

    def build(self, library: Library, triple: str = "x86_64-unknown-linux-gnu") -> Path:
        self.builds += 1
        work = self.top / str(self.builds)
        tree = Path(shutil.copytree(DATA / "libressl", work / "source"))
        for name in ("deps", "out"):
            (work / name).mkdir()
        env = {
            "PATH": "/usr/bin:/bin",
            "CC": _program("clang", "gcc"),
            "AR": _program("ar"),
            "RANLIB": _program("ranlib"),
            "CFLAGS": "",
        }
        version = library.versions.removeprefix(">=").partition(",")[0]
        planned = PlannedLibrary(
            library=library,
            source=Source(name=library.source, version=version, forms=()),
            extra_sources=(),
            patches=load_patches(library.patches),
        )
        machines = Machines(target=TARGETS[triple], build=triple)
        places = Places(deps=work / "deps", work=work, out=work / "out")
        build_library(planned, {"libressl": tree}, machines, places, env=env, run=_run)
        return work / "out"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(params=SERIES.values(), ids=SERIES)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


def _files(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def test_the_two_libraries_and_their_headers_are_kept_and_nothing_else(bench: Bench, library: Library) -> None:
    assert _files(bench.build(library)) == {
        "lib/libcrypto.a",
        "lib/libssl.a",
        "include/openssl/opensslv.h",
        "include/openssl/ssl.h",
        "include/certificates.h",
        "include/default_store.h",
        "include/installation.h",
        "licenses/LICENSE.libressl.txt",
    }


def test_both_licences_are_kept(bench: Bench, library: Library) -> None:
    text = (bench.build(library) / "licenses" / "LICENSE.libressl.txt").read_text(encoding="ascii")
    assert "==== COPYING\n\nThe licence of what was inherited" in text
    assert "==== tls13_client.c\n" in text
    assert "The licence of what is new." in text
    assert "#include" not in text


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"])
def test_assembler_code_is_used_and_asks_for_no_executable_stack(bench: Bench, library: Library, triple: str) -> None:
    archive = bench.build(library, triple) / "lib" / "libcrypto.a"
    objects = {member.name: member.data for member in members(archive.read_bytes())}
    assert set(objects) == {"x509_def.o", "cpu.o"}
    assert all(b".note.GNU-stack" in data for data in objects.values())


def test_without_that_flag_it_would_ask_for_one(bench: Bench, library: Library) -> None:
    flags = tuple(flag for flag in library.cflags if flag != "-Wa,--noexecstack")
    out = bench.build(dataclasses.replace(library, cflags=flags))
    objects = {member.name: member.data for member in members((out / "lib" / "libcrypto.a").read_bytes())}
    assert b".note.GNU-stack" not in objects["cpu.o"]


def test_the_hosts_configuration_counts_and_no_directory_of_the_build_is_in_the_libraries(
    bench: Bench, library: Library
) -> None:
    content = (bench.build(library) / "lib" / "libcrypto.a").read_bytes()
    assert b"/etc/ssl/cert.pem" in content
    assert b"crypto/x509_def.c" in content
    assert str(bench.top).encode() not in content


def test_a_directory_of_the_build_in_the_library_is_refused(bench: Bench, library: Library) -> None:
    first, *others = library.commands
    words = tuple(word.replace("=/etc/ssl", "={stage}/etc/ssl") for word in first.argv)
    wrong = dataclasses.replace(library, commands=(Command(argv=words), *others))
    with pytest.raises(StepError, match=r"^libressl: lib/libcrypto\.a contains the build path"):
        bench.build(wrong)


def test_the_same_bytes_come_out_of_another_directory(bench: Bench, library: Library) -> None:
    one, two = bench.build(library), bench.build(library)
    assert _files(one) == _files(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in _files(one))


@pytest.fixture(scope="module")
def store_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a program that looks up certificates as CPython's module does; OpenSSL has the same functions."""
    if not Path("/usr/include/openssl/ssl.h").is_file():
        pytest.skip("the host has no headers of a TLS library (libssl-dev)")
    prefix = tmp_path_factory.mktemp("store")
    source = prefix / "store.c"
    source.write_text(STORE_PROGRAM, encoding="ascii")
    program = prefix / "bin" / "store"
    program.parent.mkdir()
    flags = ["-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", f"-I{RECIPES}", f"-I{RECIPES / 'libressl'}"]
    subprocess.run([_program("gcc", "clang"), *flags, source, "-o", program, "-lssl", "-lcrypto"], check=True)
    return program


def _trusted(program: Path, **variables: str) -> tuple[str, str, int]:
    done = subprocess.run([program], env=variables, capture_output=True, text=True, check=True)
    file, directory, count = done.stdout.split()
    return file, directory, int(count)


def test_the_users_variables_decide_whom_cpython_trusts(store_program: Path) -> None:
    file, directory, found = _trusted(store_program)
    own = _trusted(store_program, SSL_CERT_FILE=str(CERTIFICATES / "ca.pem"))
    assert own[2] == 1
    assert _trusted(store_program, SSL_CERT_FILE="/nowhere")[2] == 0
    if Path("/etc/ssl/certs/ca-certificates.crt").is_file():
        assert (file, directory) == ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs")
        assert found > 1


def test_a_program_with_other_rights_than_its_user_does_not_heed_the_variables(
    store_program: Path, tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("only root can give a program another user's rights")
    program = Path(shutil.copy2(store_program, tmp_path / "store"))
    os.chown(program, 1, 1)
    program.chmod(0o6755)
    tmp_path.chmod(0o755)
    asked = _trusted(program, SSL_CERT_FILE=str(CERTIFICATES / "ca.pem"))
    assert asked == _trusted(store_program)
