"""Opens a packed archive and validates it; independent of plan and build."""
