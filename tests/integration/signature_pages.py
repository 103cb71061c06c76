"""Checks the page hashes of signed Mach-O files with strongarm, which shares no code with this project.

Run with the Python of an environment that has it: `signature_pages.py FILE...` prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

_DIRECTORY = 0  # the slot of the code directory


def main() -> None:
    """Check the named files; write the pages that differ, by file."""
    sys.stdout.write(json.dumps({name: _differing(Path(name)) for name in sys.argv[1:]}))


def _differing(path: Path) -> dict[str, Any]:
    from strongarm.macho import MachoParser
    from strongarm.macho.codesign.codesign_definitions import CSCodeDirectory, CSSuperblob
    from strongarm.macho.codesign.codesign_parser import CodesignParser

    (binary,) = MachoParser(path).slices
    start = binary.code_signature_cmd.dataoff
    parser, whole = CodesignParser(binary), binary.read_struct(start, CSSuperblob)
    entry = parser.parse_csblob_index(start + whole.sizeof)
    at = start + entry.offset
    found = binary.read_struct(at, CSCodeDirectory)
    data, page = path.read_bytes()[: found.code_limit], 1 << found.page_size
    hashes = path.read_bytes()[at + found.hash_offset :]
    pages = range(-(-len(data) // page))
    wrong = [
        number
        for number in pages
        if hashlib.sha256(data[number * page : (number + 1) * page]).digest()
        != hashes[number * found.hash_size :][: found.hash_size]
    ]
    whole_file = entry.type == _DIRECTORY and found.code_limit == start
    return {"name": parser.signing_identifier, "pages": len(pages), "wrong": wrong, "to_its_end": whole_file}


if __name__ == "__main__":
    main()
