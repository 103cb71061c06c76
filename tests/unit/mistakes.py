"""Mistakes of users: the command line, the exit code, and the text that the message must contain.

In the command lines, `{archive}` is a good full archive, `{flavour}` an installation archive, `{text}` a text file,
`{dir}` an empty directory, `{dist}` a directory with an index, `{tree}` a directory that contains something else,
`{pipe}` a named pipe, `{damaged}` a damaged archive.
"""

from __future__ import annotations

LONG, LONGER = "x" * 300, "x" * 5000
MANY = "9" * 20
Row = tuple[tuple[str, ...], int, str]

# Every command with a path that does not exist, is too long, or is of the wrong kind.
_READS = {
    "validate": ((), 20),
    "size": ((), 20),
    "repack": (("--flavor", "install_only"), 20),
    "audit": ((), 2),
    "check": ((), 2),
    "doctor": ((), 2),
}
_PATHS: tuple[Row, ...] = tuple(
    row
    for command, (more, code) in _READS.items()
    for row in (
        ((command, "", *more), 2, "is empty"),
        ((command, " ", *more), 2, "is empty"),
        ((command, LONG, *more), 2, "too long"),
        ((command, LONGER, *more), 2, "too long"),
        ((command, "/nowhere/at/all", *more), code, "/nowhere/at/all"),
        ((command, "{text}/below", *more), code, "{text}/below"),
        ((command, "{pipe}", *more), code, "{pipe}"),
        ((command, "/dev/null", *more), code, "/dev/null"),
        ((command, "--nonsense", *more), 2, "--nonsense"),
    )
)
_ARCHIVES: tuple[Row, ...] = tuple(
    row
    for command, (more, code) in _READS.items()
    if code == 20
    for row in (
        ((command, "{text}", *more), 20, "not a .tar.zst or .tar.gz"),
        ((command, "{dir}", *more), 20, "directory"),
        ((command, "{damaged}", *more), 20, "damaged"),
        ((command, *more), 2, "archive" if command == "validate" else "ARCHIVE"),
    )
)
_VALIDATE: tuple[Row, ...] = (
    (("validate", "--glibc", "x", "{archive}"), 2, "'x'"),
    (("validate", "--glibc", "2.x", "{archive}"), 2, "2.x"),
    (("validate", "--forbid", "", "{archive}"), 2, "--forbid"),
    (("validate", "--json"), 2, "no archive"),
    (("validate", "--format", "xml", "{archive}"), 2, "'xml'"),
    (("validate", "--format", "junit=", "{archive}"), 2, "does not name a file"),
    (("validate", "--format", "junit", "--format", "sarif", "{archive}"), 2, "two reports"),
    (("validate", "--format", "junit=/nowhere/x", "{archive}"), 17, "/nowhere/x"),
    (("validate", "{archive}", "/nowhere"), 20, "/nowhere"),
    (("validate", "--list-rule"), 2, "--list-rule"),
    (("audit",), 2, "PATHS"),
    (("audit", "{text}"), 2, "nothing to check"),
    (("audit", "{dir}"), 2, "nothing to check"),
    (("audit", "--target-triple", "x86_64-pc-windows", "{archive}"), 2, "x86_64-pc-windows"),
    (("audit", "--target-triple", "", "{archive}"), 2, "target"),
    (("audit", "--target-triple", "../../etc", "{archive}"), 2, "../../etc"),
    (("audit", "--glibc", "2", "--glibc", "two", "{archive}"), 2, "two"),
    (("audit", "--glibc", "-1", "{archive}"), 2, "-1"),
    (("audit", "--forbid", "", "{archive}"), 2, "--forbid"),
    (("check",), 2, "DIR"),
    (("check", "{text}"), 2, "is not a directory"),
    (("check", "/etc/passwd"), 2, "is not a directory"),
    (("check", "{dir}", "--glibc", "new"), 2, "new"),
    (("check", "{dir}", "--target-triple", "nothing"), 2, "nothing"),
    (("check", "{dir}", "{dir}"), 2, "unexpected"),
    (("doctor", "{text}"), 2, "is not a directory"),
    (("doctor", "{dir}"), 2, "no installed Python"),
    (("doctor", "{dir}", "{dir}"), 2, "unexpected"),
    (("size", "{archive}", "--svg", ""), 2, "is empty"),
    (("size", "{archive}", "--svg", "/nowhere/x.svg"), 17, "/nowhere/x.svg"),
    (("size", "{archive}", "--svg", "{dir}"), 17, "{dir}"),
    (("size", "{archive}", "{archive}"), 2, "unexpected"),
)
_REPACK: tuple[Row, ...] = (
    (("repack", "{archive}"), 2, "--flavor"),
    (("repack", "{archive}", "--json-version", "6"), 2, "'6'"),
    (("repack", "{archive}", "--json-version", ""), 2, "''"),
    (("repack", "{flavour}", "--json-version", "7"), 2, "-full.tar.zst"),
    (("repack", "{text}", "--json-version", "7"), 2, "-full.tar.zst"),
    (("repack", "{archive}", "--flavor", ""), 2, "no flavour"),
    (("repack", "{archive}", "--flavor", "full"), 2, "full"),
    (("repack", "{archive}", "--flavor", "install-only"), 2, "install-only"),
    (("repack", "{archive}", "--flavor", "minimal", "--output", ""), 2, "is empty"),
    (("repack", "{archive}", "--flavor", "minimal", "--output", "{text}"), 17, "{text}"),
    (("repack", "{archive}", "--flavor", "minimal", "--output", "/proc/x"), 17, "/proc/x"),
    (("repack", "{archive}", "--flavor", "minimal", "--output", LONGER), 2, "too long"),
    (("repack", "{archive}", "--flavor", "minimal", "--format", "zip"), 2, "zip"),
    (("repack", "{flavour}", "--flavor", "minimal"), 2, "only full archives"),
    (("repack", "{archive}", "{archive}", "--flavor", "minimal"), 2, "unexpected"),
)
_INDEX: tuple[Row, ...] = (
    (("index",), 2, "DIR"),
    (("index", ""), 2, "is empty"),
    (("index", LONG), 2, "too long"),
    (("index", "/nowhere"), 2, "/nowhere"),
    (("index", "{text}"), 2, "{text}"),
    (("index", "{dir}"), 2, "no distribution"),
    (("index", "{tree}"), 2, "no distribution"),
    (("index", "{dist}", "--base-url", "x"), 2, "--base-url x"),
    (("index", "{dist}", "--base-url", "ftp://host/x"), 2, "ftp://host/x"),
    (("index", "{dist}", "--base-url", "file:///srv"), 2, "file:///srv"),
    (("index", "{dist}", "--base-url", "http://[::1"), 2, "http://[::1"),
    (("index", "{dist}", "--base-url", "http://"), 2, "http://"),
    (("index", "{dist}", "--base-url", "http://host:99999"), 2, "99999"),
)
_GETS = {"fetch": ("fetch", "VERSION"), "create": ("create", "{new}", "--from", "VERSION")}


