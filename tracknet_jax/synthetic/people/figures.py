"""Draws posed players: anti-aliased sprites with alpha, and their shadows on the ground."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.pose import Limb

SHIFT = 4  # cv2 takes sub-pixel coordinates in 1/16 pixel
STRINGS = 70  # opacity of a strung racket head, of 255
CORE = 0.84  # brightness of a limb's shaded side
SHADOW_FLATNESS = 0.7  # a capsule's shadow on the ground is flatter than the capsule


Box = tuple[int, int, int, int]  # x, y, width, height in the frame


@dataclass(frozen=True)
class Sprite:
    """A small picture with alpha, its colours multiplied by alpha; `depth` is the world y it stands at."""

    rgb: np.ndarray  # (h, w, 3) uint8
    alpha: np.ndarray  # (h, w) float32
    x: int
    y: int
    depth: float

    @property
    def box(self) -> Box:
        height, width = self.alpha.shape
        return self.x, self.y, width, height

    def crop_alpha(self, x: int, y: int, width: int, height: int) -> np.ndarray:
        """Alpha `(height, width)` on another patch of the frame, 0 outside the sprite."""
        result = np.zeros((height, width), np.float32)
        h, w = self.alpha.shape
        x0, x1 = max(x, self.x), min(x + width, self.x + w)
        y0, y1 = max(y, self.y), min(y + height, self.y + h)
        if x0 < x1 and y0 < y1:
            part = self.alpha[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
            result[y0 - y : y1 - y, x0 - x : x1 - x] = part
        return result


@dataclass(frozen=True)
class Figure:
    """A posed player in the picture: N limbs from the hindmost to the foremost."""

    parts: tuple[str, ...]
    points: np.ndarray  # (N, 2, 2) pixels of both ends
    radii: np.ndarray  # (N, 2) pixels
    box: Box  # inside the picture
    depth: float


def project_figure(limbs: list[Limb], camera: Camera) -> Figure | None:
    """Limbs in the picture; None when all of them are outside."""
    joints = np.array([(limb.start, limb.end) for limb in limbs])
    depth = (joints.mean(axis=1) - camera.position) @ camera.rotation[2] - 1e-3 * np.arange(len(limbs))
    order = np.argsort(-depth)
    points, scales = camera.project(joints[order]), camera.scale(joints[order])
    radii = np.array([limbs[index].radii for index in order]) * scales
    box = _box(points, radii, camera.size)
    if box is None:
        return None
    return Figure(tuple(limbs[index].part for index in order), points, radii, box, float(joints[0, 0, 1]))


def _box(points: np.ndarray, radii: np.ndarray, size: tuple[int, int]) -> Box | None:
    pad = radii.max(axis=1)[:, None, None] + 2
    low = np.floor(np.maximum((points - pad).min(axis=(0, 1)), 0)).astype(int)
    high = np.ceil(np.minimum((points + pad).max(axis=(0, 1)), np.array(size) - 1)).astype(int) + 1
    if (high - low < 2).any():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def draw_blurred(figures: list[Figure], colours: dict[str, np.ndarray], glint: np.ndarray) -> Sprite:
    """The mean of a player's figures at several moments of one exposure."""
    if len(figures) == 1:
        return draw_figure(figures[0], colours, glint)
    box = union_box([figure.box for figure in figures])
    sprites = [draw_figure(replace(figure, box=box), colours, glint) for figure in figures]
    rgb = np.mean([sprite.rgb for sprite in sprites], axis=0).astype(np.uint8)
    alpha = np.mean([sprite.alpha for sprite in sprites], axis=0).astype(np.float32)
    return replace(sprites[0], rgb=rgb, alpha=alpha)


def union_box(boxes: list[Box]) -> Box:
    """The smallest box around boxes."""
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return x, y, right - x, bottom - y


def draw_figure(figure: Figure, colours: dict[str, np.ndarray], glint: np.ndarray) -> Sprite:
    """Paints the limbs in order; `glint` (2,) is the direction in the picture that light comes from."""
    x, y, width, height = figure.box
    factor = 2 if height > 90 else 3 if height > 45 else 4  # supersampling
    rgb = np.zeros((height * factor, width * factor, 3), np.uint8)
    mask = np.zeros((height * factor, width * factor), np.uint8)
    ends = (figure.points - [x, y] + 0.5) * factor - 0.5
    radii = figure.radii * factor
    outlines = capsules(ends, radii)
    cores = capsules(ends + glint * radii[..., None] * 0.22, radii * 0.74)
    for index, part in enumerate(figure.parts):
        colour = colours[part]
        if part == "head":
            _racket_head(rgb, mask, ends[index], float(radii[index, 1]), colour)
            continue
        cv2.fillConvexPoly(rgb, outlines[index], (colour * CORE).tolist(), cv2.LINE_AA, SHIFT)
        cv2.fillConvexPoly(mask, outlines[index], 255, cv2.LINE_AA, SHIFT)
        if radii[index, 0] > 1.5:
            cv2.fillConvexPoly(rgb, cores[index], colour.tolist(), cv2.LINE_AA, SHIFT)
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    small = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))
    return Sprite(small, alpha, x, y, figure.depth)


