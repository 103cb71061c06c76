"""Print the functions that a C library exports, for glibc each with the version that introduced it.

    python scripts/libc_functions.py /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libm.so.6
    python scripts/libc_functions.py SYSROOT/lib/ld-musl-x86_64.so.1

The results are `setup_local/data/policy/libc-functions-*.txt`. Names that begin with an underscore are left out:
they belong to the implementation, and a compiler's own helper functions share that space.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

VERSION = re.compile(r"GLIBC_(\d+(?:\.\d+)+)$")


def functions(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and the version of each exported function; no version if the library has none."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        defined = elf.get_section_by_name(".gnu.version_d")
        versions = (
            {definition["vd_ndx"]: next(iter(names)).name for definition, names in defined.iter_versions()}
            if defined
            else {}
        )
        index = elf.get_section_by_name(".gnu.version")
        for number, symbol in enumerate(elf.get_section_by_name(".dynsym").iter_symbols()):
            ndx = index.get_symbol(number)["ndx"] if defined else None
            version = VERSION.match(versions.get(ndx & 0x7FFF, "")) if isinstance(ndx, int) else None
            is_code = symbol["st_info"]["type"] in ("STT_FUNC", "STT_GNU_IFUNC", "STT_LOOS")
            known = bool(version) or not defined
            if known and is_code and symbol["st_shndx"] != "SHN_UNDEF" and not symbol.name.startswith("_"):
                yield symbol.name, tuple(int(part) for part in version[1].split(".")) if version else ()


def main() -> None:
    """Print `name version` lines, sorted by name; the oldest version of a name counts."""
    first: dict[str, tuple[int, ...]] = {}
    for path in sys.argv[1:]:
        for name, version in functions(Path(path)):
            first[name] = min(version, first.get(name, version))
    for name in sorted(first):
        print(" ".join(filter(None, [name, ".".join(map(str, first[name]))])))


if __name__ == "__main__":
    main()
