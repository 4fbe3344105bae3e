"""The weights a run begins with: fresh ones, or those of a release or another run where they fit."""

import logging

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from tracknet_jax.models.tracknet import Variables, init_variables
from tracknet_jax.releases.release import load_release
from tracknet_jax.releases.widen import is_wider, widen
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError

log = logging.getLogger(__name__)


def initial_variables(config: TrainConfig) -> Variables:
    """Weights of step 0. Raises `UserError` if `config.init_from` cannot be read or none of its arrays fits."""
    fresh = init_variables(config.model, jax.random.key(config.seed))
    if config.init_from is None:
        return fresh
    given = load_release(config.init_from)
    if is_wider(config.model, given.config):
        log.warning(
            "weights taken from %s, its channels widened to %s", config.init_from, config.model.widths
        )
        return widen(given.variables, fresh)
    return transplant(given.variables, fresh, config.init_from)


def transplant(given: Variables, fresh: Variables, origin: str) -> Variables:
    """`fresh`, with the arrays of `given` that have the same name and shape (V4 from V2: all but two scalars)."""
    given_flat, flat = flatten_dict(given), flatten_dict(fresh)
    fits = {name for name, x in flat.items() if name in given_flat and np.shape(given_flat[name]) == x.shape}
    if not fits:
        raise UserError(f"init_from {origin}: none of its arrays fits this model")
    log.warning("%d of %d arrays taken from %s, the others are fresh", len(fits), len(flat), origin)
    taken = {name: jax.numpy.asarray(given_flat[name], flat[name].dtype) for name in fits}
    return unflatten_dict(flat | taken)
