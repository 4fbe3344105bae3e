"""From probability maps to ball positions on the device: the strongest component's sub-pixel centroid."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

WINDOW = 33  # pixels; a component wider than this is cut at the window's edge
CANDIDATES = 3  # components looked at in each map, in the order of their peaks


class Peaks(NamedTuple):
    """Decoded balls; the fields have the leading shape of the maps.

    `xy` `(..., 2)`: float32 map pixels, NaN where nothing was found. `confidence`: the component's largest
    probability, 0 where nothing was found. `found`: bool.
    """

    xy: jax.Array
    confidence: jax.Array
    found: jax.Array


def decode_peaks(probabilities: jax.Array, threshold: float | jax.Array = 0.5) -> Peaks:
    """Decodes maps `(..., H, W)` of probabilities.

    Of the 8-connected components where p > `threshold`, the one with the largest sum of p wins, and its centroid
    weighted by p is the position. Exact as long as the winner is among the components with the `CANDIDATES`
    highest peaks and fits a `WINDOW` around its peak.
    """
    *lead, height, width = probabilities.shape
    maps = probabilities.reshape(-1, height, width).astype(jnp.float32)
    xy, confidence, found = jax.vmap(partial(_decode_map, threshold=threshold))(maps)
    return Peaks(xy.reshape(*lead, 2), confidence.reshape(lead), found.reshape(lead))


def _decode_map(p: jax.Array, threshold: float | jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    half = WINDOW // 2
    padded = jnp.pad(jnp.where(p > threshold, p, 0.0), half)

    def next_component(carry: tuple[jax.Array, jax.Array], _: None) -> tuple[Any, tuple[jax.Array, ...]]:
        # The peak's row first, from maxima that are kept up to date: one pass over the map in all, not one a peak.
        padded, row_maxima = carry
        row = jnp.argmax(row_maxima[half:-half])
        column = jnp.argmax(padded[row + half, half:-half])
        window = jax.lax.dynamic_slice(padded, (row, column), (WINDOW, WINDOW))
        component = _component_at_centre(window)
        padded = jax.lax.dynamic_update_slice(padded, window - component, (row, column))
        changed = jax.lax.dynamic_slice_in_dim(padded, row, WINDOW).max(axis=1)
        row_maxima = jax.lax.dynamic_update_slice_in_dim(row_maxima, changed, row, axis=0)
        total = component.sum()
        offsets = jnp.arange(WINDOW, dtype=jnp.float32) - half
        divisor = jnp.maximum(total, 1e-12)
        x = column + (component.sum(0) @ offsets) / divisor
        y = row + (component.sum(1) @ offsets) / divisor
        return (padded, row_maxima), (jnp.stack([x, y]), component.max(), total)

    first = (padded, padded.max(axis=1))
    _, (xy, peak, total) = jax.lax.scan(next_component, first, length=CANDIDATES)
    best = jnp.argmax(total)
    found = total[best] > 0
    return jnp.where(found, xy[best], jnp.nan), peak[best], found


def _component_at_centre(window: jax.Array) -> jax.Array:
    """Keeps of `window` (WINDOW, WINDOW) the 8-connected non-zero pixels that contain the central one."""
    inside = window > 0
    half = WINDOW // 2
    seed = jnp.zeros_like(inside).at[half, half].set(inside[half, half])

    def grow(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        region, _ = carry
        grown = _dilate(_dilate(region, 0), 1) & inside
        return grown, jnp.any(grown != region)

    region, _ = jax.lax.while_loop(lambda carry: carry[1], grow, (seed, inside[half, half]))
    return jnp.where(region, window, 0.0)


def _dilate(region: jax.Array, axis: int) -> jax.Array:
    edge = jnp.zeros_like(jax.lax.slice_in_dim(region, 0, 1, axis=axis))
    n = region.shape[axis]
    before = jnp.concatenate([edge, jax.lax.slice_in_dim(region, 0, n - 1, axis=axis)], axis)
    after = jnp.concatenate([jax.lax.slice_in_dim(region, 1, n, axis=axis), edge], axis)
    return region | before | after
