"""Many distributions from one file: the product of its axes, built one after another."""
