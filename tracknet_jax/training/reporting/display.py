"""What a run shows while it works: a live bar on a terminal, plain lines in a log file."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class TrainingDisplay:
    """A progress bar with loss, validation F1, frames a second and the time left; nothing unless `shown`."""

    def __init__(self, start: int, total: int, metric: str, shown: bool = True):
        self._console = Console(stderr=True, quiet=not shown)
        self._progress = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("loss {task.fields[loss]}  {task.fields[metric]} {task.fields[score]}"),
            TextColumn("{task.fields[speed]} frames/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._total, self._metric = total, metric
        self._begun, self._first = time.monotonic(), start
        self._fields: dict[str, Any] = {"loss": "-", "metric": metric, "score": "-", "speed": "-"}
        self._task = self._progress.add_task("train", total=total, completed=start, **self._fields)

    def __enter__(self) -> "TrainingDisplay":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ):
        self._progress.stop()

    def advance(self, step: int) -> None:
        """One step done."""
        self._progress.update(self._task, completed=step)

    def trained(self, step: int, loss: float, frames_per_second: float) -> None:
        """Numbers of the last few steps."""
        self._show(loss=f"{loss:.3e}", speed=f"{frames_per_second:.0f}")
        left = (time.monotonic() - self._begun) / max(step - self._first, 1) * (self._total - step)
        self._line(
            f"step {step}/{self._total}  loss {loss:.3e}  {frames_per_second:.0f} frames/s  left {left:.0f} s"
        )

    def evaluated(self, step: int, score: float, best: bool) -> None:
        """The score of an evaluation."""
        self._show(score=f"{score:.4f}")
        self.note(f"step {step}  {self._metric} {score:.4f}{'  best so far' if best else ''}")

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _show(self, **fields: str) -> None:
        self._fields |= fields
        self._progress.update(self._task, **self._fields)

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            self.note(text)
