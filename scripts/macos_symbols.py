"""Print the names that macOS's C library exports, each with the version of macOS that introduced it, if headers say.

    python scripts/macos_symbols.py path/to/ziglang > setup_local/data/policy/libc-functions-macos.txt

The directory of the `ziglang` wheel has all inputs: the text stub of libSystem, which lists the names of the newest
system; the headers, whose declarations contain the versions; and Clang, which parses them, for each processor. A name
without a version is either as old as macOS 10.0, or no header declares it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TARGETS = {"arm64-apple-macos11.0": "arm64", "x86_64-apple-macos11.0": "x86_64-macos"}
HEADER = """# Names that macOS's libSystem exports, functions and others, each with the version of macOS that introduced it, if its headers say so.
# Made by scripts/macos_symbols.py from the ziglang wheel 0.17.0 (libSystem 1359). Names are as in C.
"""
# These headers are for kernels, other languages, or one processor.
LEFT_OUT = ("IOKit/", "arm/", "device/", "hfs/", "i386/", "kern/", "libkern/", "mach_debug/", "objc/", "simd/")
_SYMBOLS = re.compile(
    r"targets:\s*\[(?P<targets>[^\]]*)\]\s*(?:weak-|thread-local-)?symbols:\s*\[(?P<names>[^\]]*)\]", re.MULTILINE
)
_NAME = re.compile(r"'([^']*)'|([^\s,']+)")
_DECLARATION = re.compile(r"\|-(?:Function|Var)Decl .*?(?P<name>\w+) '")
_LABEL = re.compile(r'\| [|`]-AsmLabelAttr .*"(?P<label>[^"]+)"')
_SINCE = re.compile(r"\| [|`]-AvailabilityAttr .*> macos (?P<introduced>[1-9][\d.]*) ")


def exported(stub: str) -> Iterator[str]:
    """Yield the names in the linker's stub, with the leading underscore of C names there."""
    for match in _SYMBOLS.finditer(stub):
        if any(cpu in match["targets"] for cpu in TARGETS.values()):
            yield from (quoted or plain for quoted, plain in _NAME.findall(match["names"]))


def declared(dump: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the link name and the introducing version of each declaration in Clang's dump."""
    name = ""
    for line in dump.splitlines():
        if not line.startswith("| "):
            match = _DECLARATION.match(line)
            name = f"_{match['name']}" if match else ""
        elif name and (match := _LABEL.match(line)):
            name = match["label"]
        elif name and (match := _SINCE.match(line)):
            yield name, tuple(map(int, match["introduced"].split(".")))


def dump(wheel: Path, target: str) -> str:
    """Return Clang's dump of all headers."""
    headers = wheel / "lib/libc/include/any-darwin-any"
    names = sorted(path.relative_to(headers).as_posix() for path in headers.rglob("*.h"))
    wanted = "".join(f"#include <{name}>\n" for name in names if not name.startswith(LEFT_OUT))
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "all.c")
        source.write_text(wanted, encoding="ascii")
        words = (f"--target={target}", "-fblocks", "-nostdinc", "-isystem", str(wheel / "lib/include"))
        options = ("-isystem", str(headers), "-fsyntax-only", "-ferror-limit=0", "-w", "-Xclang", "-ast-dump")
        environment = {"ZIG_GLOBAL_CACHE_DIR": scratch, "HOME": scratch}
        command = [wheel / "zig", "clang", *words, *options, str(source)]
        ended = subprocess.run(
            command, check=False, env=environment, capture_output=True, text=True
        )  # headers for other languages fail
    if "fatal error" in ended.stderr:
        raise SystemExit(ended.stderr)
    return ended.stdout


def main() -> None:
    """Print `name version` lines, sorted by name; the oldest version of a name counts."""
    wheel = Path(sys.argv[1]).resolve()
    names = set(exported((wheel / "lib/libc/darwin/libSystem.tbd").read_text(encoding="utf-8")))
    since: dict[str, tuple[int, ...]] = {}
    for target in TARGETS:
        for name, version in declared(dump(wheel, target)):
            since[name] = min(version, since.get(name, version))
    print(HEADER, end="")
    of_c = (name for name in names if name.startswith("_") or name == "dyld_stub_binder")
    for name in sorted(of_c, key=lambda item: item.removeprefix("_")):
        print(" ".join(filter(None, [name.removeprefix("_"), ".".join(map(str, since.get(name, ())))])))


if __name__ == "__main__":
    main()
