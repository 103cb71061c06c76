"""Checks hosts, installed trees, and files that others put into a tree; gathering facts is separate from the checks."""
