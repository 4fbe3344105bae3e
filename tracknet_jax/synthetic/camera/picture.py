"""What a picture is put together from: textures of flat things, sprites laid over it, shadows."""

from dataclasses import dataclass

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera

FINE = 4  # how many times larger still things are drawn, which smooths every edge


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


def paste(frame: np.ndarray, sprite: Sprite) -> None:
    """Lays a sprite over the frame, in place."""
    behind = frame[sprite.area] * (1 - sprite.alpha)[..., None]
    frame[sprite.area] = np.minimum(behind + sprite.rgb, 255).astype(np.uint8)


def shade(frame: np.ndarray, shadow: Patch, depth: float) -> None:
    """Takes the share `depth` of the light away under a shadow, in place."""
    keep = 1 - depth * shadow.alpha[..., None]
    frame[shadow.area] = (frame[shadow.area] * keep).astype(np.uint8)


def box_around(points: np.ndarray, pad: float, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The box (x, y, width, height) around pixels `(..., 2)` with `pad` pixels to spare.

    It is cut to a picture of `size` (width, height); None if nothing is left.
    """
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


def write(panel: np.ndarray, text: str, ink, fill: float) -> None:
    """Writes a word in the middle of a panel (rows, columns, 3), in place, over at most `fill` of its width."""
    (height, width), face = panel.shape[:2], cv2.FONT_HERSHEY_DUPLEX
    (w, h), _ = cv2.getTextSize(text, face, 1.0, 1)
    scale, thick = min(fill * width / w, 0.55 * height / h), max(1, height // 14)
    if scale * h >= 3:
        (w, h), _ = cv2.getTextSize(text, face, scale, thick)
        corner = ((width - w) // 2, (height + h) // 2)
        picture = np.ascontiguousarray(panel)
        cv2.putText(picture, text, corner, face, scale, ink, thick, cv2.LINE_AA)
        panel[:] = picture
