"""Describes a staged tree and its plan as PYTHON.json."""
