"""From logits to maps of probabilities, and from maps to sub-pixel positions of the ball, on the device."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

WINDOW = 33  # pixels; a component wider than this is cut at the window's edge
FLOOR = 0.02  # probability below which no peak is a candidate, unless the threshold is lower still
COMPONENTS = 3  # of each map that may be the strongest: those with the highest peaks
SEVERAL = 4  # candidates of each map, at most
MARGIN = 3  # pixels round a candidate's blob that still belong to its slope


def probability_maps(logits: jax.Array, head: str) -> jax.Array:
    """A network's logits as maps in [0, 1], `(B, L_out, H, W)` float32; `head` is that of its config.

    Logits `(B, L_out, H, W)` of sigmoid maps go through the sigmoid. Those of class maps `(B, H, W, 256)` (V1) give the
    expected grey level over 255. The largest class alone would often be 0 where a ball is likely: "no ball" is one
    class, while the probability of a ball is spread over neighbouring grey levels.
    """
    logits = logits.astype(jnp.float32)
    if head == "sigmoid":
        return jax.nn.sigmoid(logits)
    levels = jnp.arange(logits.shape[-1], dtype=jnp.float32) / (logits.shape[-1] - 1)
    shares = jnp.exp(logits - logits.max(axis=-1, keepdims=True))  # fused with the sums: never in memory
    return ((shares * levels).sum(axis=-1) / shares.sum(axis=-1))[:, None]


def class_maps(logits: jax.Array) -> jax.Array:
    """The largest class of every pixel, `(B, H, W, 256) -> (B, 1, H, W)` uint8: what V1's own decoders take."""
    return jnp.argmax(logits, axis=-1).astype(jnp.uint8)[:, None]


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
    weighted by p is the position. Exact as long as the winner is among those with the `COMPONENTS`
    highest peaks and fits a `WINDOW` around its peak.
    """
    *lead, height, width = probabilities.shape
    maps = probabilities.reshape(-1, height, width).astype(jnp.float32)
    xy, confidence, found = jax.vmap(partial(_decode_map, threshold=threshold))(maps)
    return Peaks(xy.reshape(*lead, 2), confidence.reshape(lead), found.reshape(lead))


class Candidates(NamedTuple):
    """The places in each map where a ball may be, the likeliest first; the leading shape is that of the maps.

    `xy` `(..., K, 2)`: float32 map pixels, NaN where there are fewer than K. `confidence` `(..., K)`: the map's
    value at the peak, 0 there.
    """

    xy: jax.Array
    confidence: jax.Array


def decode_candidates(
    probabilities: jax.Array, floor: float | jax.Array = FLOOR, count: int = SEVERAL
) -> Candidates:
    """The `count` highest peaks above `floor` of maps `(..., H, W)`, for a tracker to choose among.

    The blob of a peak holds the 8-connected pixels above half its height, so that the position of a faint ball is as
    exact as that of a clear one. The position is the centroid of the blob, weighted by p. Pixels within `MARGIN` of
    the blob are its slope and give no other peak.
    """
    *lead, height, width = probabilities.shape
    maps = probabilities.reshape(-1, height, width).astype(jnp.float32)

    def candidates_of_map(p: jax.Array) -> Candidates:
        def next_candidate(rest: _Rest, _: None) -> tuple[_Rest, Candidates]:
            corner, window = rest.around_peak()
            peak = window[WINDOW // 2, WINDOW // 2]
            blob = _component_at_centre(jnp.where(window > 0.5 * peak, window, 0.0))
            slope = blob > 0
            for _pixel in range(MARGIN):
                slope = _dilate(_dilate(slope, 0), 1)
            found = Candidates(jnp.where(peak > 0, _centroid(blob, corner), jnp.nan), peak)
            return rest.replaced(corner, jnp.where(slope, 0.0, window)), found

        return jax.lax.scan(next_candidate, _Rest.of(p, floor), length=count)[1]

    xy, confidence = jax.vmap(candidates_of_map)(maps)
    return Candidates(xy.reshape(*lead, count, 2), confidence.reshape(*lead, count))


def _decode_map(p: jax.Array, threshold: float | jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    def next_component(rest: _Rest, _: None) -> tuple[_Rest, tuple[jax.Array, ...]]:
        corner, window = rest.around_peak()
        component = _component_at_centre(window)
        found = _centroid(component, corner), component.max(), component.sum()
        return rest.replaced(corner, window - component), found

    _, (xy, peak, total) = jax.lax.scan(next_component, _Rest.of(p, threshold), length=COMPONENTS)
    best = jnp.argmax(total)
    found = total[best] > 0
    return jnp.where(found, xy[best], jnp.nan), peak[best], found


class _Rest(NamedTuple):
    """What is left of a map after blobs were taken out, with a border of half a window.

    The maxima of the rows are kept, so that all peaks together cost one pass over the map.
    """

    padded: jax.Array
    row_maxima: jax.Array

    @classmethod
    def of(cls, p: jax.Array, threshold: float | jax.Array) -> "_Rest":
        padded = jnp.pad(jnp.where(p > threshold, p, 0.0), WINDOW // 2)
        return cls(padded, padded.max(axis=1))

    def around_peak(self) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        """The highest peak's `(row, column)` in the map, and the window around it."""
        half = WINDOW // 2
        row = jnp.argmax(self.row_maxima[half:-half])
        column = jnp.argmax(self.padded[row + half, half:-half])
        return (row, column), jax.lax.dynamic_slice(self.padded, (row, column), (WINDOW, WINDOW))

    def replaced(self, corner: tuple[jax.Array, jax.Array], window: jax.Array) -> "_Rest":
        """With another window at `corner`."""
        padded = jax.lax.dynamic_update_slice(self.padded, window, corner)
        changed = jax.lax.dynamic_slice_in_dim(padded, corner[0], WINDOW).max(axis=1)
        return _Rest(padded, jax.lax.dynamic_update_slice_in_dim(self.row_maxima, changed, corner[0], axis=0))


def _centroid(component: jax.Array, corner: tuple[jax.Array, jax.Array]) -> jax.Array:
    """(x, y) in the map of a window's component, weighted by p."""
    row, column = corner
    divisor = jnp.maximum(component.sum(), 1e-12)
    offsets = jnp.arange(WINDOW, dtype=jnp.float32) - WINDOW // 2
    # Sums, not products with a vector: accelerators would round their operands.
    x = column + (component.sum(0) * offsets).sum() / divisor
    y = row + (component.sum(1) * offsets).sum() / divisor
    return jnp.stack([x, y])


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
