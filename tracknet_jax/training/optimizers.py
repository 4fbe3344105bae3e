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


def scale_by_rate(rate: optax.Schedule) -> optax.GradientTransformationExtraArgs:
    """Multiplies updates by -rate(step); `step` () int32, that of the run, is an argument of `update`.

    Optax's own schedules count updates. A step that was left out has none, and the schedule would end after the run.
    """

    def init(params: Any) -> optax.ScaleByScheduleState:
        return optax.ScaleByScheduleState(
            jnp.zeros((), jnp.int32)
        )  # as checkpoints up to version 0.4.0 have it

    def update(
        updates: Any, state: optax.ScaleByScheduleState, params: Any = None, *, step: jax.Array, **_: Any
    ) -> tuple[Any, optax.ScaleByScheduleState]:
        factor = -rate(step)
        scaled = jax.tree.map(lambda x: jnp.asarray(factor, x.dtype) * x, updates)
        return scaled, optax.ScaleByScheduleState(step + 1)

    return optax.GradientTransformationExtraArgs(init, update)


def make_optimizer(config: OptimizerConfig, total_steps: int = 1) -> optax.GradientTransformationExtraArgs:
    """Clipping, then the optimizer of `config` on the schedule of a run of `total_steps`.

    `update(gradients, state, params, step=...)` wants the number of the step. The state is that of optax's own
    `adamw`, `adam` and `adadelta` behind a clip.
    """
    rate = scale_by_rate(make_schedule(config, total_steps))
    moments = optax.scale_by_adam(*config.betas, config.eps)
    if config.name == "adadelta":
        update = optax.chain(optax.identity(), optax.scale_by_adadelta(config.rho, config.eps), rate)
    elif config.name == "adam":
        update = optax.chain(moments, rate)
    else:
        mask = None if config.decay_all else decay_mask
        update = optax.chain(moments, optax.add_decayed_weights(config.weight_decay, mask), rate)
    clip = optax.identity() if config.clip_norm is None else optax.clip_by_global_norm(config.clip_norm)
    return optax.chain(clip, update)
