"""Windows against a twin that tries every start and every frame."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.little_clips import ball_at, draw_frame
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import build_dataset
from tracknet_jax.data.tfds.frame_source import FrameSource
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.windows.frame_windows import FrameWindows, window_starts
from tracknet_jax.utils.errors import UserError


def index_of(clips: dict[str, list[int]]) -> FrameIndex:
    rows = [(name, frame) for name, frames in clips.items() for frame in frames]
    return FrameIndex.of(
        {
            "clip": name,
            "sport": "",
            "frame": frame,
            "xy": np.zeros(2, np.float32),
            "visibility": 1,
            "source_width": 8,
            "source_height": 8,
        }
        for name, frame in rows
    )


def brute_force(clips, length, stride):
    """Lists of (clip, frame number): from each start, walk frame by frame and see whether all are there."""
    windows = []
    for name, frames in clips.items():
        since_start = 0
        for frame in frames:
            since_start = since_start + 1 if frame - 1 in frames else 0
            whole = all(frame + k in frames for k in range(length))
            if whole and since_start % stride == 0:
                windows.append([(name, frame + k) for k in range(length)])
    return windows


CLIPS = {
    "whole": list(range(30)),
    "gaps": [0, 1, 2, 5, 6, 7, 8, 10, 20, 21, 22, 23, 24],
    "single": [3],
    "goes on where the last ended": [4, 5, 6, 7, 8, 9],
    "offset": list(range(100, 109)),
}


@pytest.mark.parametrize("length", [1, 2, 3, 8])
@pytest.mark.parametrize("stride", [1, 2, 3, 8])
def test_windows_are_those_of_brute_force(length, stride):
    index = index_of(CLIPS)
    starts = window_starts(index, length, stride)
    windows = FrameWindows(SimpleNamespace(index=index, image=np.array), starts, length)
    found = [
        [(index.clip_names[index.clip[row]], int(index.frame[row])) for row in windows[i]["frames"]]
        for i in range(len(windows))
    ]
    assert found == brute_force(CLIPS, length, stride)


def test_an_empty_index_has_no_windows():
    assert window_starts(index_of({}), 3, 1).tolist() == []


@pytest.fixture
def dataset(tennis_folder, tmp_path):
    build_dataset(assign_splits(find_clips(tennis_folder)), tmp_path / "set", size=(96, 64))
    return tmp_path / "set"


def test_window_element(dataset):
    source = FrameSource(dataset)
    windows = FrameWindows(source, window_starts(source.index, 3, 1), 3)
    assert len(windows) == 4 + (1 + 2) + 5
    window = pickle.loads(pickle.dumps(windows))[5]  # the second run of the clip with gaps
    assert {name: (value.shape, str(value.dtype)) for name, value in window.items()} == {
        "frames": ((3, 64, 96, 3), "uint8"),
        "xy": ((3, 2), "float32"),
        "visibility": ((3,), "uint8"),
    }
    np.testing.assert_allclose(window["xy"], [ball_at(i) for i in (5, 6, 7)], atol=1e-4)
    for frame, number in zip(window["frames"], (5, 6, 7), strict=True):
        assert np.abs(frame.astype(int) - draw_frame(number)[..., ::-1]).mean() < 6


def test_windows_that_cannot_be():
    with pytest.raises(UserError, match="must be 1 or more"):
        window_starts(index_of(CLIPS), 3, stride=0)
