from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.reference import load_golden
from tracknet_jax.heatmaps import targets

# One compilation a function and shape, instead of one for each operation.
disc_targets = jax.jit(targets.disc_targets, static_argnums=(1, 2))
v5_targets = jax.jit(targets.v5_targets, static_argnums=(1, 2, 3, 4))
gaussian_targets = jax.jit(targets.gaussian_targets, static_argnums=(1, 2))
gaussian_class_map = jax.jit(targets.gaussian_class_map, static_argnums=(1, 2), static_argnames="scale")

HEIGHT, WIDTH = 288, 512


def reference_maps(golden, name: str, shape: tuple[int, int], fill=1) -> list[np.ndarray]:
    offsets, index = golden[f"{name}/offsets"], golden[f"{name}/index"]
    maps = []
    for start, stop in pairwise(offsets):
        flat = np.zeros(shape[0] * shape[1], np.int64)
        flat[index[start:stop]] = golden[f"{name}/value"][start:stop] if fill is None else fill
        maps.append(flat.reshape(shape))
    return maps


def test_disc_is_the_reference_disc_of_21_pixels():
    """The reference truncates the scaled position; handed the truncated position, ours draws the same pixels."""
    golden, _ = load_golden("targets")
    points = golden["v3_disc_288x512/points"].astype(float)
    expected = reference_maps(golden, "v3_disc_288x512", (HEIGHT, WIDTH))
    full = 0
    for (x, y), reference in zip(points, expected, strict=True):
        none = not reference.any()
        centre = np.full(2, np.nan) if none else np.trunc([x, y])
        ours = np.asarray(disc_targets(jnp.asarray(centre, jnp.float32), HEIGHT, WIDTH))
        if none or reference[int(centre[1]), int(centre[0])]:
            np.testing.assert_array_equal(ours, reference)
            full += reference.sum() == 21
    assert full >= 5


@pytest.mark.parametrize(
    ("file", "name", "height"),
    [
        ("targets", "v2_disc_288x512", 288),
        ("signals", "v5_disc/720p_png", 720),
        ("signals", "v5_disc/1080p_png", 1080),
    ],
)
def test_discs_of_v2_and_of_the_v5_code(file: str, name: str, height: int):
    """Both draw at the scaled position in float; a negative coordinate is no ball."""
    golden, _ = load_golden(file)
    points = golden[f"{name}/points"].astype(np.float32)
    points = np.where((points < 0).any(-1, keepdims=True), np.nan, points * np.float32(288 / height))
    # One operation after the other: fused ones round differently just at the rim, on some processors.
    ours = np.asarray(targets.disc_targets(jnp.asarray(points), HEIGHT, WIDTH))
    np.testing.assert_array_equal(ours, reference_maps(golden, name, (HEIGHT, WIDTH)))


@pytest.mark.parametrize(("name", "source"), [("720p", (1280, 720)), ("1080p", (1920, 1080))])
def test_v5_mask_covers_the_reference_mask(name: str, source: tuple[int, int]):
    """The reference samples its mask with a nearest resize, ours at pixel centres: the rims differ by 0.4 px."""
    golden, _ = load_golden("targets")
    key = f"v5_gauss/{name}_png"
    overlaps = []
    for (x, y), reference in zip(
        golden[f"{key}/points"], reference_maps(golden, key, (HEIGHT, WIDTH)), strict=True
    ):
        if not reference.any():
            continue
        scale = np.array([WIDTH, HEIGHT]) / source
        # A nearest resize samples source pixel i / scale, so relative to it the ball lies at x * scale.
        ours = np.asarray(v5_targets(jnp.asarray([x, y] * scale, jnp.float32), HEIGHT, WIDTH, *source))
        overlaps.append((ours * reference).sum() / np.maximum(ours, reference).sum())
    assert len(overlaps) >= 10
    assert np.mean(overlaps) > 0.9


def test_class_map_is_the_paper_gaussian():
    golden, _ = load_golden("targets")
    kernel = golden["v1/kernel_41x41"]
    ours = gaussian_class_map(jnp.array([20.0, 20.0]), 41, 41, scale=1.0)
    np.testing.assert_array_equal(np.asarray(ours), kernel)


def test_class_map_is_the_references_shrunk_picture():
    """Pasted at 1280x720 and shrunk to half there, drawn at half the size here: the same classes."""
    golden, _ = load_golden("targets")
    expected = reference_maps(golden, "v1/class_map", (360, 640), fill=None)
    seen = 0
    for (x, y), reference in zip(golden["v1/points_1280x720"], expected, strict=True):
        if not reference.any():
            continue
        xy = jnp.array([(x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5], jnp.float32)
        np.testing.assert_array_equal(np.asarray(gaussian_class_map(xy, 360, 640)), reference)
        seen += 1
    assert seen >= 10
    assert not gaussian_class_map(jnp.full(2, jnp.nan), 360, 640).any()


def test_gaussian_falls_to_one_over_e_at_sqrt_two_sigma():
    values = gaussian_targets(jnp.array([10.0, 10.0]), 21, 21, sigma=3.0)
    assert float(values[10, 10]) == 1.0
    assert float(values[10, 13]) == pytest.approx(np.exp(-0.5))


def test_sub_pixel_centre_and_batch_axes():
    xy = jnp.array([[[3.5, 4.0], [jnp.nan, jnp.nan]]])
    discs = np.asarray(disc_targets(xy, 9, 8, radius=1.0))
    assert discs.shape == (1, 2, 9, 8)
    np.testing.assert_array_equal(np.argwhere(discs[0, 0]), [[4, 3], [4, 4]])
    assert discs[0, 1].sum() == 0
