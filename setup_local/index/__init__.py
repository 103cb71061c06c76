"""The index of built distributions: written for tools and people, read to obtain a distribution."""
