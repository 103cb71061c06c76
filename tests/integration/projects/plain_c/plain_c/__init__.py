"""A package with a part in C and a console script."""

from plain_c._adding import add


def main() -> None:
    """Say what C has added."""
    print(add(40, 2))
