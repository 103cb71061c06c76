"""Trains what reads and writes data: JSON, pickles, XML, databases, compression, hashes, dates, archives."""

from __future__ import annotations

import base64
import binascii
import bz2
import configparser
import csv
import datetime as dt
import email.message
import email.parser
import hashlib
import hmac
import io
import json
import logging
import lzma
import marshal
import pathlib
import pickle
import random
import sqlite3
import struct
import tarfile
import tempfile
import urllib.parse
import xml.etree.ElementTree as ET
import zipfile
import zlib

ROUNDS = 12
Table = list[dict[str, object]]


def table(chance: random.Random, rows: int) -> Table:
    """Return rows of texts, numbers, lists and what is nested in them."""
    return [
        {
            "id": row,
            "name": "".join(chance.choices("abcdefghij éλ", k=12)),
            "price": chance.random() * 1000,
            "tags": ["red", 'gr\n"een', None, True, [row, -row, row << 40]],
            "place": {"x": row / 7, "y": row % 3, "note": "line\ttext\u2028" if row % 5 == 0 else "plain text"},
        }
        for row in range(rows)
    ]


def notations(rows: Table) -> int:
    """Write the rows in JSON and as pickles of each protocol, and read them again; in C and in Python."""
    size = 0
    for _ in range(4):
        for text in (
            json.dumps(rows),
            json.dumps(rows, indent=2, sort_keys=True),
            json.dumps(rows, ensure_ascii=False),
        ):
            size += len(json.loads(text))
        for row in rows:
            size += len(json.dumps(row)) + len(json.dumps([row["id"], {}, []], separators=(",", ":")))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            size += len(pickle.loads(pickle.dumps(rows, protocol)))
            size += len(pickle.loads(pickle.dumps([(row["id"], row["name"]) for row in rows] * 3, protocol)))
        size += len(marshal.loads(marshal.dumps(rows)))
    python = io.BytesIO()
    pickle._Pickler(python, 4).dump(rows[:60])
    python.seek(0)
    return size + len(pickle._Unpickler(python).load())


def markup(rows: Table) -> int:
    """Build a tree of XML, write it, and read it in each of the ways that there are."""
    root = ET.Element("rows", {"version": "1"})
    for row in rows:
        item = ET.SubElement(root, "row", id=str(row["id"]), kind="a & b")
        for key, value in row.items():
            ET.SubElement(item, key).text = str(value)
    text = ET.tostring(root, encoding="utf-8")
    size = len(ET.fromstring(text).findall("./row/name")) + len(ET.parse(io.BytesIO(text)).getroot().findall(".//tags"))
    for _event, element in ET.iterparse(io.BytesIO(text), events=("start", "end")):
        size += len(element.attrib)
    size += sum(len(element.text or "") for element in root.iter())
    return size + len(ET.tostring(root, encoding="unicode"))


def databases(rows: Table) -> int:
    """Ask a database in memory."""
    with sqlite3.connect(":memory:") as base:
        base.create_function("half", 1, lambda number: number / 2)
        base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL, data BLOB)")
        base.execute("CREATE INDEX i ON t (name, price)")
        values = [(row["id"], row["name"], row["price"], b"x" * 20) for row in rows]
        base.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", values)
        size: int = 0
        for row in rows:
            query = "SELECT name, half(price) FROM t WHERE id = ? OR name = ?"
            size += len(base.execute(query, (row["id"], "none")).fetchall())
        size += len(base.execute("SELECT substr(name, 1, 2) AS n, count(*), sum(price) FROM t GROUP BY n").fetchall())
        query = "SELECT a.id, b.name FROM t a JOIN t b ON a.id = b.id + 1 WHERE a.price > 100 ORDER BY b.price DESC"
        size += sum(number for number, _name in base.execute(query))
        base.execute("UPDATE t SET price = price * 1.1 WHERE name LIKE 'a%'")
        base.execute("DELETE FROM t WHERE id % 3 = 0")
    base.close()
    return size


def packed(data: bytes, noise: bytes) -> int:
    """Compress text and noise at several levels, whole and piece by piece."""
    size = 0
    for piece in (data, noise, data[:200]):
        for level in (1, 6, 6, 9):
            size += len(zlib.decompress(zlib.compress(piece, level)))
        size += len(bz2.decompress(bz2.compress(piece)))
        for preset in (0, 1, 6):
            size += len(lzma.decompress(lzma.compress(piece, preset=preset)))
    writer, reader = zlib.compressobj(wbits=31), zlib.decompressobj(wbits=31)
    pieces = [writer.compress(data[start : start + 4096]) for start in range(0, len(data), 4096)]
    size += sum(len(reader.decompress(piece)) for piece in [*pieces, writer.flush()])
    return size + zlib.crc32(data) % 7 + zlib.adler32(data) % 7


