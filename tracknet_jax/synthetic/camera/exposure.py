"""One exposure of the camera: draws the frame at a moment, and labels the ball in it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.camera.ball import TO_LINEAR, blend, splat
from tracknet_jax.synthetic.camera.broadcast import transmit
from tracknet_jax.synthetic.camera.picture import Patch, Sprite, paste, shade
from tracknet_jax.synthetic.people.figures import draw_person, shadow_of, thrown
from tracknet_jax.synthetic.people.pose import RACKETS, Body, pose
from tracknet_jax.synthetic.scene import Scene

# Shares of the ball's light that are hidden from which on it counts as occluded, and as hard to see.
HIDDEN, HALF_HIDDEN = 0.85, 0.4
FAINT = 18.0  # grey levels between ball and background below which a ball is hard to see
MOMENTS = 24  # samples of the ball in an exposure
SWINGING = 0.3  # seconds around a stroke in which the racket is fast
SWING_MOMENTS = (-0.36, -0.12, 0.12, 0.36)  # samples of a swinging player, as shares of the exposure
EDGE = 0.6  # pixels over which the lens blurs an edge, at up to 900 pixels of width


@dataclass(frozen=True)
class Moment:
    """Where everything is in one exposure, in pixels of the scene's camera at rest."""

    shift: np.ndarray  # (2,) from the camera at rest to the frame, pixels
    ball: np.ndarray  # (3,) world position at mid-exposure, NaN when there is none
    light: Patch | None  # of the ball on the sensor
    ball_shadow: Patch | None
    bodies: list[Body]  # of the players
    sprites: list[Sprite]  # what can hide the ball, from the farthest to the nearest


def capture(scene: Scene, time: float, exposure: float) -> Moment:
    """Where everything is in the exposure of `exposure` seconds around `time`."""
    players = [_player(scene, number, time, exposure) for number in range(len(scene.motions))]
    sprites = [*scene.fixtures, *(sprite for _, sprite in players if sprite is not None)]
    times = time + exposure * ((np.arange(MOMENTS) + 0.5) / MOMENTS - 0.5)
    positions = scene.play.ball(times)
    positions = positions[np.isfinite(positions).all(axis=-1)]
    ball = scene.play.ball(np.array([time]))[0]
    in_play = len(positions) > 0 and bool(np.isfinite(ball).all())
    return Moment(
        shift=scene.sway.at(time) - scene.sway.margin,
        ball=ball,
        light=_ball_light(scene, positions, time) if in_play else None,
        ball_shadow=_ball_shadow(scene, positions) if in_play else None,
        bodies=[body for body, _ in players],
        sprites=sorted(sprites, key=lambda sprite: -sprite.depth),
    )


def _player(scene: Scene, number: int, time: float, exposure: float) -> tuple[Body, Sprite | None]:
    """A player's body and picture; a swing is seen at several moments, which blurs the racket."""
    motion, look = scene.motions[number], scene.look
    swings = abs(motion.since_stroke(time)[0]) < SWINGING
    shares = SWING_MOMENTS if swings else (0.0,)
    bodies = [pose(motion, time + exposure * share, RACKETS[scene.sport.name]) for share in shares]
    light = look.light_on(bodies[0].ends[0, 0])
    kit = {part: colour * light for part, colour in look.kits[number].items()}
    return bodies[0], draw_person(bodies, kit, scene.camera, look.light)


def _ball_light(scene: Scene, positions: np.ndarray, time: float) -> Patch | None:
    """The ball's light on the sensor from its positions `(N, 3)` over the exposure."""
    ahead = np.nan_to_num(np.diff(scene.play.ball(np.array([time - 2e-3, time + 2e-3])), axis=0)[0])
    ahead /= max(float(np.linalg.norm(ahead)), 1e-9)
    offsets, radii = np.array(scene.sport.discs).T
    discs = positions[:, None] + offsets[:, None] * ahead  # (N, D, 3)
    camera = scene.camera
    light = splat(camera.project(discs), camera.scale(discs) * radii, camera.size, _edge(scene))
    return light and replace(light, alpha=light.alpha * scene.sport.opacity)


