"""Draws posed players: anti-aliased sprites with alpha, and their shadows on the ground."""

from dataclasses import dataclass

import cv2
import numpy as np

from tracknet_jax.synthetic.camera import Camera
from tracknet_jax.synthetic.pose import Limb

SHIFT = 4  # cv2 takes sub-pixel coordinates in 1/16 pixel
STRINGS = 70  # opacity of a strung racket head, of 255


@dataclass(frozen=True)
class Sprite:
    """A small picture with alpha; `x, y` is its upper left pixel in the frame, `depth` the world y."""

    rgb: np.ndarray  # (h, w, 3) uint8
    alpha: np.ndarray  # (h, w) float32
    x: int
    y: int
    depth: float


def draw_figure(
    limbs: list[Limb], camera: Camera, colours: dict[str, tuple[int, int, int]], light: np.ndarray
) -> Sprite | None:
    """Paints a player from the hindmost limb to the foremost; None when out of the picture."""
    joints = np.stack([[limb.start, limb.end] for limb in limbs])  # (N, 2, 3)
    points, scales = camera.project(joints), camera.scale(joints)
    radii = np.array([limb.radii for limb in limbs]) * scales
    box = _box(points, radii, camera.size)
    if box is None:
        return None
    x, y, width, height = box
    factor = 2 if height > 90 else 3 if height > 45 else 4
    rgb = np.zeros((height * factor, width * factor, 3), np.uint8)
    mask = np.zeros((height * factor, width * factor), np.uint8)
    local = (points - [x, y] + 0.5) * factor - 0.5
    radii = radii * factor
    depth = ((joints.mean(axis=1) - camera.position) @ camera.rotation[2]) - 1e-3 * np.arange(len(limbs))
    glint = _glint(camera, light)
    for index in np.argsort(-depth):
        limb = limbs[index]
        _paint(rgb, mask, limb.part, local[index], radii[index], colours[limb.part], glint)
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return Sprite(rgb, alpha, x, y, float(limbs[0].start[1]))


def _box(points: np.ndarray, radii: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    pad = radii.max(axis=1, keepdims=True)[..., None] + 2
    low = np.floor(np.maximum((points - pad).min(axis=(0, 1)), 0)).astype(int)
    high = np.ceil(np.minimum((points + pad).max(axis=(0, 1)), np.array(size) - 1)).astype(int) + 1
    if (high - low < 2).any():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _glint(camera: Camera, light: np.ndarray) -> np.ndarray:
    """Direction in the picture from which limbs are lit."""
    right, down, _ = camera.rotation
    direction = np.array([light @ right, light @ down])
    return direction / max(float(np.linalg.norm(direction)), 1e-6)


def _paint(rgb, mask, part, ends, radii, colour, glint) -> None:
    if part == "head":
        _racket_head(rgb, mask, ends, radii, colour)
        return
    outline = capsule(ends[0], ends[1], radii[0], radii[1])
    dark = tuple(int(c * 0.72) for c in colour)
    cv2.fillConvexPoly(rgb, outline, dark, cv2.LINE_AA, SHIFT)
    cv2.fillConvexPoly(mask, outline, 255, cv2.LINE_AA, SHIFT)
    if radii.max() > 1.5:
        inner = capsule(*(ends + glint * radii[:, None] * 0.28), radii[0] * 0.68, radii[1] * 0.68)
        cv2.fillConvexPoly(rgb, inner, colour, cv2.LINE_AA, SHIFT)


def _racket_head(rgb, mask, ends, radii, colour) -> None:
    middle = (ends[0] + ends[1]) / 2
    along = ends[1] - ends[0]
    angle = np.arange(16) / 16 * 2 * np.pi
    half = along / 2
    across = np.array([-along[1], along[0]])
    across = across / max(float(np.linalg.norm(across)), 1e-6) * max(float(radii[1]), 0.6)
    ring = middle + np.cos(angle)[:, None] * half + np.sin(angle)[:, None] * across
    outline = np.round(ring * (1 << SHIFT)).astype(np.int32)
    strings = np.zeros_like(mask)
    cv2.fillConvexPoly(strings, outline, STRINGS, cv2.LINE_AA, SHIFT)
    rgb[strings > mask] = np.array(colour) * STRINGS // 255
    np.maximum(mask, strings, out=mask)
    for image, value in ((rgb, colour), (mask, 255)):
        cv2.polylines(image, [outline], True, value, 2 if radii[1] > 8 else 1, cv2.LINE_AA, SHIFT)


def capsule(a: np.ndarray, b: np.ndarray, ra: float, rb: float) -> np.ndarray:
    """Outline of a tapered capsule as a convex polygon in 1/16 pixels, (12, 2) int32."""
    angle = np.arctan2(b[1] - a[1], b[0] - a[0])
    turn = np.linspace(np.pi / 2, 3 * np.pi / 2, 6) + angle
    back = a + ra * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    front = b - rb * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.round(np.concatenate([back, front]) * (1 << SHIFT)).astype(np.int32)


def shadow_points(points: np.ndarray, light: np.ndarray) -> np.ndarray:
    """World points `(..., 3)` thrown on the ground along the direction from the light `light` (3,)."""
    return points - light * (points[..., 2:] / light[2])


def darken(frame: np.ndarray, limbs: list[Limb], camera: Camera, light: np.ndarray, depth: float) -> None:
    """Darkens the ground under a player, in place; `depth` is the share of light that is taken away."""
    joints = shadow_points(np.stack([[limb.start, limb.end] for limb in limbs]), light)
    points, scales = camera.project(joints), camera.scale(joints)
    radii = np.array([limb.radii for limb in limbs]) * scales
    box = _box(points, radii + 3, camera.size)
    if box is None:
        return
    x, y, width, height = box
    mask = np.zeros((height, width), np.uint8)
    squash = np.array([1.0, 0.7])  # a capsule's shadow is flatter than the capsule
    for ends, radius, limb in zip(points - [x, y], radii, limbs, strict=True):
        if limb.part != "head":
            outline = capsule(ends[0], ends[1], radius[0] * squash[1], radius[1] * squash[1])
            cv2.fillConvexPoly(mask, outline, 255, cv2.LINE_AA, SHIFT)
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, camera.focal / 1400))
    patch = frame[y : y + height, x : x + width]
    factor = 1 - depth * (mask.astype(np.float32) / 255)
    patch[...] = (patch * factor[..., None]).astype(np.uint8)


def paste(frame: np.ndarray, sprite: Sprite) -> None:
    """Lays a sprite over the frame, in place. The colours of a sprite are already multiplied by alpha."""
    height, width = sprite.alpha.shape
    patch = frame[sprite.y : sprite.y + height, sprite.x : sprite.x + width]
    keep = (1 - sprite.alpha)[..., None]
    patch[...] = np.minimum(patch * keep + sprite.rgb, 255).astype(np.uint8)
