"""Keeps the pins of `data/sources.toml`: which have no use, which are outdated, and how one is bumped."""
