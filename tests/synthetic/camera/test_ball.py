"""The ball's splat against geometry."""

import numpy as np
import pytest

from tracknet_jax.synthetic.camera.ball import TO_LINEAR, splat, to_srgb


@pytest.mark.parametrize("radius", [0.4, 1.0, 2.7])
def test_a_still_ball_has_the_light_of_its_disc_and_its_centre(radius):
    centre = np.array([20.3, 14.8])
    light = splat(centre[None, None], np.array([[radius]]), (40, 30), edge=0.8)
    y, x = np.mgrid[: light.alpha.shape[0], : light.alpha.shape[1]]
    total = light.alpha.sum()
    assert total == pytest.approx(np.pi * radius**2, rel=0.04)
    middle = np.array([(light.alpha * (x + light.x)).sum(), (light.alpha * (y + light.y)).sum()]) / total
    np.testing.assert_allclose(middle, centre, atol=0.05)


def test_a_streak_spreads_the_same_light():
    still = splat(np.full((8, 1, 2), 20.0), np.full((8, 1), 1.2), (64, 40), edge=0.6)
    centres = np.stack([np.linspace(10, 30, 8), np.full(8, 20.0)], axis=-1)[:, None]
    streak = splat(centres, np.full((8, 1), 1.2), (64, 40), edge=0.6)
    assert streak.alpha.sum() == pytest.approx(still.alpha.sum(), rel=0.02)
    assert streak.alpha.max() < 0.4 * still.alpha.max()


def test_nothing_outside_the_picture():
    assert splat(np.array([[[-30.0, 5.0]]]), np.array([[2.0]]), (40, 30), edge=0.6) is None


def test_srgb_and_linear_are_inverse():
    np.testing.assert_array_equal(to_srgb(TO_LINEAR), np.arange(256))
