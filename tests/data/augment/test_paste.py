"""Pasted balls are where their label says, only where there is none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tracknet_jax.data.augment.paste import FASTEST, paste_ball, swept_disc
from tracknet_jax.data.clips import UNLABELLED

paste = jax.jit(jax.vmap(paste_ball, in_axes=(0, None, None)))

HEIGHT, WIDTH = 48, 64
KEYS = jax.random.split(jax.random.key(1), 24)
NOBODY = {
    "frames": jnp.zeros((3, HEIGHT, WIDTH, 3)),
    "xy": jnp.full((3, 2), jnp.nan),
    "visibility": jnp.zeros(3, jnp.uint8),
}


def centroid(picture: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.array([(picture * x).sum(), (picture * y).sum()]) / picture.sum()


@pytest.mark.parametrize("sweep", [(0.0, 0.0), (9.0, 0.0), (-5.0, 7.0)])
def test_a_swept_disc_is_the_mean_of_the_discs_along_the_sweep(sweep):
    radius, centre = 2.0, np.array([30.3, 22.6])
    found = np.asarray(
        swept_disc(jnp.asarray(centre), jnp.asarray(sweep), jnp.float32(radius), HEIGHT, WIDTH)
    )
    fine = (np.stack(np.meshgrid(np.arange(WIDTH * 4), np.arange(HEIGHT * 4)), -1) + 0.5) / 4 - 0.5
    discs = [
        np.hypot(*np.moveaxis(fine - centre - t * np.array(sweep), -1, 0)) <= radius
        for t in np.linspace(-0.5, 0.5, 41)
    ]
    expected = np.mean(discs, axis=0).reshape(HEIGHT, 4, WIDTH, 4).mean((1, 3))
    np.testing.assert_allclose(centroid(found), centre, atol=0.1)
    np.testing.assert_allclose(found.sum(), expected.sum(), rtol=0.15)
    assert np.abs(found - expected).max() < 0.35  # edges are softer, the streak is evenly faint to its ends


def test_the_label_is_on_the_pasted_ball():
    out = paste(KEYS, NOBODY, 1.0)
    xy, visibility = np.asarray(out["xy"]), np.asarray(out["visibility"])
    assert (np.isfinite(xy).all(-1) == (visibility == 1)).all()
    assert visibility[:, 1].all()  # the middle one
    far = (np.nan_to_num(xy, nan=-1) > 14).all(-1) & (xy < [WIDTH - 15, HEIGHT - 15]).all(-1)
    assert far.sum() > 10
    for window, frame in np.argwhere(far):
        picture = np.asarray(out["frames"][window, frame]).sum(-1)
        np.testing.assert_allclose(centroid(picture), xy[window, frame], atol=0.2)
    speeds = np.linalg.norm(np.diff(xy, axis=1), axis=-1)
    assert 8 < np.nanmax(speeds) < FASTEST + 3


@pytest.mark.parametrize(
    ("xy", "visibility", "pasted"),
    [
        ((30, 20), 1, False),  # a ball in the picture
        ((-5, 20), 1, False),  # its edge may still show
        ((-30, 20), 1, True),  # out of the crop
        ((np.nan, np.nan), 1, False),  # there, but nobody said where
        ((np.nan, np.nan), UNLABELLED, False),
        ((np.nan, np.nan), 0, True),
    ],
)
def test_balls_are_pasted_only_where_there_is_surely_none(xy, visibility, pasted):
    window = {**NOBODY, "xy": NOBODY["xy"].at[2].set(jnp.array(xy, jnp.float32))}
    window["visibility"] = NOBODY["visibility"].at[2].set(visibility)
    out = jax.tree.map(lambda x: x[0], paste(KEYS, window, 1.0))
    assert bool(jnp.any(out["frames"] != 0)) == pasted
    if not pasted:
        np.testing.assert_array_equal(out["xy"], window["xy"])
        np.testing.assert_array_equal(out["visibility"], window["visibility"])
