"""One rally put together: play, camera, arena and players; draws any moment of it and labels the ball."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.arena import render_arena
from tracknet_jax.synthetic.ball import TO_LINEAR, Splat, blend, splat
from tracknet_jax.synthetic.broadcast import noise_tile, transmit
from tracknet_jax.synthetic.camera import Camera, broadcast_camera
from tracknet_jax.synthetic.figures import Sprite, darken, draw_figure, paste
from tracknet_jax.synthetic.look import Look, draw_look
from tracknet_jax.synthetic.play import Play, play_points
from tracknet_jax.synthetic.pose import RACKETS, Limb, Motion, motions, pose
from tracknet_jax.synthetic.sports import Sport

# Share of the ball's light that must be hidden to call it occluded, and to call it hard to see.
HIDDEN, HALF_HIDDEN = 0.85, 0.4
FAINT = 18.0  # grey levels between ball and background below which a ball is hard to see
MOMENTS = 24  # most sub-frame samples of the ball


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same over a rally."""

    sport: Sport
    play: Play
    camera: Camera
    look: Look
    arena: np.ndarray  # (H, W, 3) uint8
    motions: list[Motion]
    noise: np.ndarray
    seed: int


def make_scene(sport: Sport, seed: int, size: tuple[int, int], duration: float) -> Scene:
    """Draws a rally of `duration` seconds from the seed. The play does not depend on the size."""
    play_rng, camera_rng, look_rng, arena_rng, noise_rng = (
        np.random.default_rng([seed, stream]) for stream in range(5)
    )
    play = play_points(sport, duration, play_rng)
    camera = broadcast_camera(sport, size, camera_rng)
    look = draw_look(sport, len(play.players), look_rng)
    arena = render_arena(sport, look, camera, arena_rng)
    noise = noise_tile(size, look.noise, noise_rng)
    return Scene(sport, play, camera, look, arena, motions(play, duration), noise, seed)


@dataclass(frozen=True)
class Moment:
    """The moving things in one exposure."""

    ball: np.ndarray  # (3,) world position at mid-exposure, NaN when there is none
    xy: np.ndarray  # (2,) the same in pixels
    light: Splat | None
    figures: list[list[Limb]]
    sprites: list[Sprite]


def capture(scene: Scene, time: float, exposure: float) -> Moment:
    """Where everything is in the exposure of `exposure` seconds around `time`."""
    racket = RACKETS[scene.sport.name]
    figures = [pose(motion, time, racket) for motion in scene.motions]
    kits = scene.look.kits
    drawn = [
        draw_figure(limbs, scene.camera, kit, scene.look.light)
        for limbs, kit in zip(figures, kits, strict=True)
    ]
    sprites = sorted((sprite for sprite in drawn if sprite is not None), key=lambda s: -s.depth)
    ball = scene.play.ball(np.array([time]))[0]
    light = _ball_light(scene, time, exposure) if np.isfinite(ball).all() else None
    return Moment(ball, scene.camera.project(ball), light, figures, sprites)


def _ball_light(scene: Scene, time: float, exposure: float) -> Splat | None:
    positions = scene.play.ball(time + exposure * (np.arange(MOMENTS) + 0.5 - MOMENTS / 2) / MOMENTS)
    positions = positions[np.isfinite(positions).all(axis=-1)]
    centres = scene.camera.project(positions)[:, None]
    radii = (scene.camera.scale(positions) * scene.sport.ball_radius)[:, None]
    if not np.isfinite(centres).all():
        return None
    return splat(centres, radii, scene.camera.size, edge=0.6 * max(1.0, scene.camera.size[0] / 900))


def transmission(scene: Scene, moment: Moment) -> np.ndarray:
    """Share of the ball's light `(h, w)` that nearer things let through, on the splat's patch."""
    light = moment.light
    assert light is not None
    height, width = light.alpha.shape
    through = np.ones((height, width), np.float32)
    for sprite in moment.sprites:
        if sprite.depth < moment.ball[1]:
            through *= 1 - _crop(sprite, light.x, light.y, width, height)
    return through


def _crop(sprite: Sprite, x: int, y: int, width: int, height: int) -> np.ndarray:
    """Alpha of a sprite on another patch of the frame."""
    result = np.zeros((height, width), np.float32)
    h, w = sprite.alpha.shape
    x0, x1 = max(x, sprite.x), min(x + width, sprite.x + w)
    y0, y1 = max(y, sprite.y), min(y + height, sprite.y + h)
    if x0 < x1 and y0 < y1:
        result[y0 - y : y1 - y, x0 - x : x1 - x] = sprite.alpha[
            y0 - sprite.y : y1 - sprite.y, x0 - sprite.x : x1 - sprite.x
        ]
    return result


def visibility(scene: Scene, moment: Moment) -> int:
    """The ball's visibility class, from what hides it and how it stands out."""
    width, height = scene.camera.size
    x, y = moment.xy
    inside = -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5  # NaN is not inside
    if not inside or moment.light is None:
        return NO_BALL
    light = moment.light
    through = transmission(scene, moment)
    shown = float((light.alpha * through).sum() / max(light.alpha.sum(), 1e-6))
    if shown < 1 - HIDDEN:
        return OCCLUDED
    h, w = light.alpha.shape
    behind = scene.arena[light.y : light.y + h, light.x : light.x + w].astype(np.float32)
    contrast = np.abs((np.array(scene.look.ball) - behind).mean(axis=-1)) * light.alpha * through
    return HARD if shown < 1 - HALF_HIDDEN or contrast.max() < FAINT else CLEAR


def draw(scene: Scene, time: float, exposure: float, number: int, with_ball: bool = True) -> np.ndarray:
    """The frame around `time`, uint8 RGB (H, W, 3). `number` seeds its noise."""
    moment = capture(scene, time, exposure)
    frame = scene.arena.copy()
    for limbs in moment.figures:
        darken(frame, limbs, scene.camera, scene.look.light, scene.look.shadow)
    ball_drawn = not with_ball or moment.light is None
    for sprite in moment.sprites:
        if not ball_drawn and sprite.depth < moment.ball[1]:
            blend(frame, moment.light, TO_LINEAR[list(scene.look.ball)])
            ball_drawn = True
        paste(frame, sprite)
    if not ball_drawn:
        blend(frame, moment.light, TO_LINEAR[list(scene.look.ball)])
    return transmit(frame, scene.look, scene.noise, np.random.default_rng([scene.seed, 9, number]))
