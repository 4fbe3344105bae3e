"""One exposure of the camera: draws the frame at a moment, and labels the ball in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.camera.broadcast import transmit
from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.figures import (
    Box,
    Sprite,
    darken,
    draw_blurred,
    glint_of,
    paste,
    project_figure,
    thrown,
    union_box,
    warp_sprite,
)
from tracknet_jax.synthetic.people.pose import RACKETS, Limb, pose
from tracknet_jax.synthetic.play.ball import TO_LINEAR, Splat, blend, shade, splat
from tracknet_jax.synthetic.scene import Scene

# Share of the ball's light that must be hidden to call it occluded, and to call it hard to see.
HIDDEN, HALF_HIDDEN = 0.85, 0.4
FAINT = 18.0  # grey levels between ball and background below which a ball is hard to see
MOMENTS = 24  # sub-frame samples of the ball
SWING = 0.3  # seconds around a stroke in which the racket is fast
SWING_MOMENTS = (-0.36, -0.12, 0.12, 0.36)  # shares of the exposure
EDGE = 0.6  # pixels over which the lens blurs an edge, at up to 900 pixels of width

Kit = dict[str, np.ndarray]


@dataclass(frozen=True)
class Thing:
    """Something that can hide the ball: `draw` makes its sprite, which only a drawn frame needs."""

    depth: float
    box: Box
    draw: Callable[[], Sprite]


@dataclass(frozen=True)
class Moment:
    """Where everything is in one exposure."""

    time: float
    camera: Camera
    ball: np.ndarray  # (3,) world position at mid-exposure, NaN when there is none
    xy: np.ndarray  # (2,) the same in pixels
    light: Splat | None  # of the ball on the sensor
    poses: list[list[Limb]]
    things: list[Thing]  # from the farthest to the nearest


def capture(scene: Scene, time: float, exposure: float) -> Moment:
    """Where everything is in the exposure of `exposure` seconds around `time`."""
    camera = scene.camera.turned(*scene.sway.at(time))
    poses = [pose(motion, time, RACKETS[scene.sport.name]) for motion in scene.motions]
    things = [*_figures(scene, camera, time, exposure), *_fixtures(scene, camera)]
    ball = scene.play.ball(np.array([time]))[0]
    light = _ball_light(scene, camera, time, exposure) if np.isfinite(ball).all() else None
    ordered = sorted(things, key=lambda thing: -thing.depth)
    return Moment(time, camera, ball, camera.project(ball), light, poses, ordered)


def _figures(scene: Scene, camera: Camera, time: float, exposure: float) -> list[Thing]:
    """The players; one who swings is seen at several moments of the exposure, which blurs the racket."""
    glint, racket = glint_of(camera, scene.look.light), RACKETS[scene.sport.name]
    things = []
    for motion, kit in zip(scene.motions, scene.look.kits, strict=True):
        swings = len(motion.strokes) and np.abs(motion.strokes - time).min() < SWING
        times = time + exposure * np.array(SWING_MOMENTS if swings else (0.0,))
        poses = [pose(motion, moment, racket) for moment in times.tolist()]
        figures = [figure for limbs in poses if (figure := project_figure(limbs, camera)) is not None]
        if figures:
            lit = _lit(kit, scene.look.light_on(poses[0][0].start))
            box = union_box([figure.box for figure in figures])
            things.append(Thing(figures[0].depth, box, partial(draw_blurred, figures, lit, glint)))
    return things


def _lit(kit: Kit, light: float) -> Kit:
    return kit if light > 0.999 else {part: colour * light for part, colour in kit.items()}


def _fixtures(scene: Scene, camera: Camera) -> list[Thing]:
    sprites = scene.fixtures
    if scene.sway.moves:
        homography = scene.wide.homography_to(camera)
        warped = [warp_sprite(sprite, homography, camera.size) for sprite in sprites]
        sprites = tuple(sprite for sprite in warped if sprite is not None)
    return [Thing(s.depth, s.box, partial(_as_is, s)) for s in (*sprites, *scene.graphics)]


def _as_is(sprite: Sprite) -> Sprite:
    return sprite


def _ball_light(scene: Scene, camera: Camera, time: float, exposure: float) -> Splat | None:
    """The ball's light on the sensor over the exposure."""
    times = time + exposure * (np.arange(MOMENTS) + 0.5 - MOMENTS / 2) / MOMENTS
    positions = scene.play.ball(times)
    positions = positions[np.isfinite(positions).all(axis=-1)]
    ahead = np.diff(scene.play.ball(np.array([time - 2e-3, time + 2e-3])), axis=0)[0]
    ahead = np.nan_to_num(ahead) / max(float(np.linalg.norm(np.nan_to_num(ahead))), 1e-9)
    offsets, radii = np.array(scene.sport.discs).T
    discs = positions[:, None] + offsets[:, None] * ahead  # (N, D, 3)
    centres = camera.project(discs)
    if not len(positions) or not np.isfinite(centres).all():
        return None
    edge = EDGE * max(1.0, camera.size[0] / 900)
    return splat(centres, camera.scale(discs) * radii, camera.size, edge, scene.sport.opacity)


