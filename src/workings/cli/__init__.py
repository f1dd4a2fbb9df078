"""The command line: `workings lesson`, `train`, `summary`, `explain`, `draw` and `write`."""

from workings.cli.group import main

__all__ = ["main"]
