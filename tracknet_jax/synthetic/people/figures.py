"""Draws posed people: anti-aliased sprites with alpha, and their shadows on the ground."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import Patch, Sprite, box_around
from tracknet_jax.synthetic.look import Kit
from tracknet_jax.synthetic.people.pose import Body

SHIFT = 4  # OpenCV takes sub-pixel coordinates in 1/16 pixel
CORE = 0.84  # brightness of a limb's shaded side
SHADOW_FLATNESS = 0.7  # a capsule's shadow on the ground is flatter than the capsule


def draw_person(body: Body, kit: Kit, camera: Camera, light: np.ndarray, factor: int = 3) -> Sprite | None:
    """One person; None outside the picture.

    `light` (3,) points to the light; the picture is drawn `factor` times as large and scaled down.
    """
    pixels, radii = camera.project(body.ends), body.radii * camera.scale(body.ends)
    box = box_around(pixels, radii.max() + 2, camera.size)
    if box is None:
        return None
    x, y, width, height = box
    glint = camera.rotation[:2] @ light
    glint /= max(float(np.linalg.norm(glint)), 1e-6)
    canvas = np.zeros((height * factor, width * factor, 4), np.uint8)
    order = np.argsort(-camera.depth(body.ends.mean(axis=1)))
    _paint(canvas, body.parts, order, (pixels - [x, y] + 0.5) * factor - 0.5, radii * factor, kit, glint)
    small = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA))
    return Sprite(small[..., 3].astype(np.float32) / 255, x, y, small[..., :3], body.depth)


def _paint(canvas: np.ndarray, parts, order, ends, radii, kit: Kit, glint: np.ndarray) -> None:
    """Paints limbs on an RGBA canvas from the hindmost to the foremost, brighter towards the light."""
    outlines = _capsules(ends, radii)
    cores = _capsules(ends + glint * radii[..., None] * 0.22, radii * 0.74)
    for index in order:
        colour = kit[parts[index]]
        if parts[index] == "head":
            _racket_head(canvas, ends[index], float(radii[index, 1]), colour)
            continue
        cv2.fillConvexPoly(canvas, outlines[index], (*(colour * CORE).tolist(), 255), cv2.LINE_AA, SHIFT)
        if radii[index, 0] > 1.5:
            cv2.fillConvexPoly(canvas, cores[index], (*colour.tolist(), 255), cv2.LINE_AA, SHIFT)


def _racket_head(canvas: np.ndarray, ends: np.ndarray, across: float, colour: np.ndarray) -> None:
    """A ring whose flat side faces the camera."""
    middle, half = ends.mean(axis=0), (ends[1] - ends[0]) / 2
    angle = float(np.degrees(np.arctan2(half[1], half[0])))
    centre, axes = _fixed(np.array([middle, [np.hypot(*half), across]])).tolist()
    ink, thickness = (*colour.tolist(), 255), 2 if across > 8 else 1
    cv2.ellipse(canvas, centre, axes, angle, 0, 360, ink, thickness, cv2.LINE_AA, SHIFT)


def _capsules(ends: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Outlines of N tapered capsules, convex polygons (N, 12, 2) in OpenCV's fixed-point pixels."""
    way = ends[:, 1] - ends[:, 0]
    angle = np.arctan2(way[:, 1], way[:, 0])[:, None] + np.linspace(np.pi / 2, 3 * np.pi / 2, 6)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    back = ends[:, :1] + radii[:, :1, None] * arc
    front = ends[:, 1:] - radii[:, 1:, None] * arc
    return _fixed(np.concatenate([back, front], axis=1))


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * (1 << SHIFT)).astype(np.int32)


def thrown(points: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Where the shadows of world points `(..., 3)` fall on the ground, for light from `light` (3,)."""
    return points - light * (points[..., 2:] / light[2])


def shadow_of(body: Body, camera: Camera, light: np.ndarray) -> Patch | None:
    """The soft shadow of a person on the ground; None outside the picture."""
    flat = Body(thrown(body.ends, light), body.radii * SHADOW_FLATNESS, body.parts)
    shadow = draw_person(flat, dict.fromkeys(body.parts, np.zeros(3)), camera, light, factor=1)
    blur = max(0.6, camera.focal / 1400)
    return shadow and Patch(cv2.GaussianBlur(shadow.alpha, (0, 0), blur), shadow.x, shadow.y)
