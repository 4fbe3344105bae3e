"""What a run reports: `metrics.jsonl` (one JSON object a line) and TensorBoard, both without gaps after a resume."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import SummaryWriter

from tracknet_jax.files import replacing


class MetricLog:
    """Writes the numbers and pictures of one working directory; a context manager.

    Lines after `step`, left by a run that was killed behind its last checkpoint, are taken out first: the
    resumed run writes them again.
    """

    def __init__(self, workdir: Path, step: int):
        self._path = workdir / "metrics.jsonl"
        _cut_after(self._path, step)
        self._lines = self._path.open("a", encoding="utf-8")
        self._board = SummaryWriter(str(workdir / "tensorboard"), purge_step=step + 1)

    def __enter__(self) -> "MetricLog":
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._board.close()

    def scalars(self, step: int, values: dict[str, Any]) -> None:
        """One line, and one TensorBoard curve for each number."""
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """An RGB picture `(H, W, 3)` uint8 for TensorBoard."""
        self._board.add_image(name, image, step, dataformats="HWC")


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
