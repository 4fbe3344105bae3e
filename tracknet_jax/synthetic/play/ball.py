"""The ball on the sensor: discs splatted over the exposure, blended in linear light."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Splat:
    """Light of the ball on a patch of the frame: `alpha (h, w)` in [0, 1], upper left pixel `x, y`."""

    alpha: np.ndarray
    x: int
    y: int


def splat(
    centres: np.ndarray, radii: np.ndarray, size: tuple[int, int], edge: float, opacity: float = 1.0
) -> Splat | None:
    """Mean over N moments of anti-aliased discs.

    `centres (N, D, 2)` pixels and `radii (N, D)` pixels of D discs that make up the ball; `edge` is the
    width in pixels over which a disc fades, whose total light stays that of the sharp disc times `opacity`. None when
    nothing falls on a picture of `size` (width, height).
    """
    reach = radii.max() + edge + 1
    low = np.maximum(np.floor(centres.min(axis=(0, 1)) - reach), 0).astype(int)
    high = np.minimum(np.ceil(centres.max(axis=(0, 1)) + reach) + 1, size).astype(int)
    if (high <= low).any():
        return None
    x = np.arange(low[0], high[0], dtype=np.float32)
    y = np.arange(low[1], high[1], dtype=np.float32)
    dx = x - centres[..., 0, None].astype(np.float32)  # (N, D, w)
    dy = y - centres[..., 1, None].astype(np.float32)
    distance = np.sqrt(dx[:, :, None, :] ** 2 + dy[:, :, :, None] ** 2)  # (N, D, h, w)
    r = radii[..., None, None].astype(np.float32)
    # A linear ramp of total width 2 w around r; below r = w the ramp is a cone of base r + w.
    fade = np.clip((r + edge - distance) / (2 * edge), 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    light = fade * (r**2 / _ramp_area(r, edge))
    alpha = 1 - np.prod(1 - np.minimum(light, 1.0), axis=1)  # the discs of one moment cover each other
    return Splat(opacity * alpha.mean(axis=0), int(low[0]), int(low[1]))


def _ramp_area(r: np.ndarray, edge: float) -> np.ndarray:
    """Integral of the faded disc divided by pi, by radial quadrature (r varies little: one value each)."""
    s = np.linspace(0, 1, 33, dtype=np.float32)
    distance = s * (r[..., None] + edge)
    fade = np.clip((r[..., None] + edge - distance) / (2 * edge), 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    return np.asarray(2 * np.trapezoid(fade * distance, distance, axis=-1))


_GRID = np.arange(256) / 255
TO_LINEAR = np.where(_GRID <= 0.04045, _GRID / 12.92, ((_GRID + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to sRGB values, uint8."""
    linear = np.clip(linear, 0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)


def blend(frame: np.ndarray, light: Splat, colour: np.ndarray, strength: np.ndarray | float = 1.0) -> None:
    """Mixes linear `colour` (3,) into the uint8 frame in place; `strength` scales the splat's alpha."""
    height, width = light.alpha.shape
    patch = frame[light.y : light.y + height, light.x : light.x + width]
    alpha = (light.alpha * strength)[..., None]
    behind = TO_LINEAR[patch]
    patch[...] = to_srgb(behind + alpha * (colour - behind))


def shade(frame: np.ndarray, shadow: Splat, depth: float) -> None:
    """Takes the share `depth` of the light away under a splat, in place."""
    height, width = shadow.alpha.shape
    patch = frame[shadow.y : shadow.y + height, shadow.x : shadow.x + width]
    patch[...] = (patch * (1 - depth * np.minimum(shadow.alpha, 1))[..., None]).astype(np.uint8)
