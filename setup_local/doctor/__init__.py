"""Judges hosts, installed trees, and what others put into a tree; facts are gathered apart from the judging."""
