"""The catalogs: sources, libraries, extension modules, targets (data and its models)."""
