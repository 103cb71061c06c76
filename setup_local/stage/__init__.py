"""Combines build results into one tree and one deterministic archive."""
