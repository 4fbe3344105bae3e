"""Checkpoints of runs that never ran: the smallest network's state, with other averaged weights at every step."""

from functools import cache
from pathlib import Path

import jax
import numpy as np

from tests.helpers.tiny_training import MODEL, tiny_config
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.checkpoints import Checkpoints
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state

CONFIG = tiny_config()


@cache
def variables():
    return jax.tree.map(np.array, init_variables(MODEL, jax.random.key(1)))


def state_at(step, config=CONFIG):
    state = create_state(
        variables(), make_optimizer(config.optimizer), jax.random.key(0), config.ema_decay > 0
    )
    scaled = jax.tree.map(lambda x: x + step, state.ema)
    return state.replace(step=jax.numpy.int32(step), ema=scaled)


def write(workdir, scores, keep=2, states=state_at, config=CONFIG):
    """Checkpoints of the steps in `scores`, with these validation scores or none."""
    with Checkpoints(workdir, keep, "val/f1_hit") as checkpoints:
        best = None
        for step, score in scores.items():
            metrics = None if score is None else {"val/f1_hit": score}
            best = step if score is not None else best
            checkpoints.save(states(step), config, {"best_step": best}, metrics)


def with_nan(tree):
    """`tree` with NaN in its last array of floats."""
    leaves, structure = jax.tree.flatten(tree)
    last = max(i for i, x in enumerate(leaves) if np.issubdtype(x.dtype, np.floating))
    leaves[last] = np.full_like(leaves[last], np.nan)
    return structure.unflatten(leaves)


def damage(checkpoint: Path) -> None:
    """Changes bytes in the middle of the largest file, as a bad disk or copy does."""
    file = max((f for f in checkpoint.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    data = bytearray(file.read_bytes())
    for i in range(len(data) // 3, len(data) // 3 + 200):
        data[i] ^= 0x5A
    file.write_bytes(data)


class OtherVersion:
    """The config of a run as another version of the program would have saved it."""

    def __init__(self, **fields):
        self._fields = fields

    def to_dict(self):
        return CONFIG.to_dict() | self._fields
