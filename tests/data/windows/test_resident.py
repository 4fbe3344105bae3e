"""Decoded frames against what was written into them."""

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.records import RECORDS
from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.data.tfds.records import decode_jpeg
from tracknet_jax.data.windows.resident import fingerprint, keep_frames
from tracknet_jax.utils.errors import UserError


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
