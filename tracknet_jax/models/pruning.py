"""A narrower bottleneck, the level with most of the parameters: channels go that the next layer hardly reads."""

from dataclasses import replace
from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.utils.errors import UserError

Variables = dict[str, Any]
TRUNK = "encoder_decoder"


def prune_bottleneck(
    config: TrackNetConfig, variables: Variables, channels: int
) -> tuple[TrackNetConfig, Variables]:
    """The network with the `channels` most important channels of each convolution of its last level.

    A channel leaves its batch norm with the standard deviation |gamma|, so gamma^2 |W|^2 of the next layer's weights W
    that read it is what it adds to that layer's variance: its importance. The bottleneck is read by one layer alone, so
    nothing else changes; the other levels feed skips and cannot lose channels one by one.

    Raises:
        UserError: the network has no added skips, whose narrowing convolution is what reads the bottleneck, its norm
            comes before the ReLU, or it has no more channels than that.
    """
    *levels, width = config.widths
    if config.skips != "add" or config.block_order != "conv_relu_bn" or not 0 < channels < width:
        raise UserError(
            f"model {config.name!r}: pruning the bottleneck to {channels} channels needs added skips, norms behind "
            f"the ReLU, and more channels than that in the bottleneck ({width})"
        )
    flat = {name: np.array(x) for name, x in flatten_dict(variables).items()}
    layers = [f"bottleneck_{i}" for i in range(config.depths[-1])]
    for layer, reader in zip(layers, [*layers[1:], f"narrow{len(levels) - 1}"], strict=True):
        kernel, reads = _kernel(layer), _kernel(reader)
        gamma = flat["params", TRUNK, layer, "bn", "scale"]
        importance = gamma**2 * (flat[reads] ** 2).sum(axis=(0, 1, 3))
        keep = np.sort(np.argsort(-importance, kind="stable")[:channels])
        flat[kernel], flat[reads] = flat[kernel][..., keep], flat[reads][:, :, keep]
        for name in flat:
            if name[1:3] == (TRUNK, layer) and name not in (kernel, reads):
                flat[name] = flat[name][keep]  # bias and batch norm
    return replace(config, widths=(*levels, channels)), unflatten_dict(flat)


def _kernel(layer: str) -> tuple[str, ...]:
    return "params", TRUNK, layer, "conv", "conv", "kernel"
