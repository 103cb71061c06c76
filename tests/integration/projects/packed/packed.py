"""A program to be packed; it uses features that are hard to pack."""

import ctypes
import decimal
import os
import sqlite3
import ssl
import sys
import tkinter
import zoneinfo

print("frozen", getattr(sys, "frozen", False))
print("version", sys.version.split()[0])
print("prefix", sys.prefix)
print("database", sqlite3.connect(":memory:").execute("SELECT 6 * 7").fetchone()[0])
print("tls", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).minimum_version.name)
print("own process", ctypes.CDLL(None).getpid() == os.getpid())
print("third", decimal.Decimal(1) / 3)
print("zone", zoneinfo.ZoneInfo("Europe/Berlin").key)
print("tcl", tkinter.Tcl().eval("info library"))
