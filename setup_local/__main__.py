"""Runs the command `setup-local` for `python -m setup_local`."""

from setup_local.cli import main

main()
