"""Whom `ssl` trusts and where `zoneinfo` searches, in a root directory that the caller has prepared.

    trust.py STORE accept|refuse

STORE is the certificate file that must be found (`-` for none); the verdict is for a server whose certificate is signed
by the test authority.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.metadata
import os
import ssl
import sys
import sysconfig
import tempfile
import threading
import zoneinfo
from pathlib import Path

import harness
import tls

STORE, VERDICT = sys.argv[1:3]
SUMMER = dt.datetime(2026, 7, 1)


def _context_with(method: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    getattr(context, method)()
    return context


def test_the_store_is_found() -> None:
    places = ssl.get_default_verify_paths()
    harness.say(f"     {places.cafile}, {places.capath}")
    harness.equal(places.cafile or "-", STORE)


def test_every_thread_finds_the_same_store() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(ssl.get_default_verify_paths())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    harness.equal(found, [ssl.get_default_verify_paths()] * 16)


def test_all_ways_to_trust_by_default_agree() -> None:
    contexts = [ssl.create_default_context(), *map(_context_with, ("load_default_certs", "set_default_verify_paths"))]
    for context in contexts:
        if VERDICT == "accept":
            harness.equal(tls.talk(context), ("TLSv1.3", b"HELLO"))
        else:
            with harness.raises(ssl.SSLCertVerificationError, "CERTIFICATE_VERIFY_FAILED"):
                tls.talk(context)


def test_wrong_host_name_is_refused() -> None:
    text = "Hostname mismatch" if VERDICT == "accept" else "CERTIFICATE_VERIFY_FAILED"
    with harness.raises(ssl.SSLCertVerificationError, text):
        tls.talk(ssl.create_default_context(), name="elsewhere.example")


def test_time_zones() -> None:
    harness.equal(zoneinfo.ZoneInfo("Europe/Berlin").utcoffset(SUMMER), dt.timedelta(hours=2))
    harness.equal(zoneinfo.ZoneInfo("US/Eastern").tzname(SUMMER), "EDT")
    harness.holds(len(zoneinfo.available_timezones()) > 400)
    harness.holds("Europe/Berlin" in zoneinfo.available_timezones())
    for key in ("Europe/Nowhere", "Europe", "zone1970.tab/x"):
        with harness.raises(zoneinfo.ZoneInfoNotFoundError, key):
            zoneinfo.ZoneInfo(key)
    with harness.raises(ValueError, "subdirectories of TZPATH"):
        zoneinfo.ZoneInfo("../zoneinfo/Europe/Berlin")


def test_the_search_path_names_the_system_only() -> None:
    harness.equal(list(zoneinfo.TZPATH), sysconfig.get_config_var("TZPATH").split(":"))
    harness.holds(not any(path.startswith(sys.base_prefix) for path in zoneinfo.TZPATH))


def test_the_package_of_the_user_comes_before_the_bundled_database() -> None:
    bundled = Path(sys.base_prefix, "share", "zoneinfo")
    with tempfile.TemporaryDirectory() as scratch:
        europe = Path(scratch, "tzdata", "zoneinfo", "Europe")
        europe.mkdir(parents=True)
        for directory in (europe, europe.parent, europe.parent.parent):
            (directory / "__init__.py").touch()
        (europe / "Berlin").write_bytes((bundled / "Asia" / "Tokyo").read_bytes())
        code = "import datetime, zoneinfo; print(zoneinfo.ZoneInfo({!r}).utcoffset(datetime.datetime(2026, 7, 1)))"
        env = {"PYTHONPATH": scratch, "PYTHONTZPATH": ""}
        harness.equal(harness.python("-c", code.format("Europe/Berlin"), env=env).strip(), "9:00:00")
        harness.equal(harness.python("-c", code.format("Europe/Paris"), env=env).strip(), "2:00:00")


def test_who_forbids_the_package_has_no_bundled_database() -> None:
    code = "import sys; sys.modules['tzdata'] = None; import zoneinfo; print(zoneinfo.available_timezones())"
    harness.equal(harness.python("-c", code, env={"PYTHONTZPATH": ""}).strip(), "set()")


def test_nothing_is_installed_for_pip_to_manage() -> None:
    names = {str(item.metadata["Name"]).lower() for item in importlib.metadata.distributions()}
    harness.equal(names & {"tzdata", "certifi"}, set())
    with harness.raises(ModuleNotFoundError):
        importlib.import_module("tzdata")


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    harness.main()
