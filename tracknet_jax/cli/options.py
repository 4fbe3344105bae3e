"""How options look in `--help`."""

from typing import Any

import tyro


def option(metavar: str | None = None) -> Any:
    """A command-line option whose help text says all there is to say about its default."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")
