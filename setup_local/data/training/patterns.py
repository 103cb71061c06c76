"""Trains what works on text: regular expressions of every kind, and the methods of strings."""

from __future__ import annotations

import difflib
import html
import random
import re
import string
import textwrap
import unicodedata

ROUNDS = 6

# A tokenizer, records, dates, repeats of every kind, look-around, references, alternatives with and without common beginnings.
PATTERNS = (
    r"(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d*)?)|(?P<blank>\s+)|(?P<sign>[-+*/=<>(){}.,;:])",
    r"\b(\w+)\s+\1\b",
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})",
    r"(?:alpha|beta|gamma|delta)+",
    r"(?:north|nothing|never|night)",
    r"[aeiou]{2,}[^aeiou\s]*?t",
    r"\w+?(?=,)",
    r"(?<=\s)\w+(?!\w)",
    r"(a|b|c|d)*e",
    r"(\w+) (\w+)?",
    r"[^,]*,[^,]*,",
    r".*?\d",
    r".*\d",
    r"^.*[.!?]$",
    r"\S+@\S+\.[a-z]{2,3}",
    r"(?i)THE|of|And",
    r"x*y*z",
    r"(x+x+)+y",
    r"(?:[a-z]+-)*[a-z]+",
    r"[\u00e0-\u00ff]+",
    r"(?s).{20}",
    r"lorem|zzzz",
    r"qu[a-z]",
    r"e",
)


def prose(chance: random.Random, words: int, letters: str) -> str:
    """Return lines of made-up words, with numbers, dates and punctuation among them."""
    known = ["".join(chance.choices(letters, k=chance.randint(1, 9))) for _ in range(400)]
    known += ["1987-05-14", "3.25", "name@example.org", "alpha", "beta", "never", "The", "of", "well-known-word", "17"]
    lines = []
    for _ in range(words // 10):
        line = chance.choices(known, k=10)
        line[chance.randrange(10)] += chance.choice(",.;!")
        lines.append(" ".join(line))
    return "\n".join(lines)


def search(pattern: re.Pattern[str], text: str) -> int:
    """Use a pattern in every way that there is; return how much it found."""
    found = len(pattern.findall(text)) + sum(match.end() - match.start() for match in pattern.finditer(text))
    found += len(pattern.sub("-", text)) + len(pattern.sub(lambda match: match[0][:1], text)) + len(pattern.split(text))
    for line in text.splitlines():
        match = pattern.match(line)
        found += len(match.groups()) if match else 0
        found += pattern.search(line) is not None
        found += pattern.fullmatch(line) is not None
    return found


def search_bytes(pattern: re.Pattern[bytes], data: bytes) -> int:
    """Do the same with bytes."""
    return len(pattern.findall(data)) + len(pattern.sub(b"", data)) + len(pattern.split(data, 5))


def long_searches(chance: random.Random) -> int:
    """Look for what comes late or never, in long lines."""
    wanted = (
        r"colou?r",
        r"\d+ (?:years|days)",
        r"[A-Z][a-z]+ Street",
        r"\bend\b",
        r".+;",
        r"(?:fo|ba[rz])qux",
        "needle",
        r"\(.*\)",
    )
    lines = [
        "".join(chance.choices("abcdefgh ", k=3000)) + tail for tail in ("", " 9 years;", "needle (end)", "Long Street")
    ]
    patterns = [re.compile(pattern) for pattern in wanted]
    return sum(pattern.search(line) is not None for pattern in patterns for line in lines for _ in range(3))


def compile_patterns() -> int:
    """Compile patterns anew, as a program does that starts."""
    re.purge()
    return sum(re.compile(pattern).groups for pattern in PATTERNS)


def strings(text: str) -> int:
    """Use the methods of strings on every line and word."""
    size = 0
    for line in text.splitlines():
        words = line.split()
        joined = " ".join(sorted(words, key=str.lower)).replace("a", "__").title().strip("_")
        size += len(joined.partition(" ")[2].encode().decode().casefold()) + line.count("e") + line.find("never")
        size += len(f"{joined:>80}|{size:08d}|{size / 7:.3f}|{line!r}") + len("%s=%d" % (joined, size))
        size += sum(
            word.isalpha() + word.islower() + word.startswith("a") + word.endswith(("t", "d")) for word in words
        )
        size += len(line.translate(TABLE)) + ("night" in line) + len(line[::-1].rsplit(" ", 2)) + len(line.zfill(99))
    return size


TABLE = str.maketrans("aeiou", "uoiea", ".,;!")


def library(text: str) -> int:
    """Use the modules that are made of regular expressions and strings."""
    lines = text.splitlines()
    size = len(textwrap.fill(text, 72)) + len(html.unescape(html.escape("<a href='x'>&amp;" * 200)))
    size += len(list(difflib.unified_diff(lines[:120], lines[10:130])))
    size += sum(len(string.Template("$a and ${b}").substitute(a=line, b=size)) for line in lines)
    return size + len(unicodedata.normalize("NFKD", text)) + sum(unicodedata.combining(letter) for letter in text[:500])


def main() -> None:
    """Work on Latin, Greek and mathematical letters: the three widths of strings."""
    chance = random.Random(1)
    texts = [prose(chance, 1000, string.ascii_lowercase), prose(chance, 600, "abcdeuéàüß")]
    texts += [prose(chance, 300, "αβγδεabc"), prose(chance, 200, "\U0001d4d0\U0001d4d1abc")]
    for _ in range(ROUNDS):
        for text in texts:
            size = sum(search(re.compile(pattern), text) for pattern in PATTERNS if pattern != r"(x+x+)+y")
            size += strings(text) + library(text)
        for pattern in PATTERNS:
            search_bytes(re.compile(pattern.encode("latin-1", "ignore").replace(rb"\u00", rb"\x")), texts[0].encode())
        long_searches(chance)
        compile_patterns()


if __name__ == "__main__":
    main()
