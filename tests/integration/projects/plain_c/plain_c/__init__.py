"""A package with a C extension and a console script."""

from plain_c._adding import add


def main() -> None:
    """Print a sum computed in C."""
    print(add(40, 2))
