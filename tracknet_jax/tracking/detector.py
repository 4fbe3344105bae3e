"""The compiled part of tracking: windows to probabilities, their ensemble, and positions."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.decoding import Candidates, decode_candidates, decode_peaks


class Pending(NamedTuple):
    """Sums over the windows seen so far, for the last `outputs - 1` frames, which later windows cover too."""

    maps: jax.Array  # (outputs - 1, H, W)
    weights: jax.Array  # (outputs - 1,)


def no_pending(outputs: int, height: int, width: int) -> Pending:
    """What is pending before the first window: nothing."""
    return Pending(jnp.zeros((outputs - 1, height, width)), jnp.zeros(outputs - 1))


@partial(jax.jit, static_argnames=("model", "length", "several"))
def detect_disjoint(
    model: nn.Module,
    variables: dict,
    frames: jax.Array,
    starts: jax.Array,
    threshold: jax.Array,
    inside: jax.Array,
    *,
    length: int,
    several: bool,
) -> Candidates:
    """Candidates (batch * outputs, K) in the maps of the windows that begin at `starts` (batch,) in a chunk's `frames`.

    Args:
        inside: (H, W) bool, where a ball can be: not on letterbox bars.
    """
    maps = window_probabilities(model, variables, frames, starts, length)
    return decode(maps.reshape(-1, *maps.shape[2:]), threshold, inside, several=several)


@partial(jax.jit, static_argnames=("model", "length"), donate_argnames="pending")
def add_windows(
    model: nn.Module,
    variables: dict,
    frames: jax.Array,
    complete: jax.Array,
    weights: jax.Array,
    pending: Pending,
    *,
    length: int,
) -> tuple[jax.Array, Pending]:
    """Adds the windows that end in a chunk's new frames to the pending sums (TrackNetV3's temporal ensemble).

    Each frame's map is the weighted mean over the windows that are really there, at both ends of the video
    too; the reference divides by the wrong number in the last frames.

    Args:
        complete: (batch,) bool, the windows that count.
        weights: (outputs,) weight of each output position.

    Returns:
        maps (batch, H, W) of the frames that no later window covers, and what is still pending.
    """
    batch, outputs = complete.shape[0], weights.shape[0]
    maps = window_probabilities(model, variables, frames, jnp.arange(batch), length)
    sums = jnp.concatenate([pending.maps, jnp.zeros((batch, *maps.shape[2:]))])
    totals = jnp.concatenate([pending.weights, jnp.zeros(batch)])
    for position in range(outputs):
        weight = weights[position] * complete
        sums = sums.at[position : position + batch].add(weight[:, None, None] * maps[:, position])
        totals = totals.at[position : position + batch].add(weight)
    means = sums[:batch] / jnp.maximum(totals[:batch], 1e-12)[:, None, None]
    return means, Pending(sums[batch:], totals[batch:])


def pending_means(pending: Pending, batch: int) -> jax.Array:
    """The pending frames' maps at the end of a video, (batch, H, W), empty ones behind them."""
    means = pending.maps / jnp.maximum(pending.weights, 1e-12)[:, None, None]
    return jnp.pad(means, ((0, batch - means.shape[0]), (0, 0), (0, 0)))


@partial(jax.jit, static_argnames="several")
def decode(maps: jax.Array, threshold: jax.Array, inside: jax.Array, *, several: bool) -> Candidates:
    """Candidates (N, K) in maps (N, H, W), looked for where `inside` (H, W) is true.

    Args:
        several: False: K is 1, and the only candidate is the ball that exceeds the threshold.
    """
    maps = jnp.where(inside, maps, 0.0)
    if several:
        return decode_candidates(maps)
    peaks = decode_peaks(maps, threshold)
    return Candidates(peaks.xy[:, None], peaks.confidence[:, None])


def window_probabilities(
    model: nn.Module, variables: dict, frames: jax.Array, starts: jax.Array, length: int
) -> jax.Array:
    """Probability maps (batch, outputs, H, W) of the windows of `length` frames at `starts`.

    A network with another head (V1's 256 classes) turns its logits into such maps here.
    """
    # Slices rather than one gather: they compile to plain copies on every backend.
    windows = [jax.lax.dynamic_slice_in_dim(frames, starts[i], length) for i in range(starts.shape[0])]
    output: Any = model.apply(variables, jnp.stack(windows))
    return jax.nn.sigmoid(output.logits.astype(jnp.float32))
