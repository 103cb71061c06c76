"""Builds for Windows: the C runtime, CPython and its libraries, as command lists."""