def glint_of(camera: Camera, light: np.ndarray) -> np.ndarray:
    """Direction (2,) in the picture from which limbs are lit, for light from the direction `light` (3,)."""
    direction = camera.rotation[:2] @ light
    return direction / max(float(np.linalg.norm(direction)), 1e-6)


def _racket_head(rgb: np.ndarray, mask: np.ndarray, ends: np.ndarray, across: float, colour) -> None:
    """A ring with see-through strings; its flat side faces the camera."""
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    side = np.array([-half[1], half[0]]) / max(float(np.hypot(*half)), 1e-6) * max(across, 0.6)
    angle = np.arange(16)[:, None] * (2 * np.pi / 16)
    ring = np.round((middle + np.cos(angle) * half + np.sin(angle) * side) * (1 << SHIFT)).astype(np.int32)
    strings = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(strings, ring, STRINGS, cv2.LINE_AA, SHIFT)
    rgb[strings > mask] = (colour * (STRINGS / 255)).astype(np.uint8)
    np.maximum(mask, strings, out=mask)
    thickness = 2 if across > 8 else 1
    cv2.polylines(rgb, [ring], True, colour.tolist(), thickness, cv2.LINE_AA, SHIFT)
    cv2.polylines(mask, [ring], True, 255, thickness, cv2.LINE_AA, SHIFT)


def capsules(ends: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Outlines of N tapered capsules, convex polygons (N, 12, 2) int32 in 1/16 pixels."""
    way = ends[:, 1] - ends[:, 0]
    angle = np.arctan2(way[:, 1], way[:, 0])[:, None] + np.linspace(np.pi / 2, 3 * np.pi / 2, 6)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    back = ends[:, :1] + radii[:, :1, None] * arc
    front = ends[:, 1:] - radii[:, 1:, None] * arc
    return np.round(np.concatenate([back, front], axis=1) * (1 << SHIFT)).astype(np.int32)


def thrown(points: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Where the shadows of world points `(..., 3)` fall on the ground, for light from `light` (3,)."""
    return points - light * (points[..., 2:] / light[2])


def darken(frame: np.ndarray, limbs: list[Limb], camera: Camera, light: np.ndarray, depth: float) -> None:
    """Darkens the ground under a player, in place; `depth` is the share of light that is taken away."""
    solid = [limb for limb in limbs if limb.part != "head"]
    joints = thrown(np.array([(limb.start, limb.end) for limb in solid]), light)
    points, scales = camera.project(joints), camera.scale(joints)
    radii = np.array([limb.radii for limb in solid]) * scales * SHADOW_FLATNESS
    box = _box(points, radii + 3, camera.size)
    if box is None:
        return
    x, y, width, height = box
    mask = np.zeros((height, width), np.uint8)
    for outline in capsules(points - [x, y], radii):
        cv2.fillConvexPoly(mask, outline, 255, cv2.LINE_AA, SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, camera.focal / 1400)).astype(np.float32)
    patch = frame[y : y + height, x : x + width]
    patch[...] = (patch * (1 - depth / 255 * soft)[..., None]).astype(np.uint8)


def paste(frame: np.ndarray, sprite: Sprite) -> None:
    """Lays a sprite over the frame, in place."""
    height, width = sprite.alpha.shape
    patch = frame[sprite.y : sprite.y + height, sprite.x : sprite.x + width]
    keep = (1 - sprite.alpha)[..., None]
    patch[...] = np.minimum(patch * keep + sprite.rgb, 255).astype(np.uint8)


def warp_sprite(sprite: Sprite, homography: np.ndarray, size: tuple[int, int]) -> Sprite | None:
    """The sprite seen by a turned camera; None when it leaves the picture of `size` (width, height)."""
    x, y, w, h = sprite.box
    corners = np.array([[x, y, 1], [x + w, y, 1], [x, y + h, 1], [x + w, y + h, 1]]) @ homography.T
    corners = corners[:, :2] / corners[:, 2:]
    low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0)) + 1, size).astype(int)
    if (high <= low).any():
        return None
    to_frame = np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])
    to_patch = np.array([[1.0, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    matrix, new_size = to_patch @ homography @ to_frame, (int(high[0] - low[0]), int(high[1] - low[1]))
    rgb = np.asarray(cv2.warpPerspective(sprite.rgb, matrix, new_size, flags=cv2.INTER_LINEAR))
    alpha = np.asarray(cv2.warpPerspective(sprite.alpha, matrix, new_size, flags=cv2.INTER_LINEAR))
    return Sprite(rgb, alpha, int(low[0]), int(low[1]), sprite.depth)
