"""Clips with errors are drawn more often, by their share of the errors."""

import json

import numpy as np
import pytest

from tracknet_jax.data.hard_examples import clip_factors
from tracknet_jax.data.index import FrameIndex
from tracknet_jax.data.resident import draw_table
from tracknet_jax.errors import UserError


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "train.json"
    clips = {"a": {"accuracy": 0.7}, "b": {"accuracy": 0.9}, "elsewhere": {"accuracy": 0.0}}
    path.write_text(json.dumps({"clips": clips}))
    return path


def index_of(clips: dict[str, tuple[str, int]]) -> FrameIndex:
    """Frames of clips, given the sport and the number of frames of each."""
    return FrameIndex.of(
        {
            "clip": clip,
            "sport": sport,
            "frame": i,
            "xy": np.zeros(2, np.float32),
            "visibility": 1,
            "source_width": 32,
            "source_height": 16,
            "fps": "",
        }
        for clip, (sport, frames) in clips.items()
        for i in range(frames)
    )


def test_factors_follow_the_errors(scores):
    # Errors 0.3, 0.1 and, not scored, their mean 0.2.
    np.testing.assert_allclose(clip_factors(scores, ["a", "b", "c"], share=1.0), [1.5, 0.5, 1.0])
    np.testing.assert_allclose(clip_factors(scores, ["a", "b", "c"], share=0.5), [1.25, 0.75, 1.0])
    np.testing.assert_allclose(clip_factors(scores, ["a", "b", "c"], share=0.0), 1.0)


def test_a_sport_keeps_its_weight(scores):
    index = index_of({"a": ("tennis", 12), "b": ("tennis", 12), "c": ("padel", 22)})
    weights = {"tennis": 0.6, "padel": 0.4}
    table = draw_table(index, 3, sport_weights=weights, hard_examples=str(scores), hard_share=1.0)
    shares = np.diff(table["cumulative"], prepend=0)
    clips = index.clip[table["starts"]]
    np.testing.assert_allclose([shares[clips == i].sum() for i in range(3)], [0.45, 0.15, 0.4], atol=1e-6)


@pytest.mark.parametrize("text", ["", "{}", '{"clips": [1]}', '{"clips": {"a": {}}}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=r"x.json: not the JSON of `tracknet evaluate"):
        clip_factors(tmp_path / "x.json", ["a"], 0.5)


def test_scores_of_other_clips_are_refused(scores):
    with pytest.raises(UserError, match="none of the training clips"):
        clip_factors(scores, ["x"], 0.5)