def _ball_shadow(scene: Scene, positions: np.ndarray) -> Patch | None:
    """The ball's shadow on the floor, the softer the higher the ball is."""
    camera, ground = scene.camera, thrown(positions, scene.look.light)[:, None]
    radii = camera.scale(ground) * scene.sport.ball_radius
    return splat(camera.project(ground), radii, camera.size, 1.5 * _edge(scene) * (1 + positions[0, 2]))


def _edge(scene: Scene) -> float:
    return EDGE * max(1.0, scene.size[0] / 900)


def place_of(scene: Scene, moment: Moment) -> np.ndarray:
    """Pixel (2,) of the ball's centre in the frame; NaN when there is no ball."""
    return scene.camera.project(moment.ball) + moment.shift


def visibility(scene: Scene, moment: Moment) -> int:
    """The ball's visibility class, from what hides it and how it stands out."""
    x, y = place_of(scene, moment)
    inside = -0.5 <= x < scene.size[0] - 0.5 and -0.5 <= y < scene.size[1] - 0.5  # NaN is not inside
    if not inside or moment.light is None:
        return NO_BALL
    seen = moment.light.alpha * _uncovered(scene, moment)[moment.light.area]
    shown = float(seen.sum() / max(moment.light.alpha.sum(), 1e-6))
    if shown < 1 - HIDDEN:
        return OCCLUDED
    ball = np.array(scene.look.ball) * scene.look.light_on(moment.ball)
    contrast = np.abs((ball - scene.arena[moment.light.area]).mean(axis=-1)) * seen
    return HARD if shown < 1 - HALF_HIDDEN or contrast.max() < FAINT else CLEAR


def _uncovered(scene: Scene, moment: Moment) -> np.ndarray:
    """Share of the ball's light `(H, W)` that everything in front of it lets through."""
    through = np.ones(scene.arena.shape[:2], np.float32)
    for sprite in moment.sprites:
        if sprite.depth < moment.ball[1]:
            through[sprite.area] *= 1 - sprite.alpha
    x, y = np.round(moment.shift).astype(int)
    for sprite in scene.graphics:
        rows, columns = sprite.area
        through[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x] *= 1 - sprite.alpha
    return through


def draw(scene: Scene, moment: Moment, number: int, with_ball: bool = True) -> np.ndarray:
    """The frame, uint8 RGB (H, W, 3); `number` seeds its noise."""
    look, picture = scene.look, scene.arena.copy()
    for body in moment.bodies:
        shadow = shadow_of(body, scene.camera, look.light)
        if shadow is not None:
            shade(picture, shadow, look.shadow * look.sunlit(body.ends[0, 0]))
    if with_ball and moment.ball_shadow is not None:
        shade(picture, moment.ball_shadow, look.shadow * look.sunlit(moment.ball))
    hiding = [sprite for sprite in moment.sprites if sprite.depth < moment.ball[1]]  # none without a ball
    for sprite in moment.sprites[: len(moment.sprites) - len(hiding)]:
        paste(picture, sprite)
    if with_ball and moment.light is not None:
        # The look's factors act on sRGB values, the ball's light is mixed on a linear scale.
        blend(picture, moment.light, TO_LINEAR[list(look.ball)] * look.light_on(moment.ball) ** 2.2)
    for sprite in hiding:
        paste(picture, sprite)
    if moment.shift.any():
        picture = np.asarray(cv2.warpAffine(picture, np.c_[np.eye(2), moment.shift], scene.size))
    for sprite in scene.graphics:
        paste(picture, sprite)
    return transmit(picture, scene.grade, np.random.default_rng([scene.seed, 9, number]))
