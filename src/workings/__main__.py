"""`python -m workings`: the command line."""

from workings.cli import main

main(prog_name="workings")
