"""A WSGI application that reports which Python serves it."""

from __future__ import annotations

import sqlite3
import ssl
import sys
from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = f"{sys.version.split()[0]} {ssl.HAS_TLSv1_3} {sqlite3.sqlite_version_info > (3,)}"
    return [told.encode() if environ["REQUEST_METHOD"] == "GET" else b"?"]
