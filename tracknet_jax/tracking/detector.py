"""The compiled part of tracking: windows to probability maps, their ensemble, and the candidates in them."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.heatmaps.decoding import (
    FLOOR,
    Candidates,
    decode_candidates,
    decode_peaks,
    probability_maps,
)


class Pending(NamedTuple):
    """Sums over the windows so far, for the last `outputs - 1` frames, which later windows hold, too."""

    maps: jax.Array  # (outputs - 1, H, W)
    weights: jax.Array  # (outputs - 1,)


def no_pending(outputs: int, height: int, width: int) -> Pending:
    """What is pending before the first window: nothing."""
    return Pending(jnp.zeros((outputs - 1, height, width)), jnp.zeros(outputs - 1))


@partial(jax.jit, static_argnames=("model", "several"))
def detect_disjoint(
    model: nn.Module,
    variables: dict,
    windows: jax.Array,
    threshold: jax.Array,
    inside: jax.Array,
    background: jax.Array | None = None,
    *,
    several: bool,
) -> Candidates:
    """Candidates (batch, outputs, K) in the maps of `windows` (batch, length, H, W, 3), each by itself.

    Args:
        inside: (batch, H, W) bool, where a ball can be: not on letterbox bars.
        background: (batch, H, W, 3) uint8, for networks that take one.
    """
    output: Any = model.apply(variables, windows, background)
    maps = probability_maps(output.logits, model.config.head)
    return decode(maps, threshold, inside[:, None], several=several)


@partial(jax.jit, static_argnames=("model", "length"), donate_argnames="pending")
def add_windows(
    model: nn.Module,
    variables: dict,
    frames: jax.Array,
    complete: jax.Array,
    weights: jax.Array,
    pending: Pending,
    background: jax.Array | None = None,
    *,
    length: int,
) -> tuple[jax.Array, Pending]:
    """Adds the windows that end in a chunk's new frames to the pending sums (TrackNetV3's temporal ensemble).

    Each frame's map is the weighted mean over the windows that exist, also at both ends of the video; the reference
    divides by the wrong number in the last frames.

    Args:
        complete: (batch,) bool, the windows that count.
        weights: (outputs,) weight of each output position.
        background: (H, W, 3) uint8, for networks that take one.

    Returns:
        maps (batch, H, W) of the frames that no later window holds, and the sums that are still pending.
    """
    batch, outputs = complete.shape[0], weights.shape[0]
    logits = window_logits(model, variables, frames, jnp.arange(batch), background, length=length)
    maps = probability_maps(logits, model.config.head)
    sums = jnp.concatenate([pending.maps, jnp.zeros((batch, *maps.shape[2:]))])
    totals = jnp.concatenate([pending.weights, jnp.zeros(batch)])
    for position in range(outputs):
        weight = weights[position] * complete
        sums = sums.at[position : position + batch].add(weight[:, None, None] * maps[:, position])
        totals = totals.at[position : position + batch].add(weight)
    means = sums[:batch] / jnp.maximum(totals[:batch], 1e-12)[:, None, None]
    return means, Pending(sums[batch:], totals[batch:])


def pending_means(pending: Pending, batch: int) -> jax.Array:
    """The pending frames' maps (batch, H, W) at the end of a run, followed by empty ones."""
    means = pending.maps / jnp.maximum(pending.weights, 1e-12)[:, None, None]
    return jnp.pad(means, ((0, batch - means.shape[0]), (0, 0), (0, 0)))


@partial(jax.jit, static_argnames="several")
def decode(maps: jax.Array, threshold: jax.Array, inside: jax.Array, *, several: bool) -> Candidates:
    """Candidates (..., K) in maps (..., H, W), where `inside`, which is broadcast to them, is true.

    Args:
        several: False: K is 1, and the only candidate is the strongest blob above the threshold.
    """
    maps = jnp.where(inside, maps, 0.0)
    if several:
        return decode_candidates(maps, floor=jnp.minimum(FLOOR, threshold))
    peaks = decode_peaks(maps, threshold)
    return Candidates(peaks.xy[..., None, :], peaks.confidence[..., None])


def window_logits(
    model: nn.Module,
    variables: dict,
    frames: jax.Array,
    starts: jax.Array,
    background: jax.Array | None = None,
    *,
    length: int,
) -> jax.Array:
    """The network's logits of the windows of `length` frames at `starts`, all with the same background."""
    # Slices rather than one gather: they compile to plain copies on every backend.
    windows = [jax.lax.dynamic_slice_in_dim(frames, starts[i], length) for i in range(starts.shape[0])]
    if background is not None:
        background = jnp.broadcast_to(background, (len(windows), *background.shape))
    output: Any = model.apply(variables, jnp.stack(windows), background)
    return output.logits
