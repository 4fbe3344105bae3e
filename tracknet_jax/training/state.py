"""Everything a run changes from step to step, as one pytree."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from tracknet_jax.models.tracknet import Variables


@struct.dataclass
class TrainState:
    """What a checkpoint holds of the network and the optimizer.

    `key` never changes. A step folds its number into it, so a resumed run draws what an uninterrupted one draws.
    """

    step: jax.Array  # () int32, steps done
    params: Any
    batch_stats: Any
    opt_state: optax.OptState
    ema: Variables | None  # running average of parameters and batch statistics, None without one
    key: jax.Array  # () typed PRNG key of the run

    @property
    def variables(self) -> Variables:
        """The weights as they are trained."""
        return {"params": self.params, "batch_stats": self.batch_stats}

    @property
    def inference_variables(self) -> Variables:
        """The weights to evaluate and release: the average where there is one."""
        return self.variables if self.ema is None else self.ema


def create_state(
    variables: Variables, optimizer: optax.GradientTransformation, key: jax.Array, averaged: bool
) -> TrainState:
    """The state before the first step."""
    # A copy: a step overwrites the arrays of its state, so none may be there twice.
    ema = jax.tree.map(jnp.copy, variables) if averaged else None
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=variables["params"],
        batch_stats=variables.get("batch_stats", {}),
        opt_state=optimizer.init(variables["params"]),
        ema=ema,
        key=key,
    )


def update_average(average: Variables, variables: Variables, step: jax.Array, decay: float) -> Variables:
    """One step of the exponential moving average; early steps average over fewer, (1 + t) / (10 + t)."""
    rate = 1.0 - jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda a, x: a + rate * (x - a), average, variables)
