"""What goes between host and device while a video is tracked, and when."""

import jax
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tracknet_jax.tracking import detector
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker

STARTS = {"none": "detect_disjoint", "weighted": "add_windows"}


@pytest.fixture(params=STARTS)
def transfers(request, monkeypatch):
    """Events of a video of five steps, in order: `start` with the pictures that go in, `read` with what comes back."""
    events = []
    monkeypatch.setattr("tracknet_jax.tracking.tracker.CPU_STEPS", 1)  # as on an accelerator
    start, device_get = getattr(detector, STARTS[request.param]), jax.device_get

    def started(model, variables, pictures, *rest, **options):
        events.append(("start", pictures))
        return start(model, variables, pictures, *rest, **options)

    def read(x):
        events.append(("read", jax.tree.leaves(x)))
        return device_get(x)

    tracker = Tracker(bright_dot_release(), TrackOptions(request.param, batch_size=3))
    monkeypatch.setattr(detector, STARTS[request.param], started)
    monkeypatch.setattr(jax, "device_get", read)
    count = 5 * tracker.step
    assert len(list(tracker.track_frames(dot_frames(dot_path(count), (64, 36))))) == count
    return events


def test_a_step_is_started_before_the_one_before_it_is_read(transfers):
    """So the copies of the next pictures, and the host's work, go on while the device computes."""
    kinds = [kind for kind, _ in transfers]
    assert kinds.count("start") == 5
    reads = [i for i, kind in enumerate(kinds) if kind == "read"]
    for number, read in enumerate(reads[:4]):
        assert kinds[:read].count("start") >= min(number + 2, 5)
        assert kinds[:read].count("start") <= number + 2  # and no more wait, whatever the video's length


def test_uint8_goes_in_and_a_few_numbers_a_frame_come_back(transfers):
    for kind, arrays in transfers:
        if kind == "start":
            assert np.asarray(arrays).dtype == np.uint8
        else:
            frames = arrays[0].size // (2 * arrays[0].shape[-2])
            assert sum(x.nbytes for x in arrays) <= 64 * frames
