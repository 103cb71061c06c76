"""Trains arithmetic: integers of every size, floats, fractions, decimals, arrays of numbers."""

from __future__ import annotations

import array
import cmath
import decimal
import fractions
import math
import random
import statistics
from collections.abc import Iterator

ROUNDS = 24
SIZES = (1, 2, 3, 5, 8, 13, 21, 34, 60, 100, 180, 320)  # in digits of 30 bits


def numbers(chance: random.Random) -> Iterator[tuple[int, int]]:
    """Yield pairs of integers of all combinations of sizes."""
    for large in SIZES:
        for small in SIZES:
            if small <= large:
                yield chance.getrandbits(30 * large) | 1, chance.getrandbits(30 * small) | 1


def arithmetic(left: int, right: int) -> int:
    """Do everything with two integers that there is."""
    product = left * right
    quotient, rest = divmod(product + 12345, right)
    total = (left + right) - (left >> 7) + (right << 11) + (product // left) + (product % 1_000_003)
    total ^= (left & right) | (product ^ quotient)
    total += (left > right) + (left == right) + (-left // 7) + (left * 3 - right * 5) + product // 10 + (left + 1) * 10
    return total + rest + hash(product) + product.bit_length() + left * left + int(left < 0)


def digits(count: int) -> int:
    """Compute the square root of two and e as integers: long by short, long by long, and long divided by both."""
    scale: int = 10**count
    term, total, step = scale, scale, 1
    while term:
        term //= step
        total += term
        step += 1
    root, last = scale, 0
    while abs(root - last) > 1:
        last, root = root, (root + 2 * scale * scale // root) // 2
    top, bottom = 1, 1
    for step in range(1, 300):  # a continued fraction: both terms become longer and longer
        top, bottom = top * (2 * step + 1) + bottom * 7, bottom * step + top
        if step % 4 == 0:
            total += (top * 3) // bottom
    return total + root


def theory(chance: random.Random) -> int:
    """Use integers as cryptography and combinatorics do."""
    total = 0
    for bits in (62, 256, 1024):
        left, right = chance.getrandbits(bits) | 1, chance.getrandbits(bits) | 1
        total += pow(left, right % 65537, right) + math.gcd(left, right) + math.isqrt(left)
        total += int(str(left)) + int(hex(right), 16) + int.from_bytes(left.to_bytes(bits // 8 + 1, "big"), "little")
    return total + math.factorial(120) + math.comb(80, 30) + sum(bin(step).count("1") for step in range(500))


def small() -> int:
    """Count, sieve and search with integers of one digit."""
    total = 0
    sieve = bytearray([1]) * 5000
    for step in range(2, 71):
        if sieve[step]:
            sieve[step * step :: step] = bytes(len(range(step * step, 5000, step)))
    for value in range(1, 2000):
        steps = 0
        while value != 1 and steps < 30:
            value = value // 2 if value % 2 == 0 else 3 * value + 1  # noqa: PLW2901
            steps += 1
        total += steps ^ (value & 0xFF) | (value << 3)
    return total + sum(sieve)


def floats(chance: random.Random) -> float:
    """Simulate, transform and fold lists of floats."""
    place, speed, energy = 0.0, 1.0, 0.0
    for _ in range(20000):  # a pendulum with friction
        pull = -math.sin(place) * 9.81 - 0.05 * speed
        speed += pull * 0.001
        place += speed * 0.001
        energy = 0.5 * speed * speed + 9.81 * (1.0 - math.cos(place))
    rows = [[chance.random() for _ in range(24)] for _ in range(24)]
    product = [[sum(a * b for a, b in zip(row, column)) for column in zip(*rows)] for row in rows]
    for row in product:
        largest = max(abs(value) for value in row)
        row[:] = [value / largest for value in row]
    values = array.array("d", (value for row in product for value in row))
    for index in range(1, len(values) - 1):
        values[index] = 0.25 * values[index - 1] + 0.5 * values[index] + 0.25 * values[index + 1]
    texts = [f"{value:.6g}" for value in values] + [repr(value) for value in values]
    return energy + math.fsum(values) + sum(float(text) for text in texts) + abs(cmath.exp(complex(place, speed)) ** 2)


def exact() -> object:
    """Add up series in fractions and in decimals, with more and fewer digits."""
    parts = sum((fractions.Fraction(1, step * step) for step in range(1, 60)), fractions.Fraction(0))
    total = decimal.Decimal(0)
    for precision in (9, 28, 100, 400):
        with decimal.localcontext() as context:
            context.prec = precision
            for step in range(1, 120):
                term = decimal.Decimal(step).sqrt() / (step + 1) * decimal.Decimal("1.07")
                total += term.quantize(decimal.Decimal("0.01")) + term.ln() - decimal.Decimal(str(step)) % 7
            total += decimal.Decimal(3).exp() ** 2
    return parts, str(total), format(total, ",.4f"), total > 5


def samples(chance: random.Random) -> float:
    """Draw and describe samples."""
    values = [chance.gauss(0, 1) for _ in range(800)] + [float(chance.randint(0, 9)) for _ in range(800)]
    chance.shuffle(values)
    return (
        statistics.fmean(values)
        + statistics.pstdev(values)
        + statistics.median(values)
        + sum(chance.sample(values, 50))
    )


def main() -> None:
    """Repeat everything."""
    chance = random.Random(2)
    for _ in range(ROUNDS):
        for left, right in numbers(chance):
            for _again in range(6):
                arithmetic(left, right)
                arithmetic(-left, right)
        for count in (200, 800):
            digits(count)
        theory(chance)
        small()
        floats(chance)
        exact()
        samples(chance)


if __name__ == "__main__":
    main()
