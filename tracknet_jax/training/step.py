"""One training step as a pure function: draw, augment, targets, mixup, loss, gradient, update, average."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tracknet_jax.data.augment import Batch, augment
from tracknet_jax.data.mixup import mixup
from tracknet_jax.losses import class_cross_entropy, temporal_variation, weighted_bce
from tracknet_jax.models.tracknet import TrackNet, TrackNetOutput
from tracknet_jax.training.config import TrainConfig
from tracknet_jax.training.state import TrainState, update_average
from tracknet_jax.training.targets import with_targets

Draw = Callable[[Any, jax.Array], Batch]  # (arrays on the device, one key a window) -> batch


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
    step_key = jax.random.fold_in(state.key, state.step)
    draw_key, augment_key, dropout_key, mixup_key = jax.random.split(step_key, 4)
    devices = 1 if axis_name is None else jax.lax.axis_size(axis_name)
    keys = partial(window_keys, count=config.batch_size // devices, axis_name=axis_name)
    batch = inputs if draw is None else draw(inputs, keys(draw_key))
    batch = augment(keys(augment_key), batch, config.data.augment)
    batch = with_targets(batch, config)
    batch = mixup(keys(mixup_key), batch, config.data.mixup, config.model.width, axis_name)
    if axis_name is not None:
        dropout_key = jax.random.fold_in(dropout_key, jax.lax.axis_index(axis_name))
    model = TrackNet(config.model, axis_name=axis_name)

    def loss_fn(params: Any) -> tuple[jax.Array, Any]:
        output, updates = model.apply(
            {"params": params, "batch_stats": state.batch_stats},
            batch["frames"],
            batch.get("background"),
            train=True,
            mutable=["batch_stats"],
            rngs={"dropout": dropout_key},
        )
        return batch_loss(output, batch, config, axis_name), updates["batch_stats"]

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
    output: TrackNetOutput, batch: Batch, config: TrainConfig, axis_name: str | None = None
) -> jax.Array:
    """Weighted BCE of the maps that count, or of class maps the cross-entropy, and the penalty: () float32.

    Under pmap the mean of the devices' values is the mean over the global batch, also where the devices have
    different numbers of labelled frames.
    """
    targets, mask = batch["targets"], batch["mask"]
    if config.model.head == "classes":
        loss = class_cross_entropy(output.logits, targets[:, 0], mask[:, 0])
    else:
        loss = weighted_bce(output.logits, targets, mask)
    if axis_name is not None:
        count = mask.sum()
        loss = loss * count / jnp.maximum(jax.lax.pmean(count, axis_name), 1e-6)
    if config.loss.variation_penalty > 0 and output.attention is not None:
        loss += config.loss.variation_penalty * temporal_variation(output.attention)
    return loss
