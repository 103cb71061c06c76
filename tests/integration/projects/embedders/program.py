"""Uses the parts that an embedded interpreter must find: its standard library, and modules that are built in."""

import ctypes
import json
import sqlite3
import ssl
import sys

answer = sqlite3.connect(":memory:").execute("select 42").fetchone()[0]
print(json.dumps([answer, ssl.HAS_TLSv1_3, ctypes.sizeof(ctypes.c_void_p), list(sys.version_info[:2])]))
