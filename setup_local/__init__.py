"""Generator of static-extension CPython distributions."""
