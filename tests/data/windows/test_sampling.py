"""The windows that are drawn: each where it should be, as often as it should be."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest
from scipy import stats

from tests.helpers.records import RECORDS
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.windows.resident import keep_frames
from tracknet_jax.data.windows.sampling import draw_starts, draw_windows, sampling_table, window_arrays
from tracknet_jax.utils.errors import UserError


def index_of(*clips: tuple[str, int]) -> FrameIndex:
    """Clips of so many frames of a sport, none of them labelled."""
    sports, lengths = zip(*clips, strict=True)
    frames = sum(lengths)
    return FrameIndex(
        clip_names=tuple(map(str, range(len(clips)))),
        sports=sports,
        clip=np.repeat(np.arange(len(clips), dtype=np.int32), lengths),
        frame=np.concatenate([np.arange(length) for length in lengths]),
        xy=np.broadcast_to(np.float32(np.nan), (frames, 2)),
        visibility=np.broadcast_to(np.uint8(255), frames),
        source_size=np.broadcast_to(np.int32(1), (frames, 2)),
    )


def arrays_of(resident, *drawn, **options):
    return window_arrays(resident, sampling_table(resident.index, *drawn, **options))


def test_every_window_is_consecutive_and_all_are_drawn(tmp_path: Path):
    resident = keep_frames(RECORDS, tmp_path, "one")
    arrays = arrays_of(resident, length=3)
    batch = jax.jit(partial(draw_windows, length=3))(arrays, jax.random.split(jax.random.key(0), 400))
    first = np.asarray(batch["xy"][:, 0, 0])
    np.testing.assert_array_equal(np.asarray(batch["xy"][..., 0]) - first[:, None], [[0, 1, 2]] * 400)
    np.testing.assert_allclose(
        np.asarray(batch["frames"]).mean((2, 3, 4)), 10 * batch["xy"][..., 0], atol=1.5
    )
    assert len(arrays["starts"]) == 4 + 1 + 2
    assert set(first.tolist()) == {0, 1, 2, 3, 5, 6}


def test_a_window_comes_with_the_background_of_its_clip(tmp_path: Path):
    resident = keep_frames(RECORDS, tmp_path, "one")
    levels = np.array([7, 9], np.uint8)[:, None, None, None]
    backgrounds = np.broadcast_to(levels, (2, *resident.frames.shape[1:]))
    arrays = arrays_of(replace(resident, backgrounds=backgrounds), length=3)
    batch = jax.jit(partial(draw_windows, length=3))(arrays, jax.random.split(jax.random.key(0), 200))
    assert batch["background"].shape == (200, 16, 32, 3)
    # Frame numbers of the second clip end at 8, and a window of the first starts at 3 at the latest.
    starts = np.asarray(batch["xy"][:, 0, 0])
    shown = np.asarray(batch["background"][:, 0, 0, 0])
    assert set(shown[starts > 3].tolist()) == {9}
    assert set(shown[(starts > 0) & (starts <= 3)].tolist()) == {7}
    assert set(shown[starts == 0].tolist()) == {7, 9}


def test_random_split_draws_from_its_part(tmp_path: Path):
    resident = keep_frames(RECORDS, tmp_path, "one")
    whole, part = (arrays_of(resident, 3, random_split=split)["starts"] for split in (False, True))
    assert len(part) == int(0.7 * len(whole))
    assert set(part.tolist()) < set(whole.tolist())
    unlabelled = [{**RECORDS[0], "visibility": 255}, *RECORDS[1:]]
    with pytest.raises(UserError, match="triplet_random: a frame has no label"):
        arrays_of(keep_frames(unlabelled, tmp_path / "b", "two"), 3, random_split=True)


def drawn(table, draws, seed=0):
    """The first frames (draws,) of drawn windows."""
    keys = jax.random.split(jax.random.key(seed), draws)
    return np.asarray(jax.jit(draw_starts)(table, keys))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({}, (0.25, 0.75)),  # by number of windows
        ({"golf": 1.0}, (0.25, 0.75)),  # a recipe for other sports
        ({"tennis": 3.0, "padel": 2.0, "golf": 1.0}, (0.6, 0.4)),
        ({"tennis": 0.0, "padel": 2.0}, (0.0, 1.0)),
        ({"tennis": 1.0, "padel": 0.0}, (1.0, 0.0)),
    ],
)
def test_a_sport_has_its_weight_and_a_clip_its_share_of_windows(weights, expected):
    index = index_of(("tennis", 12), ("padel", 12), ("tennis", 12), ("padel", 52))
    counts = np.bincount(
        index.clip[drawn(sampling_table(index, 3, sport_weights=weights), 4000)], minlength=4
    )
    tennis, padel = expected
    shares = np.array([tennis / 2, padel / 6, tennis / 2, padel * 5 / 6])
    assert (counts[shares == 0] == 0).all()
    assert stats.chisquare(counts[shares > 0], 4000 * shares[shares > 0]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (
            {"tennis": 0.0, "padel": 1.0},
            "they give no distribution over the windows of tennis; weights must be",
        ),
        ({"tennis": -1.0}, "they give no distribution"),
        ({"tennis": float("nan")}, "they give no distribution"),
    ],
)
def test_weights_that_are_no_distribution_are_refused(weights, told):
    with pytest.raises(UserError, match=told):
        sampling_table(index_of(("tennis", 12)), 3, sport_weights=weights)


def test_all_sports_have_a_weight_or_none():
    with pytest.raises(UserError, match="no weight for 'padel'"):
        sampling_table(index_of(("tennis", 12), ("padel", 12)), 3, sport_weights={"tennis": 1.0, "golf": 1.0})


def test_ten_million_windows_are_drawn_alike():
    """More than float32 tells apart: every part of the range, and every remainder, has its share of the draws."""
    windows, draws = 10_000_000, 200_000
    starts = drawn(sampling_table(index_of(("tennis", windows + 2)), 3), draws)
    assert starts.min() >= 0
    assert starts.max() < windows
    for parts in (starts * 100 // windows, starts % 64):
        assert stats.chisquare(np.bincount(parts)).pvalue > 1e-3
    # Of n draws with replacement from N alike about n (1 - n / 2N) differ; from 84 % of them there would be fewer.
    expected = windows * -np.expm1(draws * np.log1p(-1 / windows))
    assert abs(len(np.unique(starts)) - expected) < 5 * np.sqrt(draws**2 / windows / 2)


def test_clips_too_short_for_a_window(tmp_path: Path):
    resident = keep_frames(RECORDS[:2], tmp_path, "short")
    with pytest.raises(UserError, match="3 frames in a row"):
        arrays_of(resident, 3)
