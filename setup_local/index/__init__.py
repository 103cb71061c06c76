"""The index of built distributions: written for tools and people, read to get one of them."""
