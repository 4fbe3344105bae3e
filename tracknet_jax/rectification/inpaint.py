"""The InpaintNet on a whole trajectory: overlapping windows, their weighted ensemble (TrackNetV3, section 3.3)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.heatmaps.ensemble import ensemble_weights
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig
from tracknet_jax.releases.release import RectifierRelease
from tracknet_jax.utils.coordinates import scale_xy

BATCH = 32  # windows in one step


def inpaint(
    release: RectifierRelease,
    xy: np.ndarray,
    mask: np.ndarray,
    size: tuple[int, int],
    wanted: np.ndarray | None = None,
) -> np.ndarray:
    """The network's position in every wanted frame, (F, 2) pixels, NaN in the others.

    Each frame's position is the weighted mean over all windows that hold it; a window's middle counts more. At both
    ends of the clip the mean is over the windows that exist. Frames without a ball follow a clip that is shorter than
    a window.

    Args:
        release: the network and its weights.
        xy: (F, 2) positions in a picture of `size` (width, height), NaN where there is no ball.
        mask: (F,) bool, where to fill.
        wanted: (F,) bool, the frames that get a position; None: those to fill.
    """
    config, frames = release.config, len(xy)
    length = config.length
    missing = max(0, length - frames)
    coordinates = np.pad(to_unit(xy, size, config), ((0, missing), (0, 0)))
    wanted = np.pad(mask if wanted is None else wanted, (0, missing))
    mask = np.pad(mask, (0, missing))
    starts = np.arange(len(mask) - length + 1)
    starts = starts[[wanted[start : start + length].any() for start in starts]]
    outputs = window_outputs(release, coordinates, mask, starts)

    weights = ensemble_weights("weighted", length)[:, None]
    sums, totals = np.zeros((len(mask), 2)), np.zeros((len(mask), 1))
    for start, output in zip(starts, outputs, strict=True):
        sums[start : start + length] += weights * output
        totals[start : start + length] += weights
    means = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=wanted[:, None])
    return to_pixels(means[:frames], size, config)


def window_outputs(
    release: RectifierRelease, coordinates: np.ndarray, mask: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """The network's coordinates (S, L, 2) of the windows that begin at `starts` (S,).

    Args:
        coordinates: (F, 2) in [0, 1], 0 where there is no ball.
        mask: (F,) bool, where to fill.
    """
    inside = starts[:, None] + np.arange(release.config.length)
    windows, masks = coordinates[inside], mask[inside, None].astype(np.float32)
    outputs = [np.zeros_like(windows[:0])]
    for first in range(0, len(starts), BATCH):
        batch = slice(first, first + BATCH)
        empty = BATCH - len(starts[batch])  # one batch size, one compiled program
        padded = [np.pad(part[batch], ((0, empty), (0, 0), (0, 0))) for part in (windows, masks)]
        outputs.append(np.asarray(fill_windows(release.model, release.variables, *padded))[: BATCH - empty])
    return np.concatenate(outputs)


@partial(jax.jit, static_argnames="model")
def fill_windows(model: InpaintNet, variables: dict, coordinates: jax.Array, mask: jax.Array) -> jax.Array:
    """The network's coordinates (B, L, 2) of windows (B, L, 2) whose frames in `mask` (B, L, 1) it must not see."""
    return jnp.asarray(model.apply(variables, coordinates * (1 - mask), mask))


def to_unit(xy: np.ndarray, size: tuple[int, int], config: RectifierConfig) -> np.ndarray:
    """Positions (..., 2) in a picture of `size` in the network's units, float32; 0 where there is no ball."""
    pixels = (config.width, config.height)
    return np.nan_to_num(scale_xy(xy, size, pixels) / pixels).astype(np.float32)


def to_pixels(coordinates: np.ndarray, size: tuple[int, int], config: RectifierConfig) -> np.ndarray:
    """The inverse of `to_unit` where there is a ball."""
    pixels = (config.width, config.height)
    return scale_xy(coordinates * pixels, pixels, size)
