"""What a picture is put together from: textures of flat things, sprites laid over it, shadows."""

from dataclasses import dataclass

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera

FINE = 4  # how many times larger still things are drawn, which smooths every edge

Box = tuple[int, int, int, int]  # x, y, width, height in the frame, pixels


@dataclass(frozen=True)
class Patch:
    """What covers a part of the frame: `alpha (h, w)` in [0, 1], upper left pixel `x, y`."""

    alpha: np.ndarray
    x: int
    y: int

    @property
    def area(self) -> tuple[slice, slice]:
        """Rows and columns of the frame."""
        height, width = self.alpha.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)


@dataclass(frozen=True)
class Sprite(Patch):
    """A small picture with alpha, its colours multiplied by alpha."""

    rgb: np.ndarray  # (h, w, 3) uint8
    depth: float  # the world y it stands at


def cut_out(canvas: np.ndarray, size: tuple[int, int], depth: float) -> tuple[Sprite, ...]:
    """What is drawn on an RGBA canvas, scaled to `size` (width, height); nothing if the canvas is empty."""
    small = np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA))
    x, y, width, height = cv2.boundingRect(small[..., 3])
    if not width:
        return ()
    part = small[y : y + height, x : x + width]
    return (Sprite(part[..., 3].astype(np.float32) / 255, x, y, part[..., :3], depth),)


def paste(frame: np.ndarray, sprite: Sprite) -> None:
    """Lays a sprite over the frame, in place."""
    behind = frame[sprite.area] * (1 - sprite.alpha)[..., None]
    frame[sprite.area] = np.minimum(behind + sprite.rgb, 255).astype(np.uint8)


def shade(frame: np.ndarray, shadow: Patch, depth: float) -> None:
    """Takes the share `depth` of the light away under a shadow, in place."""
    keep = 1 - depth * shadow.alpha[..., None]
    frame[shadow.area] = (frame[shadow.area] * keep).astype(np.uint8)


def box_around(points: np.ndarray, pad: float, size: tuple[int, int]) -> Box | None:
    """The box around pixels `(..., 2)` with `pad` pixels to spare, cut to a picture of `size`; None if empty."""
    points = points.reshape(-1, 2)
    low = np.maximum(np.floor(points.min(axis=0) - pad), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + pad) + 1, size).astype(int)
    if (high <= low).any():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def lay(
    picture: np.ndarray,
    texture: np.ndarray,
    resolution: float,
    camera: Camera,
    corner: np.ndarray,
    right: np.ndarray,
    down: np.ndarray,
) -> None:
    """Draws a texture of `resolution` pixels a metre over the picture, in place.

    Its upper left corner is at `corner` (3,) in the world; `right` and `down` (3,) are where its metres go.
    """
    to_metres = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, resolution]]) / resolution
    homography = camera.plane(corner, right, down) @ to_metres
    cv2.warpPerspective(
        texture, homography, camera.size, picture, cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
