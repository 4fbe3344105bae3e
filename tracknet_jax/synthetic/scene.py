"""Everything of one rally that its seed decides: play, camera, light, the still picture and its people."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.camera.broadcast import noise_tile
from tracknet_jax.synthetic.camera.camera import Camera, Sway, broadcast_camera, draw_sway
from tracknet_jax.synthetic.camera.graphics import score_box
from tracknet_jax.synthetic.people.crowd import Fidget
from tracknet_jax.synthetic.people.figures import Sprite
from tracknet_jax.synthetic.people.look import Look, draw_look
from tracknet_jax.synthetic.people.pose import Motion, motions
from tracknet_jax.synthetic.place.arena import render_arena
from tracknet_jax.synthetic.place.cage import near_wall
from tracknet_jax.synthetic.place.net import net_sprites
from tracknet_jax.synthetic.play.play import Play, play_points
from tracknet_jax.synthetic.play.sports import SPORTS, Sport


@dataclass(frozen=True)
class Scene:
    """What stays the same over a rally.

    The still picture and the fixtures are drawn for `wide`, the camera at rest with a margin around the
    frame, so that a panning camera sees them through a homography.
    """

    sport: Sport
    play: Play
    motions: list[Motion]  # of the players
    look: Look
    camera: Camera  # at rest
    sway: Sway
    wide: Camera
    arena: np.ndarray  # (H + 2 margin, W + 2 margin, 3) uint8: what no ball passes behind
    fidgets: Fidget
    fixtures: tuple[Sprite, ...]  # what can hide the ball: the net, a glass wall
    graphics: tuple[Sprite, ...]  # laid over the frame
    noise: np.ndarray
    seed: int


def make_scene(sport: Sport, seed: int, size: tuple[int, int], duration: float) -> Scene:
    """Draws a rally of `duration` seconds from the seed; the play does not depend on the size."""
    key = list(SPORTS).index(sport.name)
    rngs = [np.random.default_rng([seed, key, stream]) for stream in range(6)]
    play = play_points(sport, duration, rngs[0])
    camera = broadcast_camera(sport, size, rngs[1])
    sway = draw_sway(rngs[1])
    wide = camera.widened(sway.margin(camera))
    look = draw_look(sport, len(play.players), rngs[2])
    arena, fidgets = render_arena(sport, look, wide, rngs[3])
    fixtures = net_sprites(sport, look, wide) + (near_wall(sport, wide) if sport.walls else ())
    return Scene(
        sport=sport,
        play=play,
        motions=motions(play, duration),
        look=look,
        camera=camera,
        sway=sway,
        wide=wide,
        arena=arena,
        fidgets=fidgets,
        fixtures=fixtures,
        graphics=(score_box(sport, size, look, rngs[4]),),
        noise=noise_tile(size, look.noise, rngs[5]),
        seed=seed,
    )
