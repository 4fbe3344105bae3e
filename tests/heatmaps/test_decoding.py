"""Maps of logits by hand, and device decoding against a brute-force twin that labels components with SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from tracknet_jax.heatmaps.decoding import (
    FLOOR,
    class_maps,
    decode_candidates,
    decode_peaks,
    probability_maps,
)


def test_probability_of_class_maps_is_the_expected_grey_level():
    p = np.zeros((1, 1, 3, 256))
    p[0, 0, 0, 255] = 1.0
    p[0, 0, 1, [0, 100, 200]] = 0.5, 0.25, 0.25
    p[0, 0, 2, [0, 150, 151, 152]] = 0.31, 0.23, 0.23, 0.23  # "no ball" is the largest class, and unlikely
    logits = jnp.log(jnp.asarray(p) + 1e-30)
    maps = np.asarray(probability_maps(logits, "classes"))
    assert maps.shape == (1, 1, 1, 3)
    np.testing.assert_allclose(maps[0, 0, 0], [1.0, 75 / 255, 0.69 * 151 / 255], rtol=1e-5)
    np.testing.assert_array_equal(class_maps(logits), [[[[255, 0, 0]]]])


def twin(p: np.ndarray, threshold: float):
    labels, count = ndimage.label(p > threshold, structure=np.ones((3, 3)))
    if count == 0:
        return None
    sums = ndimage.sum(p, labels, np.arange(1, count + 1))
    best = int(np.argmax(sums)) + 1
    y, x = ndimage.center_of_mass(np.where(labels == best, p, 0.0))
    return x, y, p[labels == best].max()


def blobs(rng: np.random.Generator, count: int, height: int = 48, width: int = 64) -> np.ndarray:
    p = rng.uniform(0, 0.2, (height, width))
    yy, xx = np.mgrid[:height, :width]
    for _ in range(count):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        sx, sy = rng.uniform(0.6, 3.5, 2)
        p = np.maximum(p, rng.uniform(0.4, 1.0) * np.exp(-(((xx - cx) / sx) ** 2) - ((yy - cy) / sy) ** 2))
    return p.astype(np.float32)


def canvas(*drawn: np.ndarray, shape: tuple[int, ...]) -> jnp.ndarray:
    """Maps in the top left corner of empty ones: all tests share the two compiled programs below."""
    maps = np.zeros((int(np.prod(shape[:-2])), *shape[-2:]), np.float32)
    for p, place in zip(drawn, maps, strict=False):
        place[: p.shape[0], : p.shape[1]] = p
    return jnp.asarray(maps.reshape(shape))


compiled_peaks, compiled_candidates = jax.jit(decode_peaks), jax.jit(decode_candidates)


def peaks_of(*drawn: np.ndarray, threshold: float = 0.5):
    return compiled_peaks(canvas(*drawn, shape=(8, 5, 48, 64)), threshold)


def candidates_of(*drawn: np.ndarray, floor: float):
    return compiled_candidates(canvas(*drawn, shape=(4, 3, 48, 64)), floor)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_equals_the_twin(count: int, threshold: float):
    rng = np.random.default_rng(count)
    maps = [blobs(rng, count) for _ in range(40)]
    peaks = peaks_of(*maps, threshold=threshold)
    assert peaks.xy.shape == (8, 5, 2)
    for p, xy, confidence, found in zip(
        maps, peaks.xy.reshape(40, 2), peaks.confidence.ravel(), peaks.found.ravel(), strict=True
    ):
        expected = twin(p, threshold)
        assert bool(found) == (expected is not None)
        if expected is None:
            assert np.isnan(xy).all()
            assert confidence == 0
        else:
            np.testing.assert_allclose(xy, expected[:2], atol=2e-4)
            assert float(confidence) == pytest.approx(expected[2])


def test_diagonal_pixels_are_one_component_and_corners_work():
    p = np.zeros((2, 20, 20), np.float32)
    p[0, [3, 4, 5], [3, 4, 5]] = 0.9
    p[0, 10, 10:12] = 0.95  # the higher peak, but the smaller sum
    p[1, 0, 0] = 0.8
    p[1, 19, 18:] = 0.7
    np.testing.assert_allclose(peaks_of(*p).xy[0, :2], [[4, 4], [18.5, 19]], atol=1e-5)


def test_the_last_corner_of_a_map():
    p = np.zeros((48, 64), np.float32)
    p[47, 62:] = 0.7
    np.testing.assert_allclose(peaks_of(p).xy[0, 0], [62.5, 47], atol=1e-5)


def test_threshold_is_strict():
    assert not peaks_of(np.full((48, 64), 0.5)).found.any()


def test_bent_component_is_followed_to_its_end():
    p = np.zeros((40, 40), np.float32)
    p[10, 5:20] = 0.9
    p[10:22, 19] = 0.9
    p[21, 12:20] = 0.9
    p[16, 10] = 0.99  # inside the bend, not part of it
    x, y, _ = twin(p, 0.5)
    np.testing.assert_allclose(peaks_of(p).xy[0, 0], [x, y], atol=1e-4)


def candidates_twin(p: np.ndarray, floor: float, count: int):
    rest, found = np.where(p > floor, p, 0.0), []
    while rest.any() and len(found) < count:
        peak = rest.max()
        labels, _ = ndimage.label(rest > 0.5 * peak, structure=np.ones((3, 3)))
        blob = labels == labels[np.unravel_index(rest.argmax(), rest.shape)]
        y, x = ndimage.center_of_mass(np.where(blob, rest, 0.0))
        found.append((x, y, peak))
        rest[ndimage.binary_dilation(blob, np.ones((3, 3)), iterations=3)] = 0.0
    return found


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_candidates_equal_the_twin(count: int):
    rng = np.random.default_rng(count)
    maps = [blobs(rng, count) for _ in range(12)]
    candidates = candidates_of(*maps, floor=0.25)
    assert candidates.xy.shape == (4, 3, 4, 2)
    for p, xy, confidence in zip(
        maps, candidates.xy.reshape(12, 4, 2), candidates.confidence.reshape(12, 4), strict=True
    ):
        expected = candidates_twin(p, 0.25, 4)
        assert int(np.isfinite(xy[:, 0]).sum()) == int((confidence > 0).sum()) == len(expected)
        for i, (x, y, peak) in enumerate(expected):
            np.testing.assert_allclose(xy[i], (x, y), atol=2e-4)
            assert float(confidence[i]) == pytest.approx(peak)


def test_a_faint_ball_beside_a_clear_one_is_a_candidate_of_its_own():
    p = np.zeros((30, 40), np.float32)
    p[5:8, 5:8] = 0.95
    p[20, 30:32] = 0.2
    xy = candidates_of(p, floor=FLOOR).xy[0, 0]
    np.testing.assert_allclose(xy[:2], [[6, 6], [30.5, 20]], atol=1e-5)
    assert np.isnan(xy[2:]).all()
