"""Facts about one binary file, and nothing else."""
