"""The background: the reference's median, exact on short clips, sampled and bounded on long ones."""

import numpy as np
import pytest

from tests.helpers.reference import load_golden
from tracknet_jax.data import median_background
from tracknet_jax.data.median_background import SAMPLES, clip_background, estimate_background
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.models.background_input import stack_with_background
from tracknet_jax.utils.errors import UserError


def test_it_is_the_references_median_cut_to_whole_levels():
    golden, _ = load_golden("signals")
    ours = estimate_background(golden["background/frames"])
    np.testing.assert_array_equal(ours, np.trunc(golden["background/median_float"]))
    np.testing.assert_array_equal(ours.transpose(2, 0, 1), golden["background/concat/window3"][:3])


@pytest.mark.parametrize("mode", ["concat", "subtract", "subtract_concat"])
def test_planes_of_the_reference(mode):
    """Differences to the cut median are up to 1.5 levels larger, and end at 255 where the reference's wrap."""
    golden, _ = load_golden("signals")
    frames, reference = golden["background/frames"], golden[f"background/{mode}/window3"].astype(int)
    window = frames[3:6].astype(np.float32)[None] / 255
    planes = stack_with_background(window, estimate_background(frames).astype(np.float32)[None] / 255, mode)
    ours = np.asarray(planes)[0].transpose(2, 0, 1) * 255
    wraps = np.zeros(reference.shape, bool)
    if mode != "concat":
        differences = np.abs(frames[3:6] - golden["background/median_float"]).sum(-1)
        places = [3, 7, 11] if mode == "subtract_concat" else [0, 1, 2]
        wraps[places] = differences >= 256
        assert 0 < wraps.mean() < 0.5
        np.testing.assert_allclose(ours[wraps], 255)
    np.testing.assert_allclose(ours[~wraps], reference[~wraps], atol=1e-3 if mode == "concat" else 2.5)


@pytest.mark.parametrize("count", [1, 2, 7, SAMPLES - 1, SAMPLES])
def test_exact_on_short_clips(count):
    frames = np.random.default_rng(count).integers(0, 256, (count, 3, 4, 3), np.uint8)
    ordered = np.sort(frames, axis=0).astype(int)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) // 2
    np.testing.assert_array_equal(estimate_background(iter(frames)), middle)


def test_long_clips_are_sampled_evenly_from_end_to_end(monkeypatch):
    monkeypatch.setattr(
        median_background, "median_image", lambda images: [int(image[0, 0, 0]) for image in images]
    )
    monkeypatch.setattr(median_background, "SAMPLES", 8)
    for count in range(1, 200):
        frames = (np.full((1, 1, 3), i, np.uint8) for i in range(count))
        kept = estimate_background(frames)
        assert len(kept) == count if count <= 8 else 4 < len(kept) <= 8
        assert kept[0] == 0
        spacing = np.unique(np.diff(kept))
        assert len(spacing) <= 1
        assert count - kept[-1] <= (spacing[0] if len(spacing) else 1)


def test_only_frames_that_are_kept_are_prepared():
    prepared = []

    def halve(frame):
        prepared.append(1)
        return frame[::2]

    frames = (np.full((4, 2, 3), 7, np.uint8) for _ in range(10 * SAMPLES))
    assert estimate_background(frames, halve).shape == (2, 2, 3)
    assert len(prepared) < 4 * SAMPLES


def test_a_passing_ball_leaves_no_trace_and_clips_are_kept_apart():
    clip = np.repeat([0, 1], [300, 20])
    index = FrameIndex(
        ("a", "b"),
        ("", ""),
        clip,
        np.arange(320),
        np.zeros((320, 2)),
        np.ones(320, np.uint8),
        np.ones((320, 2)),
    )
    read = []

    def image(row):
        read.append(row)
        frame = np.full((4, 32, 3), 50 + 100 * clip[row], np.uint8)
        frame[1, row % 32] = 255
        return frame

    for number, level in enumerate((50, 150)):
        np.testing.assert_array_equal(clip_background(index, number, image), level)
    assert len(read) < 300


def test_no_frames():
    with pytest.raises(UserError, match="no frame"):
        estimate_background([])
