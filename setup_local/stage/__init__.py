"""Build results become one tree and one deterministic archive."""
