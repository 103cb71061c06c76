"""Certificates and time zones in root directories with the layout of various systems, or without either.

Each contains the host's C library, the installation, the scripts, and a test's own files. The installation is at a
different path than the one where it was unpacked; some tests replace the bundled certificates with those of the test
authority.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from bare_root import INSIDE, PYTHON, SCRIPTS, Root
from installed import DIST, Installation

from setup_local import paths

BUNDLE = f"{INSIDE}/share/certifi/cacert.pem"
AUTHORITY = DIST / "certificates" / "ca.pem"
STRANGER = DIST / "certificates" / "stranger.pem"
HASHED = "23c0ad52.0"  # the file name that OpenSSL looks for, derived from the authority's name
CIPHERS = """import ssl
names = [cipher["name"] for cipher in ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()]
print(*(name for name in names if name.startswith("TLS_")))
"""

SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]

# A system's files, and the one that must be found. Values are contents, or targets of links.
LAYOUTS = {
    "Debian, Ubuntu, Arch, Void": (
        {"/etc/ssl/certs/ca-certificates.crt": AUTHORITY},
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    "Fedora, RHEL 9": (
        {
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem": AUTHORITY,
            "/etc/pki/tls/cert.pem": "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        },
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ),
    "CentOS 6": (
        {
            "/etc/pki/tls/certs/ca-bundle.crt": AUTHORITY,
            "/etc/pki/tls/certs/localhost.crt": STRANGER,
            "/etc/pki/tls/cert.pem": "certs/ca-bundle.crt",
        },
        "/etc/pki/tls/certs/ca-bundle.crt",
    ),
    "SUSE": (
        {
            "/var/lib/ca-certificates/ca-bundle.pem": AUTHORITY,
            "/etc/ssl/ca-bundle.pem": "/var/lib/ca-certificates/ca-bundle.pem",
        },
        "/etc/ssl/ca-bundle.pem",
    ),
    "Alpine": (
        {"/etc/ssl/certs/ca-certificates.crt": AUTHORITY, "/etc/ssl/cert.pem": "certs/ca-certificates.crt"},
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    "NixOS": (
        {"/nix/store/x/ca-bundle.crt": AUTHORITY, "/etc/ssl/certs/ca-bundle.crt": "/nix/store/x/ca-bundle.crt"},
        "/etc/ssl/certs/ca-bundle.crt",
    ),
    "OpenBSD": ({"/etc/ssl/cert.pem": AUTHORITY}, "/etc/ssl/cert.pem"),
    "FreeBSD": ({"/usr/local/etc/ssl/cert.pem": AUTHORITY}, "/usr/local/etc/ssl/cert.pem"),
    "NetBSD": (
        {"/etc/openssl/certs/ca-certificates.crt": AUTHORITY},
        "/etc/openssl/certs/ca-certificates.crt",
    ),
    "SLES 11, hashed names alone": (
        {"/etc/ssl/certs/authority.pem": AUTHORITY, f"/etc/ssl/certs/{HASHED}": "authority.pem"},
        "-",
    ),
    "a bundle of its own beside a stray link": (
        {"/etc/ssl/certs/ca-certificates.crt": "/nowhere", "/etc/pki/tls/certs/ca-bundle.crt": AUTHORITY},
        "/etc/pki/tls/certs/ca-bundle.crt",
    ),
}


class TrustRoot(Root):
    """A root directory in which the script about certificates and time zones is run."""

    def trust(self, store: str, verdict: str, env: Mapping[str, str] | None = None, python: str = PYTHON) -> str:
        """Run the script."""
        return self.run(python, "-B", f"{SCRIPTS}/trust.py", store, verdict, env=env)


@pytest.fixture
def bare(tmp_path: Path, installation: Installation, scripts: Path) -> TrustRoot:
    """Return a root directory with a C library and nothing else."""
    installation.want("_ssl")
    return TrustRoot.make(tmp_path / "root", installation, scripts)


@pytest.fixture
def trusting(bare: TrustRoot) -> TrustRoot:
    """Return the bare root with the test authority as the installation's bundled certificates."""
    return bare.with_mounts({BUNDLE: AUTHORITY})


