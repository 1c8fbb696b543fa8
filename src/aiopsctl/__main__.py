"""`python -m aiopsctl`."""

from aiopsctl.cli.app import main

main()
