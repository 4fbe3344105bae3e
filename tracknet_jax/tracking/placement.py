"""How a source frame lies in the network's input, and how positions there are mapped back to the source."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import resize

Fit = Literal["auto", "stretch", "letterbox"]

# `auto` stretches if the source's shape is within a quarter of the network's (16:10, 17:9 and 2:1 against 16:9): that
# much does the networks no harm, and every pixel is used. In a stretched portrait or 4:3 video the ball would be an
# ellipse that they have never seen, so such videos are letterboxed.
STRETCH_LIMIT = 1.25


@dataclass(frozen=True)
class Placement:
    """Where the source frame lies in the network's input: sizes (width, height), and `corner`, its top left."""

    source: tuple[int, int]
    network: tuple[int, int]
    inner: tuple[int, int]
    corner: tuple[int, int]

    def to_network(self, frame: np.ndarray) -> np.ndarray:
        """Resizes a frame (H, W, 3) uint8 to the network's (h, w, 3), with black bars under `letterbox`.

        This is the only resize in tracking: area averaging if the frame shrinks, bilinear if it grows.

        Raises:
            UserError: the frame does not have the source's size.
        """
        height, width = frame.shape[:2]
        if (width, height) != self.source:
            raise UserError(
                f"the frame size changes from {self.source[0]}x{self.source[1]} to {width}x{height} midway: "
                "re-encode the video to one size"
            )
        frame = resize(frame, self.inner)
        if self.inner == self.network:
            return frame
        canvas = np.zeros((self.network[1], self.network[0], 3), np.uint8)
        (left, top), (inner_width, inner_height) = self.corner, self.inner
        canvas[top : top + inner_height, left : left + inner_width] = frame
        return canvas

    def inside(self) -> np.ndarray:
        """Mask (h, w) bool of the network's pixels that show the source; False on letterbox bars."""
        mask = np.zeros(self.network[::-1], bool)
        (left, top), (width, height) = self.corner, self.inner
        mask[top : top + height, left : left + width] = True
        return mask

    def to_source(self, xy: np.ndarray) -> np.ndarray:
        """Maps (..., 2) positions in network pixels to source pixels, in float."""
        return np.asarray(scale_xy(np.asarray(xy, np.float64) - self.corner, self.inner, self.source))


def place(source: tuple[int, int], network: tuple[int, int], fit: Fit = "auto") -> Placement:
    """Chooses the placement of a (width, height) source in the network's (width, height) input."""
    ratio = (source[0] * network[1]) / (source[1] * network[0])
    stretch = fit == "stretch" or (fit == "auto" and 1 / STRETCH_LIMIT <= ratio <= STRETCH_LIMIT)
    if stretch:
        return Placement(source, network, network, (0, 0))
    scale = min(network[0] / source[0], network[1] / source[1])
    inner = (max(1, round(source[0] * scale)), max(1, round(source[1] * scale)))
    corner = ((network[0] - inner[0]) // 2, (network[1] - inner[1]) // 2)
    return Placement(source, network, inner, corner)
