"""Builds many distributions from one file: the product of its axes, one after another."""
