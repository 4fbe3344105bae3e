"""The progress bar of the commands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)


class Speed(ProgressColumn):
    """Units per second."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> str:
        return f"{task.speed:.0f} {self._unit}/s" if task.speed else ""


@contextmanager
def progress_bar(unit: str = "frames") -> Iterator[Progress]:
    """A bar on stderr with units done, units per second and time left; gone when done, silent in a pipe."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(unit),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # what is printed meanwhile goes above the bar, unless to a file
    ) as bar:
        yield bar
