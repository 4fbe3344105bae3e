"""Loss and gradients of a batch: at once or in parts (accumulation), with activations kept or computed again."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from tracknet_jax.data.augment import Batch
from tracknet_jax.heatmaps.losses import (
    class_cross_entropy,
    distillation_loss,
    temporal_variation,
    weighted_bce,
)
from tracknet_jax.models.tracknet import TrackNet, TrackNetOutput
from tracknet_jax.training.cluster.mesh import AXIS
from tracknet_jax.training.distillation import Teacher, teacher_maps
from tracknet_jax.training.state import TrainState
from tracknet_jax.training.train_config import TrainConfig

Gradients = tuple[jax.Array, Any, Any]  # loss, batch statistics, gradients of the parameters


def gradients(
    state: TrainState,
    batch: Batch,
    dropout_key: jax.Array,
    config: TrainConfig,
    teacher: Teacher | None = None,
) -> Gradients:
    """Loss () of the batch, the running batch statistics after it, and the gradients of the parameters.

    `batch` is this device's part; the results are those of the parts of all devices along `AXIS`. With
    `config.accumulation` A the batch is taken in A parts one after the other: the mean of their gradients, batch norm
    seeing one part at a time. Part a has the windows a, a + A, a + 2 A ... of the batch, whatever the number of
    devices, so all devices work on each of them.
    """
    parts = config.accumulation
    mean_count = jax.lax.pmean(batch["mask"].sum() / parts, AXIS)
    loss_and_gradients = jax.value_and_grad(make_loss_fn(mean_count, config), has_aux=True)

    def of_part(batch_stats: Any, batch: Batch, key: jax.Array) -> Gradients:
        if teacher is not None:
            batch = {**batch, "teacher": teacher_maps(teacher, batch, config.model.outputs)}
        (loss, batch_stats), grads = loss_and_gradients(state.params, batch_stats, batch, key)
        return loss, batch_stats, grads

    if parts == 1:
        loss, batch_stats, grads = of_part(state.batch_stats, batch, dropout_key)
    else:
        loss, batch_stats, grads = _accumulate(of_part, state, batch, jax.random.split(dropout_key, parts))
    loss, grads = jax.lax.pmean((loss, grads), AXIS)  # the statistics are those of all devices already
    return loss, batch_stats, grads


def _accumulate(of_part: Any, state: TrainState, batch: Batch, dropout_keys: jax.Array) -> Gradients:
    parts = len(dropout_keys)

    def in_parts(x: jax.Array) -> jax.Array:
        return jnp.moveaxis(x.reshape(-1, parts, *x.shape[1:]), 1, 0)

    def add(carry: Gradients, given: tuple[Batch, jax.Array]) -> tuple[Gradients, None]:
        loss, batch_stats, grads = carry
        part_loss, batch_stats, part_grads = of_part(batch_stats, *given)
        grads = jax.tree.map(lambda total, x: total + x / parts, grads, part_grads)
        return (loss + part_loss / parts, batch_stats, grads), None

    zeros = jax.tree.map(jnp.zeros_like, state.params)
    first = (jnp.zeros(()), state.batch_stats, zeros)
    return jax.lax.scan(add, first, (jax.tree.map(in_parts, batch), dropout_keys))[0]


def make_loss_fn(mean_count: jax.Array, config: TrainConfig) -> Callable[..., tuple[jax.Array, Any]]:
    """The function (parameters, batch statistics, batch, dropout key) -> (loss (), batch statistics after it)."""
    model = TrackNet(config.model, axis_name=AXIS)

    def loss_fn(params: Any, batch_stats: Any, batch: Batch, dropout_key: jax.Array) -> tuple[jax.Array, Any]:
        output, updates = model.apply(
            {"params": params, "batch_stats": batch_stats},
            batch["frames"],
            batch.get("background"),
            train=True,
            mutable=["batch_stats"],
            rngs={"dropout": dropout_key},
        )
        return batch_loss(output, batch, config, mean_count), updates["batch_stats"]

    return jax.checkpoint(loss_fn, policy=_is_costly) if config.remat else loss_fn


def _is_costly(primitive: Any, *operands: Any, **parameters: Any) -> bool:
    """Whether a result is kept for the backward pass: convolutions and products with weights.

    Norms, activations, upsampling, concatenation and attention between tokens are cheap to compute again.
    """
    if primitive.name == "conv_general_dilated":
        return True
    return jax.checkpoint_policies.dots_with_no_batch_dims_saveable(primitive, *operands, **parameters)


def batch_loss(output: TrackNetOutput, batch: Batch, config: TrainConfig, count: jax.Array) -> jax.Array:
    """Weighted BCE of the maps that count, or of class maps the cross-entropy, and the penalty: () float32.

    `count`: of labelled frames in all parts of a batch (of devices, of accumulation) on average. The mean of the
    parts' losses is then the loss of the batch, also where they have different numbers of labelled frames. With maps
    of a teacher in the batch it is `distillation_loss`, in which all frames count.
    """
    logits, targets, mask = output.logits, batch["targets"], batch["mask"]
    if "teacher" in batch:
        loss = distillation_loss(logits, targets, mask, batch["teacher"], config.distill.weight)
    elif config.model.head == "classes":
        loss = class_cross_entropy(logits, targets[:, 0], mask[:, 0], count)
    else:
        loss = weighted_bce(logits, targets, mask, count)
    if config.loss.variation_penalty > 0 and output.attention is not None:
        loss += config.loss.variation_penalty * temporal_variation(output.attention)
    return loss
