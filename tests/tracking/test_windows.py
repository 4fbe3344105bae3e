"""Windows and ensembles against a brute-force NumPy twin that looks at all windows of the whole video."""

from itertools import chain

import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_logits, bright_dot_release
from tests.helpers.frames import frames_of
from tracknet_jax.heatmaps.ensemble import ensemble_weights
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.windows import chunks, windows


def twin_maps(video, length, outputs, overlap):
    """Each frame's map from all windows that end in frame `outputs - 1` or later, one at a time."""
    count = len(video)
    padded = np.concatenate([np.repeat(video[:1], length, axis=0), video]).astype(np.float32)
    ends = range(min(outputs, count) - 1, count)
    if overlap == "none":  # outputs tile the video, the last window ends with it
        ends = sorted({*range(outputs - 1, count, outputs), count - 1})
    weights = [min(i + 1, outputs - i) if overlap == "weighted" else 1 for i in range(outputs)]
    seen = [[] for _ in video]
    for end in ends:
        window = padded[end + 1 : end + 1 + length]
        maps = 1 / (1 + np.exp(-bright_dot_logits(window[None], outputs)[0]))
        for position, frame in enumerate(range(end - outputs + 1, end + 1)):
            if frame >= 0:
                seen[frame].append((weights[position], maps[position]))
    if overlap == "none":
        seen = [entries[:1] for entries in seen]  # tiles first; the moved window only fills what they leave
    return np.stack([sum(w * m for w, m in entries) / sum(w for w, _ in entries) for entries in seen])


@pytest.fixture
def kept_maps(monkeypatch):
    """The maps that the tracker would decode, in order: its decoder passes them on, and they are kept here."""
    kept = []

    def read(frames, maps, keep):
        kept.extend(np.asarray(maps)[keep])
        return iter(frames)

    monkeypatch.setattr("tracknet_jax.tracking.detector.decode", lambda maps, *args, several: maps)
    monkeypatch.setattr("tracknet_jax.tracking.tracker._with_candidates", read)
    return kept


@pytest.mark.parametrize(("length", "outputs"), [(3, 3), (3, 1), (4, 2), (1, 1), (8, 8)])
def test_every_frame_gets_the_mean_of_its_windows(kept_maps, length, outputs):
    video = np.random.default_rng(0).integers(0, 256, (23, 4, 8, 3), dtype=np.uint8)
    # Its own name keeps these compiled functions apart from those with the real decoder.
    release = bright_dot_release(frames=length, outputs=outputs, height=4, width=8, name="maps only")
    for overlap in ("none", "average", "weighted"):
        tracker = Tracker(release, TrackOptions(overlap, batch_size=2))
        for count in (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 23):
            kept_maps.clear()
            list(tracker.track_frames(iter(video[:count])))
            expected = twin_maps(video[:count], length, outputs, overlap)
            np.testing.assert_allclose(
                np.stack(kept_maps), expected, atol=1e-5, err_msg=f"{overlap}, {count}"
            )


def test_weights_are_tracknet_v3s():
    np.testing.assert_allclose(
        ensemble_weights("weighted", 8) / 20, [0.05, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.05]
    )
    np.testing.assert_allclose(ensemble_weights("weighted", 3) / 4, [0.25, 0.5, 0.25])
    np.testing.assert_allclose(ensemble_weights("average", 3), 1)


def numbered(count, tracker, dropped=()):
    """Frames whose images are filled with their numbers."""
    images = [None if i in dropped else np.full((1, 1, 3), i, np.uint8) for i in range(count)]
    return frames_of(images, tracker)


def cut(frames, length, advance):
    """Of each window, the numbers in its images and those of its new frames."""
    return [
        ([int(image[0, 0, 0]) for image in window.images], [frame.number for frame in window.frames])
        for window in windows(frames, length, advance)
    ]


TRACKER = Tracker(bright_dot_release())


def test_windows_tile_the_stream_and_the_last_one_moves_back():
    assert cut(numbered(8, TRACKER), 3, 3) == [
        ([0, 1, 2], [0, 1, 2]),
        ([3, 4, 5], [3, 4, 5]),
        ([5, 6, 7], [6, 7]),
    ]
    assert cut(numbered(3, TRACKER), 3, 1) == [([0, 0, 0], [0]), ([0, 0, 1], [1]), ([0, 1, 2], [2])]
    assert cut([], 3, 3) == []


def test_windows_begin_anew_behind_dropped_frames_and_in_another_video():
    frames = chain(numbered(6, TRACKER, dropped=(3, 4)), numbered(2, TRACKER))
    assert cut(frames, 2, 2) == [
        ([0, 1], [0, 1]),
        ([1, 2], [2]),
        ([], [3]),
        ([], [4]),
        ([5, 5], [5]),
        ([0, 1], [0, 1]),
    ]


def test_chunks_carry_the_frames_before_them():
    pieces = list(chunks(numbered(8, TRACKER), length=3, advance=3))
    numbers = [piece.images[:, 0, 0, 0].tolist() for piece in pieces]
    assert numbers == [[0, 0, 0, 1, 2], [1, 2, 3, 4, 5], [4, 5, 6, 7, 7]]
    assert [(piece.first, len(piece.frames)) for piece in pieces] == [(0, 3), (3, 3), (6, 2)]
    assert list(chunks([], 3, 3)) == []
