"""Arithmetic, the C library's mathematics, encodings, locales, Unicode, time and time zones."""

from __future__ import annotations

import cmath
import codecs
import datetime as dt
import decimal
import encodings
import importlib
import locale
import math
import os
import pkgutil
import sys
import time
import unicodedata
import zoneinfo
from fractions import Fraction

import harness

TINY = 1e-308


def test_decimal_in_c_is_used() -> None:
    native = importlib.import_module("_decimal")
    harness.holds(decimal.Decimal is native.Decimal)
    harness.say(f"     libmpdec {native.__libmpdec_version__}")


def test_decimal_with_many_digits() -> None:
    harness.want("_decimal")
    with decimal.localcontext(decimal.Context(prec=2000)):
        root = decimal.Decimal(2).sqrt()
        harness.holds(abs(root * root - 2) < decimal.Decimal(10) ** -1998)
        one = decimal.Decimal(7).ln().exp()
        harness.holds(abs(one - 7) < decimal.Decimal(10) ** -1990)
    with decimal.localcontext(decimal.Context(prec=100_000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)):
        big = decimal.Decimal(10) ** 50_000 + 1  # big enough for the number-theoretic transform
        harness.equal(str(big * (big - 2)), "9" * 100_000)


def test_decimal_traps() -> None:
    with harness.raises(decimal.DivisionByZero):
        decimal.Decimal(1) / 0
    harness.equal(str(decimal.Decimal("0.1") + decimal.Decimal("0.2")), "0.3")


def test_mathematics_is_exact_where_the_c_library_is() -> None:
    """A wrong `log2` or `fma` shows that a compiler's runtime library has replaced the C library's."""
    harness.equal(math.log2(TINY), -1023.1538532253076)
    harness.equal(math.log2(sys.float_info.min), -1022.0)
    harness.equal(math.log2(5e-324), -1074.0)
    harness.equal(math.exp(1.0), math.e)
    harness.equal(math.exp(-745.0), 5e-324)
    harness.equal(math.sin(1e22), -0.8522008497671888)
    harness.equal(math.cos(1e22), 0.523214785395139)
    harness.equal(math.log10(1e-5), -5.0)
    harness.equal(math.fmod(1e300, 7.0), float(int(1e300) % 7))
    harness.equal(math.erf(0.5), 0.5204998778130465)
    harness.equal(math.nextafter(1.0, 2.0), 1.0 + sys.float_info.epsilon)
    harness.equal(cmath.exp(1j * math.pi).real, -1.0)
    if sys.version_info >= (3, 13):
        harness.equal(math.fma(0.1, 10.0, -1.0), float(Fraction(0.1) * 10 - 1))


def test_numbers_are_written_and_read_exactly() -> None:
    for number in (0.1, 1e23, 5e-324, TINY, 1.7976931348623157e308, 2.0**-1074 * 3):
        harness.equal(float(repr(number)), number)
    harness.equal(repr(0.1 + 0.2), "0.30000000000000004")
    harness.equal(float.fromhex("0x1.8p-1074"), 1e-323)


def test_every_encoding_decodes_and_encodes() -> None:
    harness.want("_multibytecodec")
    unusual = {"mbcs", "oem", "undefined", "idna", "punycode", "aliases"}
    names = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - unusual
    harness.holds(len(names) > 110)
    for name in sorted(names):
        codec = codecs.lookup(name)
        if codec._is_text_encoding:  # type: ignore[attr-defined]
            harness.equal((name, "Abc 19".encode(name).decode(name)), (name, "Abc 19"))


def test_east_asian_encodings() -> None:
    harness.want("_multibytecodec")
    for name, text, data in (
        ("shift_jis", "日本語", "93fa967b8cea"),
        ("euc_kr", "한국어", "c7d1b1b9beee"),
        ("gb18030", "中文€", "d6d0cec4a2e3"),
        ("big5", "中文", "a4a4a4e5"),
        ("iso2022_jp", "日", "1b2442467c1b2842"),
    ):
        harness.equal((name, text.encode(name).hex()), (name, data))
        harness.equal(bytes.fromhex(data).decode(name), text)


def test_unicode_database() -> None:
    harness.equal(unicodedata.name("ü"), "LATIN SMALL LETTER U WITH DIAERESIS")
    harness.equal(unicodedata.normalize("NFD", "é"), "e\u0301")
    harness.equal("\N{SNOWMAN}", "☃")


def test_locale_of_the_environment() -> None:
    harness.want_locale()
    harness.equal(sys.getfilesystemencoding(), "utf-8")
    harness.equal(locale.setlocale(locale.LC_ALL, "").split(";")[0], "C.UTF-8")  # musl names each category
    harness.equal(locale.nl_langinfo(locale.CODESET), "UTF-8")
    harness.equal(locale.localeconv()["decimal_point"], ".")
    code = "import sys; print(sys.flags.utf8_mode, sys.stdout.encoding.lower(), sys.getfilesystemencoding())"
    for name in ("C", "POSIX", "no_such_locale"):
        answer = harness.python("-c", code, env={"LANG": name, "LC_ALL": name}).split()
        harness.equal((name, answer[1:]), (name, ["utf-8", "utf-8"]))


def test_file_names_outside_ascii() -> None:
    name = f"{os.getpid()} größe 中文"
    with open(name, "x", encoding="utf-8") as stream:
        stream.write("x")
    harness.holds(name in os.listdir("."))
    harness.holds(name.encode() in os.listdir(b"."))
    os.unlink(name)


def test_time_zones_of_the_system() -> None:
    summer = dt.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    harness.equal((summer.utcoffset(), summer.tzname()), (dt.timedelta(hours=2), "CEST"))
    harness.holds(len(zoneinfo.available_timezones()) > 400)
    harness.holds(importlib.import_module("_zoneinfo").ZoneInfo is zoneinfo.ZoneInfo)
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    harness.equal(time.localtime(0).tm_hour, 19)
    del os.environ["TZ"]
    time.tzset()


def test_clocks() -> None:
    for clock in ("monotonic", "perf_counter", "process_time", "thread_time", "time"):
        information = time.get_clock_info(clock)
        harness.equal((clock, information.resolution <= 1e-6), (clock, True))
    harness.holds(abs(time.time_ns() - time.clock_gettime_ns(time.CLOCK_REALTIME)) < 10**9)


if __name__ == "__main__":
    harness.main()
