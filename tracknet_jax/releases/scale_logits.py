"""Scaled logits: the result of a calibration, put into the weights, so that every use of them has it."""

import jax
import numpy as np

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import Variables
from tracknet_jax.utils.errors import UserError


def can_shift(config: TrackNetConfig) -> bool:
    """Whether a constant can be added to the logits: the last layer has a bias, and no gate follows it."""
    gated = config.motion != "none" and config.fusion != "none"
    return config.refinement == "rstr" or (config.head_bias and not gated)


def scale_logits(config: TrackNetConfig, variables: Variables, scale: float, shift: float = 0.0) -> Variables:
    """Variables of the same shapes that give `scale` times the logits, plus `shift`.

    Platt scaling (1999) and, with no shift, temperature scaling (Guo et al. 2017), as weights.

    The head is linear, and a gate multiplies it, so scaling the head scales the logits. R-STR adds R(V) to the
    draft V: its embedding is divided by `scale`, so that the transformer has the same input, and its last layer is
    multiplied by it.

    Raises:
        UserError: the network has class maps, or no bias that a shift could go to (see `can_shift`).
    """
    if config.head == "classes":
        raise UserError(f"model {config.name!r}: class maps have no logits to scale")
    if shift and not can_shift(config):
        raise UserError(f"model {config.name!r}: no bias behind its gate to shift; scale only")
    variables = jax.tree.map(np.asarray, variables)
    params = variables["params"]
    head = jax.tree.map(lambda x: x * scale, params["head"])
    changed = {"head": head}
    if config.refinement == "rstr":
        refinement = params["refinement"]
        embed, decode = refinement["embed"], refinement["decode"]
        changed["refinement"] = refinement | {
            "embed": embed | {"kernel": embed["kernel"] / scale},
            "decode": {"kernel": decode["kernel"] * scale, "bias": decode["bias"] * scale + shift},
        }
    elif shift:
        changed["head"] = {"conv": head["conv"] | {"bias": head["conv"]["bias"] + shift}}
    return variables | {"params": params | changed}
