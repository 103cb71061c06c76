"""Smaller archives made of a full one, and what an archive's bytes are spent on."""
