"""A host and a tree without faults, and the doctor's verdict on them after single changes."""

from __future__ import annotations

import dataclasses
from typing import Any

from setup_local.audit.policy import load_policy
from setup_local.doctor import judge_host, judge_tree
from setup_local.doctor.judge_host import HostCase
from setup_local.doctor.judge_tree import TreeCase
from setup_local.doctor.model import Answer, Bytecode, HostFacts, Level, Line, Section, TreeFacts
from setup_local.doctor.tables import host_tables

TABLES = host_tables()
V1, V2, V3, V4 = (frozenset(level.flags) for level in TABLES.cpu_levels)
PREFIX = "/opt/py thon"
HOST = HostFacts(
    release="6.1",
    libc_version="2.36",
    cpu_flags=V1 | V2 | V3,
    certificates=("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs"),
    term="xterm",
    terminfo={"xterm": "/lib/terminfo", "vt100": "", "tmux": "/lib/terminfo"},
    locale="LANG=de_DE.UTF-8",
    display=":0",
    fonts=("/usr/share/fonts",),
    zoneinfo="/usr/share/zoneinfo",
    programs={name: f"/usr/bin/{name}" for name in ("cc", "c++", "make", "perl", "bwrap")},
    cache="/cache",
    free=100 << 30,
)
ANSWER = Answer(
    version="3.13.5",
    paths={"stdlib": f"{PREFIX}/lib/python3.13", "sys.prefix": PREFIX},
    tls="OpenSSL 3.5.6",
    certificate_file="/etc/ssl/cert.pem",
    certificate_directory="",
    certificates=140,
    bundled_certificates="",
    terminal={"xterm": ""},
    tk="Tk 8.6",
    tk_error="",
    zone="/usr/share/zoneinfo, 2026f",
    zone_error="",
    pip="25.1",
    pip_error="",
    broken_modules={},
    bytecode=Bytecode(valid=600),
)
TREE = TreeFacts(host=HOST, prefix=PREFIX, interpreter=f"{PREFIX}/bin/python3", needs_glibc="2.10", answer=ANSWER)


def judged_host(**changes: Any) -> Section:
    facts = dataclasses.replace(HOST, **changes)
    policy = load_policy("x86_64-unknown-linux-gnu")
    return judge_host.judge_host(HostCase(facts=facts, tables=TABLES, policy=policy))


def judged_tree(**changes: Any) -> Section:
    facts = dataclasses.replace(TREE, **changes)
    return judge_tree.judge_tree(TreeCase(facts=facts, tables=TABLES))


def answered(**changes: Any) -> Section:
    return judged_tree(answer=dataclasses.replace(ANSWER, **changes))


def bad(section: Section) -> list[Line]:
    return [line for line in section.lines if line.level is not Level.OK]


def only(section: Section) -> Line:
    (line,) = bad(section)
    assert line.fix
    return line
