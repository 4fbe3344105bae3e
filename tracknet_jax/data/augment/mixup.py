"""V3's mixup, inside the compiled step: frames mixed with the frames before them, windows with other windows.

A batch here is what the loss sees: `{"frames": (B, L, H, W, 3) float32, "targets": (B, L_out, H, W) float32,
"mask": (B, L_out), "xy": (B, L_out, 2)}`, with `"background": (B, H, W, 3)` for networks that want one.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.special import betaincinv

from tracknet_jax.data.augment import Batch

QUANTILES = 4096
STILL = 10 / 1280  # of the frame's width: the reference's 10 pixels of 720p video


@dataclass(frozen=True)
class MixupConfig:
    """TrackNetV3's two mixups: shares are drawn from Beta(alpha, alpha), an alpha of 0 switches one off."""

    sample: float = 0.0  # alpha of windows with other windows of the batch; V3 trains with 0.5
    frame: float = 0.0  # alpha of frames with the frames before them; the reference has it switched off


def mixup(keys: jax.Array, batch: Batch, config: MixupConfig, width: int, axis_name: str) -> Batch:
    """The batch with its frames, then its windows mixed; the mask is that of everything in the mixture.

    `keys (B,)`: one a window. `width` of a whole frame in pixels, of which the batch may show a crop. `axis_name`:
    the axis of devices that have a part of the global batch each.
    """
    frame_keys, sample_keys = jax.vmap(jax.random.split, out_axes=1)(keys)
    if config.frame > 0:
        mix = partial(_mix_frames, alpha=config.frame, still=STILL * width)
        batch = jax.vmap(mix)(frame_keys, batch)
    if config.sample > 0:
        batch = _mix_windows(sample_keys, batch, config.sample, axis_name)
    return batch


def _mix_windows(keys: jax.Array, batch: Batch, alpha: float, axis_name: str) -> Batch:
    """Each window with the next one of the batch, its own share the larger.

    The reference draws partners by a permutation. Windows arrive in random order, so the next one is as random, and
    only one window has to go to another device.
    """
    shares = jax.vmap(partial(_beta, alpha=alpha))(keys)
    shares = jnp.maximum(shares, 1.0 - shares)
    windows = {name: x for name, x in batch.items() if name != "xy"}
    partners = _next_windows(windows, axis_name)
    mixed = jax.vmap(lambda a, b, share: jax.tree.map(partial(_between, share=share), a, b))(
        windows, partners, shares
    )
    return {**batch, **mixed, "mask": windows["mask"] * partners["mask"]}


def _next_windows(windows: Batch, axis_name: str) -> Batch:
    """For every window of the global batch the next one, the first behind the last.

    All arrays travel in one exchange: several that do not wait for each other can block CPU devices.
    """
    _, unravel = ravel_pytree(jax.tree.map(lambda x: x[0], windows))
    flat = jax.vmap(lambda window: ravel_pytree(window)[0])(windows)
    devices = jax.lax.axis_size(axis_name)
    to_the_one_before = [(i, (i - 1) % devices) for i in range(devices)]
    following = jax.lax.ppermute(flat[:1], axis_name, to_the_one_before)
    return jax.vmap(unravel)(jnp.concatenate([flat[1:], following]))


def _mix_frames(key: jax.Array, window: Batch, alpha: float, still: float) -> Batch:
    """L of 2 L - 1 frames, in order of time: the L frames of the window, and a mixture between every two of them.

    The map of a mixture is that of the frame before if the ball is gone in the second. It is that of the second if the
    ball was not there before or moved less than `still` pixels. Else both maps are mixed with the frames' shares.
    """
    share_key, choice_key = jax.random.split(key)
    share = _beta(share_key, alpha)
    length = window["frames"].shape[0]
    places = jnp.sort(jax.random.choice(choice_key, 2 * length - 1, (length,), replace=False))
    before, after = places // 2, (places + 1) // 2  # the same frame at even places

    xy_before, xy_after = window["xy"][before], window["xy"][after]
    was_there, is_there = jnp.isfinite(xy_before).all(-1), jnp.isfinite(xy_after).all(-1)
    moved = jnp.square(xy_after - xy_before).sum(-1) >= still**2
    map_share = jnp.where(is_there, jnp.where(was_there & moved, share, 0.0), 1.0)
    targets = window["targets"]
    return {
        **window,
        "frames": _between(window["frames"][before], window["frames"][after], share),
        "targets": _between(targets[before], targets[after], map_share[:, None, None]),
        "mask": window["mask"][before] * window["mask"][after],
    }


def _beta(key: jax.Array, alpha: float) -> jax.Array:
    """A number from Beta(alpha, alpha): one of `QUANTILES` equally likely ones.

    `jax.random.beta` draws until it accepts one: a loop that all devices would have to leave together.
    """
    quantiles = betaincinv(alpha, alpha, (np.arange(QUANTILES) + 0.5) / QUANTILES)
    return jnp.asarray(quantiles, jnp.float32)[jax.random.randint(key, (), 0, QUANTILES)]


def _between(a: jax.Array, b: jax.Array, share: jax.Array) -> jax.Array:
    """`share` of `a` and the rest of `b`."""
    return b + share * (a - b)
