"""`python -m setup_local` is the command `setup-local`."""

from setup_local.cli import main

main()
