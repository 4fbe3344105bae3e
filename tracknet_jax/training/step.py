"""One training step as a pure function: draw, augment, draw targets, loss, gradient, update, average."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tracknet_jax.data.augment import augment
from tracknet_jax.heatmaps import disc_targets, gaussian_targets, v5_targets
from tracknet_jax.losses import weighted_bce
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.training.config import TrainConfig
from tracknet_jax.training.state import TrainState, update_average

Batch = dict[str, jax.Array]  # frames (B, L, H, W, 3) uint8, xy (B, L, 2) of their pixels, visibility (B, L)
Draw = Callable[[Any, jax.Array], Batch]  # (arrays on the device, one key a window) -> batch

V5_SOURCE_WIDTH = 1280  # the V5 mask is a disc in pixels of 720p video


def train_step(
    state: TrainState,
    inputs: Any,
    *,
    config: TrainConfig,
    optimizer: optax.GradientTransformation,
    draw: Draw | None = None,
    axis_name: str | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """The state after one step, and the metrics `loss`, `grad_norm` (before clipping).

    `inputs` is a batch or, with `draw`, the arrays that `draw` makes one of. Under jit (`axis_name` None) it is
    the global batch; under pmap one device's part of it, and `axis_name` is the axis to average over. Every
    window has its own key by its place in the global batch, so both draw the same. Only dropout differs: its
    masks are those of the device.
    """
    draw_key, augment_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.step), 3)
    devices = 1 if axis_name is None else jax.lax.axis_size(axis_name)
    windows = config.batch_size // devices
    batch = inputs if draw is None else draw(inputs, window_keys(draw_key, windows, axis_name))
    batch = augment(window_keys(augment_key, windows, axis_name), batch, config.data.augment)
    if axis_name is not None:
        dropout_key = jax.random.fold_in(dropout_key, jax.lax.axis_index(axis_name))
    model = TrackNet(config.model, axis_name=axis_name)

    def loss_fn(params: Any) -> tuple[jax.Array, Any]:
        output, updates = model.apply(
            {"params": params, "batch_stats": state.batch_stats},
            batch["frames"],
            train=True,
            mutable=["batch_stats"],
            rngs={"dropout": dropout_key},
        )
        return batch_loss(output.logits, batch, config, axis_name), updates["batch_stats"]

    (loss, batch_stats), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
    if axis_name is not None:
        loss, batch_stats, grads = jax.lax.pmean((loss, batch_stats, grads), axis_name)
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    ema = state.ema
    if ema is not None:
        variables = {"params": params, "batch_stats": batch_stats}
        ema = update_average(ema, variables, state.step, config.ema_decay)
    metrics = {"loss": loss, "grad_norm": optax.tree.norm(grads)}
    return TrainState(state.step + 1, params, batch_stats, opt_state, ema, state.key), metrics


def window_keys(key: jax.Array, count: int, axis_name: str | None) -> jax.Array:
    """One key for each of this device's `count` windows, numbered through the global batch."""
    first = 0 if axis_name is None else jax.lax.axis_index(axis_name) * count
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(first + jnp.arange(count))


def batch_loss(
    logits: jax.Array, batch: Batch, config: TrainConfig, axis_name: str | None = None
) -> jax.Array:
    """Weighted BCE of the frames that the network has maps for, () float32.

    Under pmap the mean of the devices' values is the mean over the global batch, also where the devices have
    different numbers of labelled frames.
    """
    _, outputs, height, width = logits.shape
    xy, visibility = batch["xy"][:, -outputs:], batch["visibility"][:, -outputs:]
    located = jnp.isfinite(xy).all(-1)
    positive = (visibility >= 1) & (visibility <= 3)
    xy = jnp.where((positive & located)[..., None], xy, jnp.nan)
    mask = ((visibility == 0) | (positive & located)).astype(jnp.float32)
    loss = weighted_bce(logits, make_targets(xy, height, width, config), mask)
    if axis_name is None:
        return loss
    count = mask.sum()
    return loss * count / jnp.maximum(jax.lax.pmean(count, axis_name), 1e-6)


def make_targets(xy: jax.Array, height: int, width: int, config: TrainConfig) -> jax.Array:
    """Target maps `(..., H, W)` of `xy (..., 2)` in map pixels, NaN where the map stays empty."""
    target = config.target
    if target.name == "disc":
        return disc_targets(xy, height, width, target.radius)
    if target.name == "gaussian":
        return gaussian_targets(xy, height, width, target.radius)
    scale = V5_SOURCE_WIDTH / config.model.width  # a crop keeps the scale of the whole frame
    return v5_targets(xy, height, width, round(width * scale), round(height * scale))
