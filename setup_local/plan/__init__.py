"""Catalog and request become one frozen plan; pure."""
