"""The light of the ball on the sensor: discs added up over the exposure, blended in linear light."""

import numpy as np

from tracknet_jax.synthetic.camera.picture import Patch, box_around

TO_LINEAR = ((np.arange(256) / 255) ** 2.2).astype(
    np.float32
)  # of sRGB values, close to the standard's curve


def splat(centres: np.ndarray, radii: np.ndarray, size: tuple[int, int], edge: float) -> Patch | None:
    """Mean over N moments of D anti-aliased discs that make up the ball.

    `centres (N, D, 2)` and `radii (N, D)` are in pixels. A disc fades over `edge` pixels on both sides of its
    border; its total light stays that of the sharp disc. None when nothing falls on a picture of `size`
    (width, height).
    """
    box = box_around(centres, radii.max() + edge + 1, size)
    if box is None:
        return None
    x, y = box[0] + np.arange(box[2]), box[1] + np.arange(box[3])
    dx, dy = x - centres[..., 0, None], y - centres[..., 1, None]  # (N, D, w), (N, D, h)
    distance = np.sqrt(dx[:, :, None, :] ** 2 + dy[:, :, :, None] ** 2)
    r = radii[..., None, None]
    fade = np.clip((r + edge - distance) / (2 * edge), 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    # The integral of the fade over the plane, divided by pi; a small disc does not reach the fade's full height.
    top = (r + edge) / (2 * edge)
    area = np.where(r > edge, r**2 + edge**2 / 5, 8 * edge**2 * (top**4 / 4 - top**5 / 10))
    light = fade * (r**2 / area)
    alpha = 1 - np.prod(1 - np.minimum(light, 1.0), axis=1)  # the discs of one moment cover each other
    return Patch(alpha.mean(axis=0).astype(np.float32), box[0], box[1])


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to sRGB values, uint8."""
    return np.round(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def blend(frame: np.ndarray, light: Patch, colour: np.ndarray) -> None:
    """Mixes the linear `colour` (3,) into the uint8 frame, in place."""
    behind = TO_LINEAR[frame[light.area]]
    frame[light.area] = to_srgb(behind + light.alpha[..., None] * (colour - behind))
