"""Everything that the seed of a rally decides: play, camera, light, the still picture and its people."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera, Sway, broadcast_camera, draw_sway
from tracknet_jax.synthetic.camera.graphics import score_box
from tracknet_jax.synthetic.camera.picture import Sprite
from tracknet_jax.synthetic.look import Look, draw_look
from tracknet_jax.synthetic.people.pose import Motion, motions
from tracknet_jax.synthetic.place.arena import render_arena
from tracknet_jax.synthetic.place.barriers import net_sprite
from tracknet_jax.synthetic.play.play import Play, play_points
from tracknet_jax.synthetic.play.sports import SPORTS, Sport


@dataclass(frozen=True)
class Scene:
    """What stays the same over a rally.

    `camera` is at rest and sees a margin around the frame; the frame is cut from its picture, moved by the
    sway.
    """

    sport: Sport
    play: Play
    motions: list[Motion]  # of the players
    look: Look
    size: tuple[int, int]  # width and height of the frame
    camera: Camera
    sway: Sway
    arena: np.ndarray  # (H + 2 margin, W + 2 margin, 3) uint8: what no ball passes behind
    net: Sprite
    score_box: Sprite  # laid over the frame
    seed: int


def make_scene(sport: Sport, seed: int, size: tuple[int, int], duration: float) -> Scene:
    """Draws a rally of `duration` seconds from the seed; the play does not depend on the size."""
    key = list(SPORTS).index(sport.name)
    rngs = [np.random.default_rng([seed, key, stream]) for stream in range(5)]
    play = play_points(sport, duration, rngs[0])
    camera = broadcast_camera(sport, size, rngs[1])
    sway = draw_sway(camera, rngs[1])
    camera = camera.widened(sway.margin)
    look = draw_look(sport, len(play.players), rngs[2])
    return Scene(
        sport=sport,
        play=play,
        motions=motions(play, duration),
        look=look,
        size=size,
        camera=camera,
        sway=sway,
        arena=render_arena(sport, look, camera, rngs[3]),
        net=net_sprite(sport, camera),
        score_box=score_box(sport, size, look.brand, rngs[4]),
        seed=seed,
    )
