"""A narrow network's weights in a wider one with the same outputs, to train further (Net2Net, Chen et al. 2016)."""

from dataclasses import replace

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import Variables


def is_wider(config: TrackNetConfig, narrow: TrackNetConfig) -> bool:
    """Whether `config` is `narrow` with more channels, and the old channels come first in every layer.

    They do not with concatenated skips, which put new channels between the old ones.
    """
    like_narrow = replace(config, name=narrow.name, paper=narrow.paper, widths=narrow.widths)
    more = len(config.widths) == len(narrow.widths) and all(np.greater_equal(config.widths, narrow.widths))
    return like_narrow == narrow and more and config.widths != narrow.widths and config.skips != "concat"


def widen(narrow: Variables, fresh: Variables) -> Variables:
    """Variables shaped as `fresh` that give the logits of `narrow`.

    The narrow network's channels come first in every layer. New channels have fresh weights, but no old channel
    reads them yet: those weights are zero, and learn from the first step on.
    """
    old = flatten_dict(narrow)
    wide = {name: _embed(np.array(x), np.asarray(old[name])) for name, x in flatten_dict(fresh).items()}
    return unflatten_dict(wide)


def _embed(fresh: np.ndarray, old: np.ndarray) -> np.ndarray:
    if fresh.ndim == 4:  # a kernel (h, w, in, out)
        fresh[:, :, old.shape[2] :, : old.shape[3]] = 0.0
    fresh[tuple(slice(n) for n in old.shape)] = old
    return fresh
