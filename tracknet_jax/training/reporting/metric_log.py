"""What a run reports: `metrics.jsonl`, one JSON object a line, and TensorBoard. A resumed run repeats nothing."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.images import encode_picture


class MetricLog:
    """Writes the numbers and pictures of one working directory; a context manager.

    A run that was killed may have written lines after its last checkpoint, `step`. They are removed first: the
    resumed run writes them again. Methods return when everything is handed to the system. Raises `UserError` if the
    disk is full.
    """

    def __init__(self, workdir: Path, step: int):
        self._path = workdir / "metrics.jsonl"
        _cut_after(self._path, step)
        try:
            (workdir / "tensorboard").mkdir(exist_ok=True)
            self._lines = self._path.open("a", encoding="utf-8")
            # Not SummaryWriter: it writes from a thread, a full disk ends that thread, and then its queue blocks us.
            self._board = EventsWriter(str(workdir / "tensorboard" / "events"))
        except OSError as error:
            raise UserError(f"{workdir}: cannot be written ({error.strerror or error})") from error
        start = SessionLog(status=SessionLog.START)  # TensorBoard drops what it has from this step on
        self._write("", Event(wall_time=time.time(), step=step + 1, session_log=start))

    def __enter__(self) -> "MetricLog":
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):  # all has been flushed, and a full disk has been reported
            self._lines.close()
            self._board.close()

    def scalars(self, step: int, values: dict[str, Any]) -> None:
        """One line, and a point of one TensorBoard curve for each number."""
        points = Summary(value=[Summary.Value(tag=name, simple_value=x) for name, x in values.items()])
        self._write(json.dumps({"step": step, **values}) + "\n", _event(step, points))

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """An RGB picture `(H, W, 3)` uint8 for TensorBoard."""
        height, width, colours = image.shape
        png = Summary.Image(
            height=height, width=width, colorspace=colours, encoded_image_string=encode_picture(image)
        )
        self._write("", _event(step, Summary(value=[Summary.Value(tag=name, image=png)])))

    def _write(self, line: str, event: Event) -> None:
        try:
            self._lines.write(line)
            self._lines.flush()
            self._board.write_event(event)
            self._board.flush()
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written ({error.strerror or error})") from error


class SilentLog:
    """The log of a process that does not report."""

    def __enter__(self) -> "SilentLog":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def scalars(self, step: int, values: dict[str, Any]) -> None:
        """Writes nothing."""

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Writes nothing."""


def _event(step: int, summary: Summary) -> Event:
    return Event(wall_time=time.time(), step=step, summary=summary)


def _cut_after(path: Path, step: int) -> None:
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:  # the line that was being written when the run was killed
            continue
        if row["step"] <= step:
            kept.append(line)
    with replacing(path) as partial:
        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
