"""One rally put together: play, camera, arena and players; draws any moment of it and labels the ball."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.arena import render_arena
from tracknet_jax.synthetic.ball import TO_LINEAR, Splat, blend, splat
from tracknet_jax.synthetic.broadcast import noise_tile, transmit
from tracknet_jax.synthetic.camera import Camera, broadcast_camera
from tracknet_jax.synthetic.figures import (
    Figure,
    Sprite,
    darken,
    draw_figure,
    glint_of,
    paste,
    project_figure,
)
from tracknet_jax.synthetic.look import Look, draw_look
from tracknet_jax.synthetic.net import net_sprites
from tracknet_jax.synthetic.play import Play, play_points
from tracknet_jax.synthetic.pose import RACKETS, Limb, Motion, motions, pose
from tracknet_jax.synthetic.sports import Sport

# Share of the ball's light that must be hidden to call it occluded, and to call it hard to see.
HIDDEN, HALF_HIDDEN = 0.85, 0.4
FAINT = 18.0  # grey levels between ball and background below which a ball is hard to see
MOMENTS = 24  # most sub-frame samples of the ball


Kit = dict[str, np.ndarray]
Thing = tuple[float, tuple[int, int, int, int], Callable[[], Sprite]]  # depth, box, how to draw it


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same over a rally."""

    sport: Sport
    play: Play
    camera: Camera
    look: Look
    arena: np.ndarray  # (H, W, 3) uint8
    fixtures: tuple[Sprite, ...]  # what stands still and can hide the ball: the net
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
    fixtures = net_sprites(sport, look, camera)
    return Scene(sport, play, camera, look, arena, fixtures, motions(play, duration), noise, seed)


@dataclass(frozen=True)
class Moment:
    """The moving things in one exposure."""

    camera: Camera
    ball: np.ndarray  # (3,) world position at mid-exposure, NaN when there is none
    xy: np.ndarray  # (2,) the same in pixels
    light: Splat | None  # of the ball
    poses: list[list[Limb]]
    figures: list[tuple[Figure, Kit]]  # from the farthest to the nearest


def capture(scene: Scene, time: float, exposure: float) -> Moment:
    """Where everything is in the exposure of `exposure` seconds around `time`."""
    camera = scene.camera
    racket = RACKETS[scene.sport.name]
    poses = [pose(motion, time, racket) for motion in scene.motions]
    figures = [
        (figure, _lit(kit, scene.look.light_on(limbs[0].start)))
        for limbs, kit in zip(poses, scene.look.kits, strict=True)
        if (figure := project_figure(limbs, camera)) is not None
    ]
    figures.sort(key=lambda item: -item[0].depth)
    ball = scene.play.ball(np.array([time]))[0]
    light = _ball_light(scene, camera, time, exposure) if np.isfinite(ball).all() else None
    return Moment(camera, ball, camera.project(ball), light, poses, figures)


def _lit(kit: Kit, light: float) -> Kit:
    return kit if light > 0.999 else {part: colour * light for part, colour in kit.items()}


def _ball_light(scene: Scene, camera: Camera, time: float, exposure: float) -> Splat | None:
    positions = scene.play.ball(time + exposure * (np.arange(MOMENTS) + 0.5 - MOMENTS / 2) / MOMENTS)
    positions = positions[np.isfinite(positions).all(axis=-1)]
    centres = camera.project(positions)[:, None]
    radii = (camera.scale(positions) * scene.sport.ball_radius)[:, None]
    if not np.isfinite(centres).all():
        return None
    return splat(centres, radii, camera.size, edge=0.6 * max(1.0, camera.size[0] / 900))


def visibility(scene: Scene, moment: Moment) -> int:
    """The ball's visibility class, from what hides it and how it stands out."""
    width, height = scene.camera.size
    x, y = moment.xy
    inside = -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5  # NaN is not inside
    light = moment.light
    if not inside or light is None:
        return NO_BALL
    through = _transmission(scene, moment, light)
    shown = float((light.alpha * through).sum() / max(light.alpha.sum(), 1e-6))
    if shown < 1 - HIDDEN:
        return OCCLUDED
    h, w = light.alpha.shape
    behind = scene.arena[light.y : light.y + h, light.x : light.x + w].astype(np.float32)
    contrast = np.abs((np.array(scene.look.ball) - behind).mean(axis=-1)) * light.alpha * through
    return HARD if shown < 1 - HALF_HIDDEN or contrast.max() < FAINT else CLEAR


def _transmission(scene: Scene, moment: Moment, light: Splat) -> np.ndarray:
    """Share of the ball's light `(h, w)` that nearer things let through, on the splat's patch."""
    height, width = light.alpha.shape
    through = np.ones((height, width), np.float32)
    for depth, box, sprite in _things(scene, moment):
        x, y, w, h = box
        apart = x > light.x + width or light.x > x + w or y > light.y + height or light.y > y + h
        if depth < moment.ball[1] and not apart:
            through *= 1 - _crop(sprite(), light.x, light.y, width, height)
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


def _things(scene: Scene, moment: Moment) -> list[Thing]:
    """Everything that can hide the ball, from the farthest to the nearest; drawn when called."""
    glint = glint_of(moment.camera, scene.look.light)
    things: list[Thing] = [
        (figure.depth, figure.box, partial(draw_figure, figure, kit, glint)) for figure, kit in moment.figures
    ]
    for sprite in scene.fixtures:
        h, w = sprite.alpha.shape
        things.append((sprite.depth, (sprite.x, sprite.y, w, h), partial(_as_is, sprite)))
    return sorted(things, key=lambda thing: -thing[0])


def _as_is(sprite: Sprite) -> Sprite:
    return sprite


def draw(scene: Scene, time: float, exposure: float, number: int, with_ball: bool = True) -> np.ndarray:
    """The frame around `time`, uint8 RGB (H, W, 3). `number` seeds its noise."""
    moment = capture(scene, time, exposure)
    look = scene.look
    frame = scene.arena.copy()
    for limbs in moment.poses:
        # In the shadow of the stadium nothing throws a shadow of its own.
        lit = (look.light_on(limbs[0].start) - (1 - look.shadow)) / look.shadow
        darken(frame, limbs, moment.camera, look.light, look.shadow * lit)
    light = moment.light if with_ball else None
    for depth, _, sprite in _things(scene, moment):
        if light is not None and depth < moment.ball[1]:
            _blend_ball(scene, moment, frame, light)
            light = None
        paste(frame, sprite())
    if light is not None:
        _blend_ball(scene, moment, frame, light)
    return transmit(frame, look, scene.noise, np.random.default_rng([scene.seed, 9, number]))


def _blend_ball(scene: Scene, moment: Moment, frame: np.ndarray, light: Splat) -> None:
    blend(frame, light, TO_LINEAR[list(scene.look.ball)] * scene.look.light_on(moment.ball))
