"""Learning-rate schedules and the papers' optimizers, usable on their own."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from tracknet_jax.training.train_config import OptimizerConfig, ScheduleConfig

# V1, V2 and V4 train with Keras' Adadelta, whose constants are not optax's.
KERAS_ADADELTA = OptimizerConfig(
    name="adadelta", lr=1.0, rho=0.95, eps=1e-7, weight_decay=0.0, clip_norm=None
)

# V3's tracking module: no schedule, decay or clipping.
V3_ADAM = OptimizerConfig(name="adam", lr=1e-3, weight_decay=0.0, clip_norm=None)

# V5 (paper, section 4; rates x0.1 at epochs 20 and 25 of 30).
V5_ADAMW = OptimizerConfig(schedule=ScheduleConfig("step", milestones=(2 / 3, 5 / 6), gamma=0.1))


def make_schedule(config: OptimizerConfig, total_steps: int) -> optax.Schedule:
    """Learning rate of step 0, 1, ..., `total_steps - 1`."""
    schedule = config.schedule
    if schedule.name == "constant":
        decay = optax.constant_schedule(config.lr)
    elif schedule.name == "step":
        drops = {round(fraction * total_steps): schedule.gamma for fraction in schedule.milestones}
        decay = optax.piecewise_constant_schedule(config.lr, drops)
    else:
        decay = optax.cosine_decay_schedule(config.lr, max(total_steps, 1), alpha=schedule.final)

    def rate(step: jax.Array | int) -> jax.Array:
        # The decay runs from step 0 whatever the warm-up, so that milestones stay fractions of the run.
        warm = jnp.minimum(1.0, (jnp.asarray(step) + 1) / max(schedule.warmup_steps, 1))
        return warm * decay(step)

    return rate


def decay_mask(params: Any) -> Any:
    """True for what weight decay acts on: convolution, dense and attention kernels.

    Not for norms, biases, position embeddings and the two motion scalars: pulled towards 0 these change
    what the network computes, not how smooth it is.
    """
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)


def at_step(opt_state: optax.OptState, step: jax.Array) -> optax.OptState:
    """An optimizer's state with its schedule at step number `step` () int32 of the run.

    Optax counts updates, and a step that was left out has none: the schedule would end after the run. Adam goes on
    counting updates, which is what its moments have seen.
    """

    def is_schedule(state: Any) -> bool:
        return isinstance(state, optax.ScaleByScheduleState)

    return jax.tree.map(
        lambda state: state._replace(count=step) if is_schedule(state) else state,
        opt_state,
        is_leaf=is_schedule,
    )


def make_optimizer(config: OptimizerConfig, total_steps: int = 1) -> optax.GradientTransformation:
    """Clipping, then the optimizer of `config` on the schedule of a run of `total_steps`."""
    rate = make_schedule(config, total_steps)
    b1, b2 = config.betas
    if config.name == "adadelta":
        update = optax.adadelta(rate, rho=config.rho, eps=config.eps)
    elif config.name == "adam":
        update = optax.adam(rate, b1, b2, config.eps)
    else:
        mask = None if config.decay_all else decay_mask
        update = optax.adamw(rate, b1, b2, config.eps, weight_decay=config.weight_decay, mask=mask)
    clip = optax.identity() if config.clip_norm is None else optax.clip_by_global_norm(config.clip_norm)
    return optax.chain(clip, update)
