"""Validation windows cover every frame once, and scores are those of known predictions."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL
from tracknet_jax.models.tracknet import TrackNet, TrackNetOutput, init_variables
from tracknet_jax.training import validation
from tracknet_jax.training.reporting.prediction_grid import prediction_grid
from tracknet_jax.training.train_config import EvalConfig
from tracknet_jax.training.validation import ValidationClip, Validator, frame_windows
from tracknet_jax.utils.images import write_picture


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_frame_has_a_map(length, outputs):
    windows = frame_windows(length, replace(MODEL, outputs=outputs))
    assert {int(i) for window in windows for i in window[-outputs:]} == set(range(length))
    for window in windows:
        assert (np.diff(window) == 1).all() or window[0] == 0
        assert 0 <= window.min() <= window.max() < length


def brightest_pixel(self, variables, frames, background):
    """A network that finds white pixels."""
    return TrackNetOutput(jnp.where(frames.max(-1) > 200, 9.0, -9.0))


@pytest.fixture
def clips():
    """Two sports, 5 and 4 frames with a white pixel at (10 + i, 8); labels right, wrong, absent, unlabelled."""
    made = []
    for sport, length in (("tennis", 5), ("padel", 4)):
        frames = np.zeros((length, MODEL.height, MODEL.width, 3), np.uint8)
        xy = np.stack([10.0 + np.arange(length), np.full(length, 8.0)], 1).astype(np.float32)
        for i, (x, y) in enumerate(xy.astype(int)):
            frames[i, y, x] = 255
        made.append(ValidationClip(sport, frames, xy, np.ones(length, np.uint8)))
    tennis = made[0]
    tennis.xy[1, 0] += 9.0  # at 512 wide that is far off
    tennis.visibility[2] = 0
    tennis.visibility[3] = 255
    tennis.frames[4] = 0
    return made


def test_scores_by_sport(clips, monkeypatch):
    monkeypatch.setattr(TrackNet, "apply", brightest_pixel)
    scores = Validator(MODEL, EvalConfig(), clips).scores({"params": jnp.zeros(())})
    tennis, total = scores.sports["tennis"], scores.total
    assert (tennis.tp, tennis.fp1, tennis.fp2, tennis.fn, tennis.ignored) == (1, 1, 1, 1, 1)
    assert (scores.sports["padel"].tp, scores.sports["padel"].frames) == (4, 4)
    assert (total.tp, total.frames) == (5, 8)
    values = scores.to_dict()
    assert values["val/f1_hit"] == pytest.approx(total.f1_hit)
    assert values["val/padel/f1"] == 1.0


@pytest.mark.parametrize("count", [2, 5])
def test_processes_share_the_windows(clips, monkeypatch, count):
    """Each looks at its own, and all come to the counts of one process alone."""
    monkeypatch.setattr(TrackNet, "apply", brightest_pixel)
    validator, weights, parts = Validator(MODEL, EvalConfig(), clips), {"params": jnp.zeros(())}, []
    expected = validator.scores(weights)
    monkeypatch.setattr(jax, "process_count", lambda: count)
    for index in range(count):
        monkeypatch.setattr(jax, "process_index", lambda index=index: index)
        monkeypatch.setattr(validation, "gather_rows", lambda rows: parts.append(rows) or rows)
        validator.scores(weights)
    windows = sum(len(frame_windows(len(clip.frames), MODEL)) for clip in clips)
    assert {len(part) for part in parts} == {-(-windows // count)}
    monkeypatch.setattr(validation, "gather_rows", lambda rows: np.concatenate(parts))
    assert validator.scores(weights) == expected


def test_a_batch_is_put_together_while_another_is_computed(clips, monkeypatch):
    validator, events = Validator(MODEL, EvalConfig(batch_size=1), clips * 4), []

    class Result:
        def __init__(self, number):
            self.xy, self.number = self, number

        def __array__(self, dtype=None, copy=None):
            events.append(f"read {self.number}")
            return np.zeros((8, MODEL.outputs, 2), np.float32)

    def predict(variables, inputs):
        number = sum(event.startswith("begin") for event in events)
        events.append(f"begin {number}")
        return None, Result(number)

    monkeypatch.setattr(validator, "_predict", predict)
    validator.scores({"params": jnp.zeros(())})
    assert events == ["begin 0", "begin 1", "read 0", "read 1"]


def test_picture_of_predictions(clips, tmp_path):
    validator = Validator(MODEL, EvalConfig(batch_size=3), clips)
    examples = validator.examples(init_variables(MODEL, jax.random.key(0)), 3)
    image = prediction_grid(examples)
    assert image.shape == (3 * MODEL.height, 2 * MODEL.width, 3)
    write_picture(tmp_path / "pictures/a.png", image)
    assert (tmp_path / "pictures/a.png").read_bytes()[:4] == b"\x89PNG"
