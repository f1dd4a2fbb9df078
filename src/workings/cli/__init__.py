"""The command line: `workings lesson`, `train`, `explain` and `write`."""

from workings.cli.group import main

__all__ = ["main"]
