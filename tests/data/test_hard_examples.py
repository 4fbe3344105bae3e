"""Clips with errors are drawn more often, by their share of the errors."""

import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.data.hard_examples import clip_factors
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.windows.resident import draw_start, draw_table
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.utils.errors import UserError


@pytest.fixture
def scores(tmp_path):
    return write_scores(tmp_path, a=0.7, b=0.9, elsewhere=0.0)


def write_scores(folder: Path, **accuracies: float | Counts) -> Path:
    """What `tracknet evaluate --json` writes of tennis clips, given the counts or the accuracy of each."""
    path = folder / "train.json"
    counts = {
        clip: given.to_dict() if isinstance(given, Counts) else {"frames": 10, "accuracy": given}
        for clip, given in accuracies.items()
    }
    path.write_text(json.dumps({"clips": {clip: {**c, "sport": "tennis"} for clip, c in counts.items()}}))
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


def tennis(*names: str) -> list[tuple[str, str]]:
    return [(name, "tennis") for name in names]


def drawn_shares(index: FrameIndex, **options) -> np.ndarray:
    """The part of all draws that falls on each clip."""
    table = draw_table(index, 3, **options)
    keys = jax.random.split(jax.random.key(0), 400)
    draw = partial(draw_start, jnp.asarray(table["starts"]), jnp.asarray(table["cumulative"]))
    starts = np.asarray(jax.vmap(draw)(keys))
    drawn = np.bincount(index.clip[starts], minlength=len(index.sports)) / 400
    shares = np.diff(table["cumulative"], prepend=0)
    clips = index.clip[table["starts"]]
    shares = np.array([shares[clips == i].sum() for i in range(len(index.sports))])
    np.testing.assert_allclose(drawn, shares, atol=0.08)
    return shares


def test_factors_follow_the_errors(scores):
    # Errors 0.3, 0.1 and, not scored, their mean 0.2.
    clips = tennis("a", "b", "c")
    np.testing.assert_allclose(clip_factors(scores, clips, share=1.0), [1.5, 0.5, 1.0])
    np.testing.assert_allclose(clip_factors(scores, clips, share=0.5), [1.25, 0.75, 1.0])
    np.testing.assert_allclose(clip_factors(scores, clips, share=0.0), 1.0)


def test_a_clip_without_a_frame_that_counts_is_not_scored(tmp_path):
    path = write_scores(tmp_path, a=Counts(tp=7, fn=3), b=Counts(tp=9, fn=1), empty=Counts(ignored=10))
    np.testing.assert_allclose(clip_factors(path, tennis("a", "b", "empty"), share=1.0), [1.5, 0.5, 1.0])
    with pytest.raises(UserError, match="it scores none of the training clips"):
        clip_factors(path, tennis("empty"), share=1.0)


def test_scores_are_those_of_a_clip_of_the_same_sport(scores):
    clips = [("a", "tennis"), ("b", "tennis"), ("a", "padel")]
    np.testing.assert_allclose(clip_factors(scores, clips, share=1.0), [1.5, 0.5, 1.0])


def test_a_sport_keeps_its_weight(scores):
    index = index_of({"a": ("tennis", 12), "b": ("tennis", 12), "c": ("padel", 22)})
    weights = {"tennis": 0.6, "padel": 0.4}
    shares = drawn_shares(index, sport_weights=weights, hard_examples=str(scores), hard_share=1.0)
    np.testing.assert_allclose(shares, [0.45, 0.15, 0.4], atol=1e-6)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_clips_without_errors_are_drawn_alike(tmp_path, share):
    index = index_of({"a": ("tennis", 12), "b": ("tennis", 12), "c": ("tennis", 22)})
    path = write_scores(tmp_path, a=1.0, b=1.0)
    shares = drawn_shares(index, hard_examples=str(path), hard_share=share)
    np.testing.assert_allclose(shares, [0.25, 0.25, 0.5], atol=1e-6)


def test_a_sport_without_errors_keeps_its_weight(tmp_path):
    """As the other sport has errors, the factors of this one are all 0."""
    index = index_of({"a": ("tennis", 12), "b": ("tennis", 22), "c": ("padel", 12), "d": ("padel", 12)})
    path = write_scores(tmp_path, a=1.0, b=1.0, c=0.5, d=0.9)
    scores = json.loads(path.read_text())
    for clip in "cd":
        scores["clips"][clip]["sport"] = "padel"
    path.write_text(json.dumps(scores))
    weights = {"tennis": 0.6, "padel": 0.4}
    shares = drawn_shares(index, sport_weights=weights, hard_examples=str(path), hard_share=1.0)
    np.testing.assert_allclose(shares, [0.2, 0.4, 1 / 3, 1 / 15], atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"sport_weights": {"tennis": 0.0, "padel": 1.0}},
        {"sport_weights": {"tennis": -1.0}},
        {"sport_weights": {"tennis": float("nan")}},
        {"hard_share": 3.0},
        {"hard_share": float("nan")},
    ],
)
def test_weights_that_are_no_distribution_are_refused(tmp_path, options):
    scores = write_scores(tmp_path, a=0.2, b=0.9)
    index = index_of({"a": ("tennis", 12), "b": ("tennis", 12)})
    with pytest.raises(
        UserError, match="they give no distribution over the windows of tennis; weights must be"
    ):
        draw_table(index, 3, hard_examples=str(scores), **options)


@pytest.mark.parametrize("accuracy", [float("nan"), -0.1, 1.5])
def test_an_accuracy_that_is_none_is_refused(tmp_path, accuracy):
    path = write_scores(tmp_path, a=accuracy, b=0.9)
    with pytest.raises(UserError, match=f"train.json: clip a has the accuracy {accuracy:g}, it must lie"):
        clip_factors(path, tennis("a", "b"), 0.5)


@pytest.mark.parametrize("text", ["", "{}", '{"clips": [1]}', '{"clips": {"a": {}}}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=r"x.json: not the JSON of `tracknet evaluate"):
        clip_factors(tmp_path / "x.json", tennis("a"), 0.5)


def test_scores_of_other_clips_are_refused(scores):
    with pytest.raises(UserError, match="none of the training clips"):
        clip_factors(scores, tennis("x"), 0.5)
