"""The metric log: lines, curves, and no repetition after a run was killed."""

import json

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from tracknet_jax.training.reporting.metric_log import MetricLog
from tracknet_jax.utils.errors import UserError


def events(folder):
    """All TensorBoard events of a folder, read by the format's definition: length, crc, data, crc."""
    for file in sorted(folder.glob("events.*")):
        data, at = file.read_bytes(), 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 8], "little")
            yield Event.FromString(data[at + 12 : at + 12 + length])
            at += 16 + length


def test_lines_and_curves(tmp_path):
    with MetricLog(tmp_path, 0) as log:
        log.scalars(3, {"loss": 0.5, "lr": 0.25})
        log.picture(3, "predictions", np.zeros((4, 6, 3), np.uint8))
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 3, "loss": 0.5, "lr": 0.25}\n'
    values = [value for event in events(tmp_path / "tensorboard") for value in event.summary.value]
    assert [(value.tag, value.simple_value) for value in values[:2]] == [("loss", 0.5), ("lr", 0.25)]
    assert (values[2].image.width, values[2].image.height) == (6, 4)
    assert values[2].image.encoded_image_string.startswith(b"\x89PNG")


def test_what_came_after_the_checkpoint_is_taken_back(tmp_path):
    with MetricLog(tmp_path, 0) as log:
        for step in (1, 2, 3):
            log.scalars(step, {"loss": float(step)})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')  # killed while writing
    with MetricLog(tmp_path, 2) as log:
        log.scalars(3, {"loss": 9.0})
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], row["loss"]) for row in rows] == [(1, 1.0), (2, 2.0), (3, 9.0)]
    starts = [event.step for event in events(tmp_path / "tensorboard") if event.HasField("session_log")]
    assert 3 in starts


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        MetricLog(tmp_path, 0)