def _getting(command: str, version: str, *more: str) -> tuple[str, ...]:
    return (*(version if word == "VERSION" else word for word in _GETS[command]), *more)


_STRANGE_INDEXES = (
    "",
    " ",
    "ftp://x",
    "ssh://x",
    "http://[::1",
    "http://host:99999",
    "http://host:abc",
    f"http://{LONG}",
    "http:///x",
    "https://",
)
_FETCH: tuple[Row, ...] = tuple(
    row
    for command in _GETS
    for row in (
        *((_getting(command, "3.13", "--index", index), 2, f"--index {index}") for index in _STRANGE_INDEXES),
        (_getting(command, "3.13", "--index", "/nowhere"), 11, "/nowhere"),
        (_getting(command, "3.13", "--index", "{dir}"), 11, "versions.json"),
        (_getting(command, "3.13", "--index", "{text}"), 11, "{text}"),
        (_getting(command, "3.13", "--index", LONGER), 11, "too long"),
        (_getting(command, "3.13"), 2, "index"),
        (_getting(command, "2.7", "--index", "{dist}"), 2, "2.7"),
        (_getting(command, "3.99", "--index", "{dist}"), 2, "3.99"),
        (_getting(command, "3.13", "--index", "{dist}", "--flavor", "x"), 2, "'x'"),
        (_getting(command, "3.13", "--index", "{dist}", "--target-triple", "z80"), 2, "z80"),
    )
)
_DELIVERY: tuple[Row, ...] = (
    (("fetch",), 2, "VERSION"),
    (("fetch", "", "--index", "{dist}", "--flavor", "minimal"), 2, "no any version"),
    (("fetch", "latest", "--index", "{dist}"), 2, "latest"),
    (("fetch", "3.13", "--index", "{dist}", "--build-options", "none"), 2, "3.13"),
    (("fetch", "3.13.5", "--index", "{dist}", "--output", ""), 2, "is empty"),
    (("fetch", "3.13.5", "--index", "{dist}", "--output", "{text}"), 2, "{text}"),
    (("fetch", "3.13.5", "--index", "{dist}", "--output", "/proc/x"), 17, "/proc/x"),
)
_CREATE: tuple[Row, ...] = (
    (("create",), 2, "DIR"),
    (("create", "", "--from", "{archive}"), 2, "is empty"),
    (("create", LONG, "--from", "{archive}"), 2, "too long"),
    (("create", "{text}", "--from", "{archive}"), 2, "{text}"),
    (("create", "{tree}", "--from", "{archive}"), 17, "is not empty"),
    (("create", "/proc/x", "--from", "{archive}"), 17, "/proc/x"),
    (("create", "{new}", "--from", "latest"), 2, "latest"),
    (("create", "{new}", "--from", LONG), 2, "neither a file nor a version"),
    (("create", "{new}", "--from", LONGER), 2, "neither a file nor a version"),
    (("create", "{new}", "--from", "{dir}"), 2, "is not a file"),
    (("create", "{new}", "--from", "{pipe}"), 2, "is not a file"),
    (("create", "{new}", "--from", "/nowhere.tar.zst"), 2, "/nowhere.tar.zst"),
    (("create", "{new}", "--from", "{text}"), 20, "not a .tar.zst or .tar.gz"),
    (("create", "{new}", "--from", "{damaged}"), 20, "damaged"),
    (("create", "{new}", "--from", "{archive}", "--pip", "new"), 2, "--pip new"),
    (("create", "{new}", "--from", "{archive}", "--pip", "1; rm"), 2, "--pip 1; rm"),
    (("create", "{new}", "--from", "{archive}", "--setuptools", ">=80"), 2, "--setuptools >=80"),
    (("create", "{new}", "--from", "{archive}", "--virtualenv", "-e ."), 2, "--virtualenv -e ."),
    (("create", "{new}", "{new}"), 2, "unexpected"),
)
_DRY: tuple[Row, ...] = tuple(
    (("build", "--dry-run", *words), code, named)
    for words, code, named in (
        (("--jobs", MANY), 2, MANY),
        (("--jobs", "0"), 2, "0"),
        (("--jobs", "-1"), 2, "-1"),
        (("--jobs", "many"), 2, "many"),
        (("--jobs", ""), 2, "--jobs"),
        (("--profile", "/etc/passwd", "--options", "pgo"), 2, "is not an LLVM profile"),
        (("--profile", "/nowhere", "--options", "pgo"), 2, "/nowhere"),
        (("--profile", "", "--options", "pgo"), 2, "is empty"),
        (("--profile", "{dir}", "--options", "pgo"), 2, "{dir}"),
        (("--mirror", "ftp://x/y"), 2, "ftp"),
        (("--mirror", "http://[::1"), 2, "http://[::1"),
        (("--mirror", "http://host:99999"), 2, "99999"),
        (("--mirror", ""), 2, "--mirror"),
        (("--mirror", "/nowhere"), 2, "/nowhere"),
        (("--mirror", "{text}"), 2, "{text}"),
        (("--offline", "--mirror", "http://x"), 2, "--offline"),
        (("--offline", "--mirror", "/nowhere"), 2, "/nowhere"),
        (("--openssl", "3.5", "--without", "ssl"), 2, "--without ssl"),
        (("--openssl", "3.0", "--without", "tkinter,ssl"), 2, "--without ssl"),
        (("--openssl", "9"), 2, "9"),
        (("--openssl", "3.5", "--libressl"), 2, "--libressl"),
        (("--options", ""), 2, "--options"),
        (("--options", " "), 2, "--options"),
        (("--options", "+"), 2, "+"),
        (("--options", "fast"), 2, "fast"),
        (("--options", "pgo,lto"), 2, "pgo,lto"),
        (("--options", "debug", "--optimized"), 2, "--optimized"),
        (("--python", "3.99"), 2, "3.99"),
        (("--python", "pypy-3.11"), 2, "pypy"),
        (("--python", "cpython-2.7"), 2, "2.7"),
        (("--python", "latest"), 2, "latest"),
        (("--python", f"cpython-{MANY}"), 2, MANY),
        (("--target-triple", "z80-unknown-cpm"), 2, "z80-unknown-cpm"),
        (("--target-triple", "../x"), 2, "../x"),
        (("--musl", "--target-triple", "x86_64-unknown-linux-gnu"), 2, "--musl"),
        (("--glibc", "old"), 2, "old"),
        (("--glibc", "9.9"), 2, "9.9"),
        (("--glibc", "2.17", "--musl"), 2, "glibc"),
        (("--libpython", "dynamic"), 2, "dynamic"),
        (("--link-dependencies", "none"), 2, "none"),
        (("--extensions", "some"), 2, "some"),
        (("--extensions", "shared"), 2, "--extensions"),
        (("--with", "everything"), 2, "everything"),
        (("--without", "everything"), 2, "everything"),
        (("--without-modules", "_nothing"), 2, "_nothing"),
        (("--without-modules", "sys"), 2, "sys"),
        (("--sandbox", "docker"), 2, "docker"),
        (("--environment", "lenny"), 2, "wheezy"),
        (("--environment", "wheezy"), 2, "environments resolve wheezy"),
        (("--environment", "bullseye", "--sandbox", "none"), 2, "--sandbox none"),
        (("--toolchain", "gcc"), 2, "gcc"),
        (("--toolchain", "zig", "--llvm", "{dir}"), 2, "--llvm"),
        (("--llvm", "/nowhere"), 2, "/nowhere"),
        (("--llvm-tools", "mine"), 2, "mine"),
        (("--format", "zip"), 2, "zip"),
        (("--output", ""), 2, "is empty"),
        (("--output", "{text}"), 2, "{text}"),
        (("--nonsense",), 2, "--nonsense"),
        (("extra",), 2, "extra"),
    )
)
_OTHERS: tuple[Row, ...] = (
    (("emit", "--python", "1.0"), 2, "1.0"),
    (("emit", "--python", "3.13", "--check", "/nowhere"), 2, "/nowhere"),
    (("emit", "--python", "3.13", "--check", "{text}"), 2, "{text}"),
    (("matrix",), 2, "FILE"),
    (("matrix", ""), 2, "is empty"),
    (("matrix", "/nowhere"), 2, "/nowhere"),
    (("matrix", "{dir}"), 2, "{dir}"),
    (("matrix", "{text}"), 2, "{text}"),
    (("sources", "list", "nothing"), 2, "nothing"),
    (("sources", "fetch", "nothing"), 2, "nothing"),
    (("sources", "verify", "nothing"), 2, "nothing"),
    (("sources", "mirror"), 2, "DIRECTORY"),
    (("sources", "mirror", ""), 2, "is empty"),
    (("sources", "mirror", "{text}"), 2, "{text}"),
    (("sources", "rm"), 2, "rm"),
    (("store", "gc", "--nonsense"), 2, "--nonsense"),
    (("toolchain", "list", "--llvm", "/nowhere"), 2, "/nowhere"),
    (("toolchain", "bootstrap"), 2, "--environment"),
    (("toolchain", "bootstrap", "--environment", "lenny"), 2, "wheezy"),
    (("toolchain", "bootstrap", "--environment", "bullseye", "--until", "perl"), 2, "binutils"),
    (("toolchain", "bootstrap", "--environment", "wheezy"), 2, "environments resolve wheezy"),
    (("toolchain", "export", "{new}"), 13, "toolchain bootstrap"),
    (("toolchain", "import", "/nowhere"), 2, "/nowhere"),
    (("toolchain", "import", "{text}"), 13, "{text}"),
    (("toolchain", "import", "{text}", "--sha256", "0" * 64), 13, "SHA-256"),
    (("toolchain", "fetch", "http://nothing.invalid/a"), 2, "--sha256"),
    (("environments", "resolve", "lenny"), 2, "wheezy"),
    (("nothing",), 2, "nothing"),
    (("--nonsense",), 2, "--nonsense"),
)
MISTAKES: tuple[Row, ...] = (
    *_PATHS,
    *_ARCHIVES,
    *_VALIDATE,
    *_REPACK,
    *_INDEX,
    *_FETCH,
    *_DELIVERY,
    *_CREATE,
    *_DRY,
    *_OTHERS,
)
