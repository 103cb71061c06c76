"""Opens a packed archive and judges it; knows nothing of plan or build."""