def digests(data: bytes) -> int:
    """Hash much at once and little often; encode in base 64 and in hexadecimal."""
    size = 0
    for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s"):
        size += hashlib.new(name, data).digest()[0]
        for _ in range(200):
            size += getattr(hashlib, name)(b"a few bytes").digest()[0]
    for _ in range(5):
        size += len(base64.b64decode(base64.b64encode(data))) + len(binascii.unhexlify(data.hex()))
    return size + len(hmac.new(b"key", data, "sha256").hexdigest()) + hash(data)


def binary(chance: random.Random) -> int:
    """Read and write structures, and change bytes in place."""
    layout, size = struct.Struct("<IhhBxdf4s"), 0
    buffer = bytearray(layout.size * 200)
    for row in range(200):
        layout.pack_into(buffer, row * layout.size, row, -row, 5, 7, row / 3, 1.5, b"abcd")
        size += layout.unpack_from(buffer, row * layout.size)[0]
    view = memoryview(buffer)
    bits = bytes(chance.getrandbits(8) for _ in range(4000))
    for byte in bits:
        size = (size * 33 + (byte ^ view[byte])) & 0xFFFFFFFF
    return size + bytes(view[10:90]).count(b"\0") + len(bits.translate(bytes(range(255, -1, -1))))


def texts(rows: Table) -> int:
    """Read and write text formats, addresses, dates, mails, log lines."""
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    size = len(list(csv.reader(io.StringIO(out.getvalue()))))
    parser = configparser.ConfigParser()
    parser.read_string("\n".join(f"[s{row}]\nkey = value {row}\nother: ${{key}}" for row in range(60)))
    day = dt.datetime(2020, 1, 31, 12, 30, tzinfo=dt.timezone.utc)
    log = logging.getLogger("training")
    log.addHandler(logging.StreamHandler(io.StringIO()))
    log.propagate = False
    for row in range(300):
        day += dt.timedelta(hours=row)
        size += (
            len(day.isoformat())
            + len(day.strftime("%Y-%m-%d %H:%M"))
            + dt.datetime.fromisoformat(day.isoformat()[:19]).day
        )
        address = urllib.parse.urlsplit(f"https://example.org:80/a/b;c?x={row}&y=%20z#part")
        size += len(urllib.parse.parse_qs(address.query)) + len(urllib.parse.quote("a b/ü")) + len(address.netloc)
        log.warning("row %d of %s", row, "many")
        log.debug("not said")
    mail = email.message.EmailMessage()
    mail["Subject"], mail["To"] = "Größe", "someone@example.org"
    mail.set_content("text\n" * 20)
    return size + len(parser.sections()) + len(email.parser.BytesParser().parsebytes(bytes(mail)).keys())


def files(data: bytes) -> int:
    """Write, list and read files, alone and in archives."""
    size = 0
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        for number in range(60):
            (place / f"file{number}.txt").write_bytes(data[:3000])
        for path in sorted(place.iterdir()):
            with path.open(encoding="latin-1") as lines:
                size += sum(len(line) for line in lines) + len(path.suffix) + path.stat().st_size
        size += len(list(place.glob("*1.txt"))) + len(list(place.rglob("*")))
        with zipfile.ZipFile(place / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.write(place / "file1.txt", "one")
        with tarfile.open(place / "a.tar.gz", "w:gz") as tar:
            tar.add(place / "file2.txt", "two")
        with tarfile.open(place / "a.tar.gz") as tar, zipfile.ZipFile(place / "a.zip") as zipped:
            size += len(tar.getnames()) + len(zipped.read("one"))
    return size


def main() -> None:
    """Repeat everything."""
    chance = random.Random(4)
    rows = table(chance, 150)
    words = [str(row["name"]) for row in rows]
    data = " ".join(chance.choices(words, k=6000)).encode()
    noise = bytes(chance.getrandbits(8) for _ in range(20000))
    for _ in range(ROUNDS):
        notations(rows)
        markup(rows)
        databases(rows * 1)
        packed(data, noise)
        digests(data)
        binary(chance)
        texts(rows)
        files(data)


if __name__ == "__main__":
    main()
