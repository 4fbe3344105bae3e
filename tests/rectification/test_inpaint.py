"""The InpaintNet over whole trajectories: the reference's pipelines, and our ensemble against its definition."""

import jax
import numpy as np
import pytest

from tests.helpers.reference import load_golden, tensors, to_flax
from tracknet_jax.models.rectifier import RECTIFIERS, InpaintNet, RectifierConfig, init_rectifier
from tracknet_jax.rectification.inpaint import inpaint, to_pixels, to_unit, window_outputs
from tracknet_jax.releases.release import RectifierRelease

LENGTH = 16
SIZE = (512, 288)


@pytest.fixture(scope="module")
def reference() -> RectifierRelease:
    config = RECTIFIERS["inpaintnet"]
    _, meta = load_golden("v3_inpaintnet")
    return RectifierRelease(InpaintNet(config), to_flax(config, tensors(meta)), config)


@pytest.fixture(scope="module")
def narrow() -> RectifierRelease:
    config = RectifierConfig("narrow", widths=(4, 8))
    return RectifierRelease(InpaintNet(config), init_rectifier(config, jax.random.key(3)), config)


def blank_corner(coordinates, threshold):
    """The reference takes the corner next to (0, 0) for no ball."""
    return np.where((coordinates < threshold).all(-1, keepdims=True), 0.0, coordinates)


def reference_ensemble(windows, mode, frames):
    """TrackNetV3's normalisation: by position, not by what is there, at both ends."""
    last = frames - LENGTH + 1  # the first frame of the tail
    weights = (
        np.minimum(np.arange(LENGTH) + 1, LENGTH - np.arange(LENGTH)) if mode == "weight" else np.ones(16)
    )
    weights = weights / weights.sum()
    result = []
    for t in range(frames):
        starts = range(max(0, t - LENGTH + 1), min(last - 1, t) + 1)
        values = np.array([windows[s, t - s] for s in starts])
        if t >= last:
            result.append(values.sum(0) / (LENGTH - (t - last + 1)))
        elif t < min(LENGTH - 1, last):
            result.append(values.sum(0) / (t + 1))
        else:
            result.append(sum(weights[t - s] * value for s, value in zip(starts, values, strict=True)))
    return np.array(result)


@pytest.mark.parametrize("frames", [41, 19])
@pytest.mark.parametrize("mode", ["weight", "average", "nonoverlap"])
def test_the_references_pipelines(reference, frames: int, mode: str):
    golden, _ = load_golden("inpaint")
    case = {key: golden[f"pipeline_F{frames}/{key}"] for key in ("coor", "mask", f"{mode}/coor")}
    threshold = golden["coor_threshold"]
    coordinates, mask = case["coor"].astype(np.float32), case["mask"] > 0
    if mode == "nonoverlap":  # the last window is padded with its last frame
        padded = np.minimum(np.arange(-(-frames // LENGTH) * LENGTH), frames - 1)
        coordinates, mask = coordinates[padded], mask[padded]
    starts = np.arange(0, len(mask) - LENGTH + 1, LENGTH if mode == "nonoverlap" else 1)
    outputs = window_outputs(reference, coordinates, mask, starts)
    inside = starts[:, None] + np.arange(LENGTH)
    windows = blank_corner(np.where(mask[inside, None], outputs, coordinates[inside]), threshold)
    joined = (
        windows.reshape(-1, 2)[:frames] if mode == "nonoverlap" else reference_ensemble(windows, mode, frames)
    )
    np.testing.assert_allclose(blank_corner(joined, threshold), case[f"{mode}/coor"], atol=1e-5)


@pytest.mark.parametrize("frames", [5, 16, 40])
def test_the_ensemble_divides_by_the_weights_that_are_there(narrow, frames: int):
    rng = np.random.default_rng(frames)
    xy = rng.uniform(40, 280, (frames, 2))
    mask = rng.random(frames) < 0.4
    xy[mask] = np.nan
    padded = max(frames, LENGTH)
    coordinates = np.zeros((padded, 2), np.float32)
    coordinates[:frames] = to_unit(xy, SIZE, narrow.config)
    masks = np.pad(mask, (0, padded - frames))
    windows = np.arange(padded - LENGTH + 1)[:, None] + np.arange(LENGTH)
    outputs = narrow.model.apply(narrow.variables, coordinates[windows], np.float32(masks[windows, None]))
    sums, totals = np.zeros((padded, 2)), np.zeros((padded, 1))
    for start, output in enumerate(np.asarray(outputs)):
        for i in range(LENGTH):
            sums[start + i] += min(i + 1, LENGTH - i) * output[i]
            totals[start + i] += min(i + 1, LENGTH - i)
    expected = (sums / totals)[:frames][mask] * SIZE
    filled = inpaint(narrow, xy, mask, SIZE)
    np.testing.assert_allclose(filled[mask], expected, atol=1e-3)
    assert np.isnan(filled[~mask]).all()


def test_units_are_those_of_512x288_pixels(narrow):
    corners = np.array([(-0.5, -0.5), (1279.5, 719.5), (np.nan, np.nan)])
    unit = to_unit(corners, (1280, 720), narrow.config)
    np.testing.assert_allclose(
        unit, [(-0.5 / 512, -0.5 / 288), (511.5 / 512, 287.5 / 288), (0, 0)], rtol=1e-5
    )
    np.testing.assert_allclose(to_pixels(unit[:2], (1280, 720), narrow.config), corners[:2], atol=1e-3)