@pytest.mark.parametrize("system", LAYOUTS)
def test_the_store_of_each_system_is_found(system: str, bare: TrustRoot) -> None:
    files, store = LAYOUTS[system]
    bare.furnish(files).trust(store, "accept")


def test_without_a_store_the_bundled_one_is_used(trusting: TrustRoot, say: Callable[[str], None]) -> None:
    for line in trusting.trust(BUNDLE, "accept").splitlines():
        say(line)


def test_the_bundled_store_is_mozillas(bare: TrustRoot) -> None:
    bare.trust(BUNDLE, "refuse")
    code = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(bare.run(PYTHON, "-c", code)) > 100


def test_the_bundled_store_holds_nothing_but_authorities(installation: Installation) -> None:
    installation.want("_ssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(installation.prefix / "share" / "certifi" / "cacert.pem")
    stats = context.cert_store_stats()
    assert stats["x509_ca"] == stats["x509"] > 100
    version = (installation.prefix / "share" / "certifi" / "VERSION").read_text(encoding="ascii")
    assert version.count(".") == 2


def test_a_store_of_the_system_keeps_the_bundled_one_out(trusting: TrustRoot) -> None:
    trusting.furnish({"/etc/ssl/cert.pem": STRANGER}).trust("/etc/ssl/cert.pem", "refuse")


def test_a_directory_of_hashed_names_keeps_the_bundled_one_out(trusting: TrustRoot) -> None:
    trusting.furnish({"/etc/ssl/certs/0a1b2c3d.0": STRANGER}).trust("-", "refuse")


def test_the_bundled_store_can_be_switched_off(trusting: TrustRoot) -> None:
    trusting.trust("-", "refuse", {"SSL_NO_BUNDLED_CERTS": "1"})
    trusting.trust(BUNDLE, "accept", {"SSL_NO_BUNDLED_CERTS": ""})


def test_the_bundled_store_can_be_left_out(bare: TrustRoot, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    without = bare.with_mounts({f"{INSIDE}/share/certifi": tmp_path / "nothing"})
    without.trust("-", "refuse")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_variables_win(variable: str, bare: TrustRoot, trusting: TrustRoot) -> None:
    bare.furnish({"/given/authority.pem": AUTHORITY, f"/given/{HASHED}": "authority.pem"})
    bare.furnish({"/other/stranger.pem": STRANGER})
    name = "/authority.pem" if variable == "SSL_CERT_FILE" else ""
    found = "/given/authority.pem" if name else "-"
    bare.trust(found, "accept", {variable: f"/given{name}"})
    other = "/other/stranger.pem" if name else "/other"
    trusting.trust(other if name else "-", "refuse", {variable: other})
    trusting.furnish({"/etc/ssl/certs/ca-certificates.crt": AUTHORITY})
    trusting.trust(other if name else "-", "refuse", {variable: other})


@pytest.mark.parametrize("mode", ["empty", "unreadable"])
def test_a_store_that_holds_nothing_is_none(mode: str, trusting: TrustRoot) -> None:
    store = trusting.furnish({"/etc/ssl/cert.pem": STRANGER}).path / "etc/ssl/cert.pem"
    if mode == "empty":
        store.write_bytes(b"")
    else:
        store.chmod(0)
    trusting.trust(BUNDLE, "accept")


@pytest.mark.parametrize("kind", ["--symlinks", "--copies"])
def test_virtual_environments_find_the_same(kind: str, trusting: TrustRoot) -> None:
    trusting.run(PYTHON, "-m", "venv", "--without-pip", kind, "/tmp/own environment")
    trusting.trust(BUNDLE, "accept", python="/tmp/own environment/bin/python")


def _asked(root: Root) -> Any:
    """Return an installation's answers to the doctor."""
    root.furnish({"/ask.py": paths.DATA / "doctor" / "ask.py"})
    printed = root.run(PYTHON, "-I", "-B", "/ask.py", "Europe/Berlin", "dumb")
    return json.loads(printed)


def test_the_doctor_tells_what_is_bundled_and_its_date(bare: TrustRoot) -> None:
    answer = _asked(bare)
    version = bare.installation.prefix / "share" / "certifi" / "VERSION"
    assert answer["bundled_certificates"] == version.read_text(encoding="ascii").strip()
    assert answer["certificates"] > 100
    assert re.fullmatch(r"the bundled database, 20\d\d[a-z]", answer["zone"])
    bare.furnish({"/etc/ssl/cert.pem": AUTHORITY, "/usr/share/zoneinfo/Europe/Berlin": AUTHORITY})
    answer = _asked(bare)
    assert (answer["bundled_certificates"], answer["certificates"]) == ("", 1)
    assert answer["certificate_file"] == "/etc/ssl/cert.pem"
    assert "Invalid TZif" in answer["zone_error"]


def test_time_zones_of_the_system_come_first(bare: TrustRoot) -> None:
    tokyo = bare.installation.prefix / "share" / "zoneinfo" / "Asia" / "Tokyo"
    bare.furnish({"/usr/share/zoneinfo/Europe/Berlin": tokyo})
    code = "import datetime, zoneinfo; print(zoneinfo.ZoneInfo({!r}).utcoffset(datetime.datetime(2026, 7, 1)))"
    python = PYTHON
    assert bare.run(python, "-c", code.format("Europe/Berlin")).strip() == "9:00:00"
    assert bare.run(python, "-c", code.format("Europe/Paris")).strip() == "2:00:00"


# A policy with settings that the OpenSSL of some distributions supports but ours does not.
FOREIGN = """config_diagnostics = 1
openssl_conf = start
.include = /etc/crypto-policies/back-ends/opensslcnf.config
[start]
engines = engines
alg_section = properties
ssl_conf = protocols
[engines]
pkcs11 = pkcs11
[pkcs11]
dynamic_path = /usr/lib/engines/pkcs11.so
[properties]
rh-allow-sha1-signatures = no
[protocols]
system_default = policy
[policy]
Ciphersuites = TLS_CHACHA20_POLY1305_SHA256
"""


def test_the_policy_of_the_host_counts_and_what_is_foreign_in_it_does_not(bare: TrustRoot, tmp_path: Path) -> None:
    if bare.installation.tls.startswith("libressl"):
        pytest.skip("LibreSSL reads no settings of connections from a file")
    written = tmp_path / "openssl.cnf"
    written.write_text(FOREIGN, encoding="ascii")
    bare.furnish({"/etc/ssl/openssl.cnf": written})
    assert bare.run(PYTHON, "-c", CIPHERS).split() == ["TLS_CHACHA20_POLY1305_SHA256"]


def test_a_configuration_that_the_user_names_is_held_to_the_letter(bare: TrustRoot, tmp_path: Path) -> None:
    if bare.installation.tls != "openssl-3.5":
        pytest.skip("other libraries do not fail for their configuration: they stop reading at what they do not know")
    written = tmp_path / "openssl.cnf"
    written.write_text(FOREIGN, encoding="ascii")
    bare.furnish({"/own.cnf": written})
    done = bare.attempt(PYTHON, "-c", CIPHERS, env={"OPENSSL_CONF": "/own.cnf"})
    assert done.returncode != 0
    assert "SSLError" in done.stdout
    assert bare.run(PYTHON, "-c", CIPHERS).split() == SUITES


def test_a_damaged_configuration_of_the_host_is_passed_over(bare: TrustRoot, tmp_path: Path) -> None:
    written = tmp_path / "openssl.cnf"
    written.write_text("config_diagnostics = 1\n[[[ nothing", encoding="ascii")
    bare.furnish({"/etc/ssl/openssl.cnf": written})
    assert bare.run(PYTHON, "-c", CIPHERS).split() == SUITES
