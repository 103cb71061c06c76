"""Runs build steps and keeps their results in a content-addressed store."""
