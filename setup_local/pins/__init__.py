"""Maintains the pins of `data/sources.toml`: unused ones, outdated ones, and bumping a pin."""
