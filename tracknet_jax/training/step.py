"""One training step on one device: draw, augment, targets, mixup, loss, gradient, update, average."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tracknet_jax.data.augment import Batch, augment
from tracknet_jax.data.augment.mixup import mixup
from tracknet_jax.training.cluster.mesh import AXIS
from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.gradients import gradients
from tracknet_jax.training.state import TrainState, update_average
from tracknet_jax.training.supervision import with_targets
from tracknet_jax.training.train_config import TrainConfig

# (arrays on the device, one key a window) -> batch; `take` tells how to read frames that are divided over devices
Draw = Callable[..., Batch]


def train_step(
    state: TrainState,
    inputs: Any,
    teacher: Teacher | None = None,
    *,
    config: TrainConfig,
    optimizer: optax.GradientTransformationExtraArgs,
    draw: Draw | None = None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """One device's part of a step: the state after it, and the metrics `loss`, `grad_norm` and `skipped`.

    To be called on every device of the mesh axis `AXIS`, see `cluster.parallel`; state and metrics are the same on
    all of them. `inputs` is this device's part of a batch or, with `draw`, the arrays that `draw` makes one of.
    Every window has its own key by its place in the global batch, so windows do not depend on the number of devices;
    the masks of dropout do. With `teacher` its maps of the same windows are learned, too. `grad_norm` is that before
    clipping.

    A step whose loss, gradients, updates or batch statistics are not all finite numbers changes nothing but the
    step's number, which the learning rate follows: then `skipped` is 1.
    """
    draw_key, augment_key, dropout_key, mixup_key = step_keys(state.key, state.step)
    device, count = jax.lax.axis_index(AXIS), config.batch_size // jax.lax.axis_size(AXIS)
    keys = partial(window_keys, windows=device * count + jnp.arange(count))
    batch = inputs if draw is None else draw(inputs, keys(draw_key))
    batch = augment(keys(augment_key), batch, config.data.augment)
    batch = with_targets(batch, config)
    batch = mixup(keys(mixup_key), batch, config.data.mixup, config.model.width, AXIS)
    dropout_key = jax.random.fold_in(dropout_key, device)

    loss, batch_stats, grads = gradients(state, batch, dropout_key, config, teacher)
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params, step=state.step)
    params = optax.apply_updates(state.params, updates)
    ema = state.ema
    if ema is not None:
        variables = {"params": params, "batch_stats": batch_stats}
        ema = update_average(ema, variables, state.step, config.ema_decay)
    grad_norm = optax.tree.norm(grads)
    new = {"params": params, "batch_stats": batch_stats, "opt_state": opt_state, "ema": ema}
    # A number that is not finite shows in one of these. Checking each array of `new` instead makes XLA's CPU compiler
    # take five times as long.
    good = all_finite((loss, grad_norm, batch_stats, optax.tree.norm(updates)))
    kept = jax.tree.map(partial(jnp.where, good), new, {name: getattr(state, name) for name in new})
    metrics = {"loss": loss, "grad_norm": grad_norm, "skipped": 1.0 - good}
    return replace(state, step=state.step + 1, **kept), metrics


def step_keys(key: jax.Array, step: jax.Array | int) -> jax.Array:
    """Keys (4,) of step number `step`: to draw, to augment, of dropout and of mixup."""
    return jax.random.split(jax.random.fold_in(key, step), 4)


def all_finite(tree: Any) -> jax.Array:
    """Whether all floating-point numbers in `tree` are finite: () bool."""
    numbers = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.floating)]
    return jnp.stack([jnp.isfinite(x).all() for x in numbers]).all()


def window_keys(key: jax.Array, windows: jax.Array | np.ndarray) -> jax.Array:
    """One key for each of the windows with these numbers (B,) in the global batch."""
    return jax.vmap(partial(jax.random.fold_in, key))(windows)
