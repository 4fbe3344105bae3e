"""A pruned bottleneck: channels that say nothing cost nothing, and the weakest go first."""

from dataclasses import replace

import numpy as np
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from tests.helpers.members import narrow, random_release, windows
from tracknet_jax.models.pruning import prune_bottleneck
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.releases.release import check_variables
from tracknet_jax.utils.errors import UserError

CONFIG = replace(narrow("tracknet_nano"), widths=(4, 9), conv_bias=True)


def silenced(variables, channels):
    """Batch norms of the bottleneck that send nothing through `channels`."""
    flat = {name: np.array(x) for name, x in flatten_dict(variables).items()}
    for layer, silent in channels.items():
        for what in ("scale", "bias"):
            flat["params", "encoder_decoder", layer, "bn", what][silent] = 0
    return unflatten_dict(flat)


def test_channels_that_say_nothing_are_not_missed():
    variables = silenced(
        random_release(CONFIG).variables, {"bottleneck_0": [0, 5, 8], "bottleneck_1": [1, 2, 7]}
    )
    config, pruned = prune_bottleneck(CONFIG, variables, 6)
    assert config == replace(CONFIG, widths=(4, 6))
    check_variables(config, pruned, "pruned")
    frames = windows(CONFIG, 1)
    before = np.asarray(TrackNet(CONFIG).apply(variables, *frames).logits)
    after = np.asarray(TrackNet(config).apply(pruned, *frames).logits)
    np.testing.assert_allclose(after, before, atol=1e-5 * np.abs(before).max())


def test_the_channels_that_add_least_variance_go():
    variables = random_release(CONFIG).variables
    trunk = variables["params"]["encoder_decoder"]
    reading = trunk["narrow0"]["conv"]["conv"]["kernel"][0, 0]  # (in, out)
    sent = trunk["bottleneck_1"]["bn"]["scale"][:, None] * reading  # by channels of unit variance
    adds = (sent**2).sum(axis=1)
    _, pruned = prune_bottleneck(CONFIG, variables, 4)
    stay = np.sort(np.argsort(adds)[-4:])
    kept = pruned["params"]["encoder_decoder"]["narrow0"]["conv"]["conv"]["kernel"][0, 0]
    np.testing.assert_array_equal(kept, reading[stay])


@pytest.mark.parametrize(("config", "channels"), [(CONFIG, 9), (CONFIG, 0), (narrow("tracknet_v2"), 3)])
def test_what_cannot_be_pruned(config, channels):
    with pytest.raises(UserError, match=f"pruning the bottleneck to {channels} channels needs"):
        prune_bottleneck(config, random_release(config).variables, channels)
