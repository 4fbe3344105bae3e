"""One exposure of the camera: draws the frame at a moment, and labels the ball in it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.camera.ball import TO_LINEAR, blend, splat
from tracknet_jax.synthetic.camera.picture import Patch, paste, shade
from tracknet_jax.synthetic.people.figures import draw_person, shadow_of, thrown
from tracknet_jax.synthetic.people.pose import Body, pose
from tracknet_jax.synthetic.scene import Scene

# A ball counts as occluded, or as hard to see, where more than this share of its light is hidden.
HIDDEN, HALF_HIDDEN = 0.85, 0.4
FAINT = 18.0  # a ball is hard to see where it differs by fewer grey levels from the background
MOMENTS = 24  # samples of the ball in an exposure
EDGE = 0.6  # pixels over which the lens blurs an edge, at up to 900 pixels of width


@dataclass(frozen=True)
class Moment:
    """Where everything is in one exposure, in pixels of the scene's camera at rest."""

    shift: np.ndarray  # (2,) from the camera at rest to the frame, pixels
    ball: np.ndarray  # (3,) world position at mid-exposure, NaN when there is none
    light: Patch | None  # of the ball on the sensor
    ball_shadow: Patch | None
    bodies: list[Body]  # of the players


def capture(scene: Scene, time: float, exposure: float) -> Moment:
    """Where everything is in the exposure of `exposure` seconds around `time`."""
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
        bodies=[pose(motion, time, scene.sport.racket) for motion in scene.motions],
    )


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
    light = moment.light
    if not inside or light is None:
        return NO_BALL
    seen = light.alpha * _uncovered(scene, moment, light)
    shown = float(seen.sum() / max(light.alpha.sum(), 1e-6))
    if shown < 1 - HIDDEN:
        return OCCLUDED
    contrast = np.abs((np.array(scene.look.ball, float) - scene.arena[light.area]).mean(axis=-1)) * seen
    return HARD if shown < 1 - HALF_HIDDEN or contrast.max() < FAINT else CLEAR


def _uncovered(scene: Scene, moment: Moment, light: Patch) -> np.ndarray:
    """Share of the ball's light `(h, w)` that everything in front of the ball lets through."""
    through = np.ones(scene.arena.shape[:2], np.float32)
    if scene.net.depth < moment.ball[1]:
        through[scene.net.area] *= 1 - scene.net.alpha
    x, y = np.round(moment.shift).astype(int)
    rows, columns = scene.score_box.area
    through[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x] *= 1 - scene.score_box.alpha
    for body, kit in zip(moment.bodies, scene.look.kits, strict=True):
        person = (
            draw_person(body, kit, scene.camera, scene.look.light) if body.depth < moment.ball[1] else None
        )
        if person is not None:
            through[person.area] *= 1 - person.alpha
    return through[light.area]


def draw(scene: Scene, moment: Moment, number: int, with_ball: bool = True) -> np.ndarray:
    """The frame, uint8 RGB (H, W, 3); `number` seeds the sensor's noise."""
    look, camera, picture = scene.look, scene.camera, scene.arena.copy()
    shadows = [shadow_of(body, camera, look.light) for body in moment.bodies]
    for shadow in (*shadows, moment.ball_shadow if with_ball else None):
        if shadow is not None:
            shade(picture, shadow, look.shadow)
    people = [
        draw_person(body, kit, camera, look.light) for body, kit in zip(moment.bodies, look.kits, strict=True)
    ]
    sprites = [scene.net, *(person for person in people if person is not None)]
    sprites.sort(key=lambda sprite: -sprite.depth)
    hiding = [sprite for sprite in sprites if sprite.depth < moment.ball[1]]  # none without a ball
    for sprite in sprites[: len(sprites) - len(hiding)]:
        paste(picture, sprite)
    if with_ball and moment.light is not None:
        blend(picture, moment.light, TO_LINEAR[list(look.ball)])
    for sprite in hiding:
        paste(picture, sprite)
    if moment.shift.any():
        picture = np.asarray(cv2.warpAffine(picture, np.c_[np.eye(2), moment.shift], scene.size))
    paste(picture, scene.score_box)
    noise = np.random.default_rng([scene.seed, 9, number]).standard_normal(picture.shape[:2], np.float32)
    grain = cv2.cvtColor(noise * look.noise, cv2.COLOR_GRAY2RGB)  # the same in all three colours
    return np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U))
