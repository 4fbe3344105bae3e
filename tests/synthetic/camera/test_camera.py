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


def test_points_of_a_plane_are_where_the_projection_puts_them():
    camera = broadcast_camera(SPORTS["padel"], (640, 360), np.random.default_rng(1))
    corner, right, down = np.array([-2.0, 3.0, 1.5]), np.array([0.6, 0.8, 0.0]), np.array([0.0, 0.3, -1.0])
    u, v = np.array([0.0, 2.0, -1.3]), np.array([0.0, 0.4, 1.0])
    seen = np.stack([u, v, np.ones(3)], axis=-1) @ camera.plane(corner, right, down).T
    points = corner + u[:, None] * right + v[:, None] * down
    np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], opencv_pixels(points, camera), atol=1e-6)


def test_a_wider_and_a_larger_picture_show_the_same():
    sport = SPORTS["padel"]
    camera = broadcast_camera(sport, (1280, 720), np.random.default_rng(2))
    pixels = camera.project(corners(sport))
    np.testing.assert_allclose(camera.widened(20).project(corners(sport)), pixels + 20, atol=1e-9)
    larger = camera.enlarged(4).project(corners(sport))
    np.testing.assert_allclose((larger + 0.5) / 4 - 0.5, pixels, atol=1e-9)
