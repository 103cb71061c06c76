"""Turns catalogs and a request into one frozen plan; pure."""
