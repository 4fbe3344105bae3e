"""The device-resident pipeline against what was written into it."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest

from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.data.tfds.records import decode_jpeg
from tracknet_jax.data.windows.resident import (
    draw_table,
    draw_windows,
    fingerprint,
    keep_frames,
    window_arrays,
)
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.images import encode_picture


def record(clip: str, sport: str, frame: int) -> dict:
    grey = np.full((16, 32, 3), 10 * frame, np.uint8)
    return {
        "clip": clip,
        "sport": sport,
        "frame": frame,
        "image": encode_picture(grey, ".jpg"),
        "xy": np.array([frame, 1], np.float32),
        "visibility": 1,
        "source_width": 32,
        "source_height": 16,
        "fps": "",
    }


RECORDS = [record("a", "tennis", i) for i in range(6)] + [
    record("b", "padel", i)
    for i in (0, 1, 2, 5, 6, 7, 8)  # frames 3 and 4 are missing
]


def arrays_of(resident, *drawn, **options):
    return window_arrays(resident, draw_table(resident.index, *drawn, **options))


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


def test_sport_weights_share_out_the_draws(tmp_path: Path):
    resident = keep_frames(RECORDS, tmp_path, "one")
    arrays = arrays_of(resident, length=3, sport_weights={"tennis": 1.0, "padel": 3.0})
    starts = arrays["starts"]
    shares = np.diff(arrays["cumulative"], prepend=0)
    assert shares[starts < 6].sum() == pytest.approx(0.25)
    assert shares[starts >= 6].sum() == pytest.approx(0.75)
    elsewhere = arrays_of(resident, 3, sport_weights={"golf": 1.0})  # a recipe for other sports
    np.testing.assert_allclose(np.diff(elsewhere["cumulative"], prepend=0), 1 / 7, rtol=1e-5)
    with pytest.raises(UserError, match="padel"):
        arrays_of(resident, 3, sport_weights={"tennis": 1.0, "golf": 1.0})


def test_kept_frames_are_reused_until_the_clips_change(tmp_path: Path):
    keep_frames(RECORDS, tmp_path, "one")
    again = keep_frames(iter(()), tmp_path, "one")  # nothing is read: the files are there
    assert again.frames.shape == (13, 16, 32, 3)
    with pytest.raises(UserError, match="empty"):
        keep_frames(iter(()), tmp_path, "two")
    assert keep_frames(RECORDS[:6], tmp_path, "one").frames.shape[0] == 6  # and half-changed is not trusted


def test_pictures_are_decoded_in_parallel_and_kept_in_order(tmp_path: Path, monkeypatch):
    both = threading.Barrier(2)  # each waits until another is decoded at the same time

    def decode(image):
        both.wait(timeout=60)
        return decode_jpeg(image)

    monkeypatch.setattr("tracknet_jax.data.windows.resident.decode_jpeg", decode)
    resident = keep_frames(RECORDS[:6], tmp_path, "one", workers=2)
    np.testing.assert_array_equal(resident.frames, [decode_jpeg(r["image"]) for r in RECORDS[:6]])
    np.testing.assert_array_equal(resident.index.frame, range(6))


def test_fingerprint_sees_labels_and_files(tmp_path: Path):
    video = tmp_path / "v.mp4"
    video.write_bytes(b"1")
    xy = np.zeros((1, 2), np.float32)

    def clip(xy):
        return Clip("c", video, Labels(np.zeros(1, np.int64), xy, np.ones(1, np.uint8)))

    before = fingerprint([clip(xy)], (32, 16))
    assert before == fingerprint([clip(xy.copy())], (32, 16))
    assert before != fingerprint([clip(xy + 1)], (32, 16))
    video.write_bytes(b"22")
    assert before != fingerprint([clip(xy)], (32, 16))


def test_clips_too_short_for_a_window(tmp_path: Path):
    resident = keep_frames(RECORDS[:2], tmp_path, "short")
    with pytest.raises(UserError, match="3 frames in a row"):
        arrays_of(resident, 3)
