"""Tracking with another runtime: the same maps and the same rows as with JAX."""

import time
from functools import partial

import jax
import numpy as np
import pytest

from tests.helpers.members import narrow, random_release, windows
from tracknet_jax.export.runtime import ForeignNetwork, with_runtime
from tracknet_jax.heatmaps.decoding import probability_maps
from tracknet_jax.tracking.detector import window_logits
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.videos import track_source
from tracknet_jax.utils.errors import UserError

pytest.importorskip("onnx")


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", ["tracknet_v1", "tracknet_v3"])
def test_maps_inside_the_compiled_program_are_jaxs(name, runtime):
    pytest.importorskip(runtime)
    release = random_release(narrow(name))
    frames, *background = [images[0] for images in windows(release.config, batch=1)]
    frames = np.concatenate([frames, frames[::-1]])
    starts = np.array([0, 2])
    jaxs, others = (
        probability_maps(
            jax.jit(partial(window_logits, each.model, length=each.config.frames))(
                each.variables, frames, starts, *background
            ),
            each.config.head,
        )
        for each in (release, with_runtime(release, runtime))
    )
    # OpenVINO computes in bfloat16 where the processor has it.
    np.testing.assert_allclose(others, jaxs, atol=1e-5 if runtime == "onnxruntime" else 0.05)


@pytest.mark.parametrize("overlap", ["none", "weighted"])
def test_rows_are_jaxs(overlap, tmp_path):
    pytest.importorskip("onnxruntime")
    import cv2

    release = random_release(narrow("tracknet_nano"))
    frames = np.random.default_rng(2).integers(0, 256, (61, 32, 48, 3), np.uint8)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{number:02d}.png"), frame)
    options = TrackOptions(overlap, threshold=0.6, link=False, batch_size=1)
    jaxs, others = (
        track_source(Tracker(each, options), tmp_path)
        for each in (release, with_runtime(release, "onnxruntime"))
    )
    assert jaxs.visible.any()
    np.testing.assert_array_equal(others.visible, jaxs.visible)
    np.testing.assert_allclose(others.x, jaxs.x, atol=0.01)
    np.testing.assert_allclose(others.confidence, jaxs.confidence, atol=1e-5)


def test_a_runtime_is_called_one_window_at_a_time():
    """Calls out of several programs at once would wait for each other's threads, for ever."""
    release, running, most = random_release(narrow("tracknet_nano")), [], []
    config = release.config

    def run(frames):
        running.append(frames)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        return np.zeros((len(frames), config.outputs, config.height, config.width), np.float32)

    foreign = release._replace(model=ForeignNetwork(config, run), variables={})
    frames = np.zeros((8 * config.outputs, config.height, config.width, 3), np.uint8)
    assert len(list(Tracker(foreign).track_frames(frames))) == len(frames)
    assert most == [1] * 8


def test_a_runtime_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(
        "tracknet_jax.export.runtime.find_spec", lambda name: None if name == "openvino" else name
    )
    with pytest.raises(UserError, match="--runtime openvino: openvino is not installed"):
        with_runtime(random_release(narrow("tracknet_v2")), "openvino")
