"""Smaller archives made from a full one, and the sizes of an archive's parts."""
