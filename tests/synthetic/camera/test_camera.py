"""The camera against OpenCV's projection."""

import cv2
import numpy as np
import pytest

from tracknet_jax.synthetic.camera.camera import broadcast_camera
from tracknet_jax.synthetic.play.sports import SPORTS


def corners(sport):
    x, y = sport.width / 2, sport.length / 2
    return np.array([[-x, -y, 0], [x, -y, 0], [-x, y, 0], [x, y, 0], [0, 0, sport.net_height[0]]])


def opencv_pixels(points, camera):
    translation = -camera.rotation @ camera.position
    rotation, _ = cv2.Rodrigues(camera.rotation)
    return cv2.projectPoints(points, rotation, translation, camera.matrix, None)[0][:, 0]


@pytest.mark.parametrize("sport", SPORTS.values(), ids=SPORTS)
@pytest.mark.parametrize("size", [(1280, 720), (512, 288), (300, 400)])
def test_court_corners_project_as_in_opencv(sport, size):
    camera = broadcast_camera(sport, size, np.random.default_rng(5))
    np.testing.assert_allclose(
        camera.project(corners(sport)), opencv_pixels(corners(sport), camera), atol=1e-6
    )


@pytest.mark.parametrize("sport", SPORTS.values(), ids=SPORTS)
def test_the_whole_court_is_in_a_broadcast_picture(sport):
    for seed in range(8):
        pixels = broadcast_camera(sport, (1280, 720), np.random.default_rng(seed)).project(corners(sport))
        assert (pixels > 0).all()
        assert (pixels < [1280, 720]).all()


def test_rays_go_through_the_pixels_they_are_made_of():
    camera = broadcast_camera(SPORTS["tennis"], (640, 360), np.random.default_rng(1))
    x, y = np.array([3.0, 320.5, 600.0]), np.array([350.0, 100.0, 7.25])
    points = camera.position + 12 * camera.rays(x, y)
    np.testing.assert_allclose(camera.project(points), np.stack([x, y], axis=-1), atol=1e-9)


def test_the_homography_of_a_turn_moves_every_point_alike():
    sport = SPORTS["padel"]
    camera = broadcast_camera(sport, (1280, 720), np.random.default_rng(2))
    turned, wide = camera.turned(0.01, -0.004), camera.widened(20)
    np.testing.assert_allclose(turned.rotation @ turned.rotation.T, np.eye(3), atol=1e-12)
    seen = np.concatenate([wide.project(corners(sport)), np.ones((5, 1))], axis=1)
    moved = seen @ wide.homography_to(turned).T
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], turned.project(corners(sport)), atol=1e-6)
    assert np.abs(turned.project(corners(sport)) - camera.project(corners(sport))).min() > 1
