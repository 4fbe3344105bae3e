"""The still picture behind the play: floor, boards and stands, with the people who do not play."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import FINE, lay
from tracknet_jax.synthetic.look import Look
from tracknet_jax.synthetic.people.crowd import seat_people
from tracknet_jax.synthetic.people.officials import draw_officials
from tracknet_jax.synthetic.place.barriers import draw_cage
from tracknet_jax.synthetic.place.floor import floor_texture
from tracknet_jax.synthetic.place.hall import Hall, draw_hall, lay_boards, lay_stand
from tracknet_jax.synthetic.play.sports import Sport

X, Y, _ = np.eye(3)
UNSEEN = 12  # grey level where nothing is


def render_arena(sport: Sport, look: Look, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """The empty arena as the camera sees it, uint8 RGB (H, W, 3)."""
    hall, fine = draw_hall(sport, rng), camera.enlarged(FINE)
    picture = np.full((fine.size[1], fine.size[0], 3), UNSEEN, np.uint8)
    _stands_and_boards(picture, look, fine, hall, rng)
    resolution = 1.5 * float(camera.scale(np.array([0, -sport.length / 2, 0])))
    floor = floor_texture(sport, look, hall, resolution, rng)
    lay(picture, floor, resolution, fine, np.array([-hall.side, hall.far, 0]), X, -Y)
    seat_people(picture, fine, look, hall, rng)
    draw_officials(picture, sport, look, fine, hall, rng)
    if sport.walls:
        draw_cage(picture, sport, fine)
    return np.asarray(cv2.resize(picture, camera.size, interpolation=cv2.INTER_AREA))


def _stands_and_boards(
    picture: np.ndarray, look: Look, camera: Camera, hall: Hall, rng: np.random.Generator
) -> None:
    """Lays them over the picture from behind, in place."""
    wide, deep = hall.side + 12, hall.far + 4  # the stands overlap in the corners
    side, far, near = hall.side, hall.far, hall.near
    lay_stand(picture, look, camera, np.array([-wide, far, hall.boards]), 2 * wide * X, Y)
    lay_boards(picture, look, camera, np.array([-side, far, hall.boards]), 2 * side * X, rng)
    for sign, start, end in ((-1, near, far), (1, far, near)):  # words are read from the left
        stand = np.array([sign * side, near, hall.boards])
        lay_stand(picture, look, camera, stand, (deep - near) * Y, sign * X)
        board = np.array([sign * side, start, hall.boards])
        lay_boards(picture, look, camera, board, (end - start) * Y, rng)