def visibility(scene: Scene, moment: Moment) -> int:
    """The ball's visibility class, from what hides it and how it stands out."""
    width, height = scene.camera.size
    x, y = moment.xy
    inside = -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5  # NaN is not inside
    light = moment.light
    if not inside or light is None:
        return NO_BALL
    through = _transmission(moment, light)
    shown = float((light.alpha * through).sum() / max(light.alpha.sum(), 1e-6))
    if shown < 1 - HIDDEN:
        return OCCLUDED
    ball = np.array(scene.look.ball) * scene.look.light_on(moment.ball)
    difference = np.abs((ball - _behind(scene, moment, light)).mean(axis=-1))
    contrast = (difference * light.alpha * through).max()
    return HARD if shown < 1 - HALF_HIDDEN or contrast < FAINT else CLEAR


def _transmission(moment: Moment, light: Splat) -> np.ndarray:
    """Share of the ball's light `(h, w)` that nearer things let through, on the splat's patch."""
    height, width = light.alpha.shape
    through = np.ones((height, width), np.float32)
    for thing in moment.things:
        x, y, w, h = thing.box
        apart = x > light.x + width or light.x > x + w or y > light.y + height or light.y > y + h
        if thing.depth < moment.ball[1] and not apart:
            through *= 1 - thing.draw().crop_alpha(light.x, light.y, width, height)
    return through


def _behind(scene: Scene, moment: Moment, light: Splat) -> np.ndarray:
    """The still picture `(h, w, 3)` under the splat's patch."""
    height, width = light.alpha.shape
    corner = np.array([light.x, light.y, 1.0])
    x, y, w = moment.camera.homography_to(scene.wide) @ corner
    rows = np.clip(np.arange(height) + round(y / w), 0, scene.arena.shape[0] - 1)
    columns = np.clip(np.arange(width) + round(x / w), 0, scene.arena.shape[1] - 1)
    return scene.arena[np.ix_(rows, columns)].astype(np.float32)


def draw(scene: Scene, time: float, exposure: float, number: int, with_ball: bool = True) -> np.ndarray:
    """The frame around `time`, uint8 RGB (H, W, 3). `number` seeds its noise."""
    moment = capture(scene, time, exposure)
    frame = _still_picture(scene, moment)
    light = moment.light if with_ball else None
    _shadows(scene, moment, frame, exposure, light is not None)
    for thing in moment.things:
        if light is not None and thing.depth < moment.ball[1]:
            _blend_ball(scene, moment, frame, light)
            light = None
        paste(frame, thing.draw())
    if light is not None:
        _blend_ball(scene, moment, frame, light)
    return transmit(frame, scene.look, scene.noise, np.random.default_rng([scene.seed, 9, number]))


def _still_picture(scene: Scene, moment: Moment) -> np.ndarray:
    picture = scene.arena.copy()
    scene.fidgets.move(picture, moment.time)
    if not scene.sway.moves:
        return picture
    homography = scene.wide.homography_to(moment.camera)
    return np.asarray(cv2.warpPerspective(picture, homography, moment.camera.size, flags=cv2.INTER_LINEAR))


def _shadows(scene: Scene, moment: Moment, frame: np.ndarray, exposure: float, with_ball: bool) -> None:
    """Shadows of players and ball; in the shadow of the stadium nothing throws one of its own."""
    look, camera = scene.look, moment.camera
    for limbs in moment.poses:
        darken(frame, limbs, camera, look.light, look.shadow * look.sunlit(limbs[0].start))
    if not with_ball:
        return
    times = moment.time + exposure * np.linspace(-0.4, 0.4, 5)
    ground = thrown(scene.play.ball(times), look.light)
    ground = ground[np.isfinite(ground).all(axis=-1)][:, None]
    if len(ground):
        # The farther the ball is from the ground, the softer its shadow.
        blur = EDGE * camera.size[0] / 512 * (1 + moment.ball[2])
        dark = splat(
            camera.project(ground), camera.scale(ground) * scene.sport.ball_radius, camera.size, blur
        )
        if dark is not None:
            shade(frame, dark, look.shadow * look.sunlit(moment.ball))


def _blend_ball(scene: Scene, moment: Moment, frame: np.ndarray, light: Splat) -> None:
    # Light on a linear scale: the look's factors act on sRGB values.
    blend(frame, light, TO_LINEAR[list(scene.look.ball)] * scene.look.light_on(moment.ball) ** 2.2)
