"""Staged tree and plan become PYTHON.json."""
