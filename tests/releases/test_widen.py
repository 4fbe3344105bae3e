"""A widened network says what the narrow one said, and its new channels can learn."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.helpers.members import narrow, random_release, windows
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.releases.widen import is_wider, widen


@pytest.mark.parametrize("name", ["tracknet_nano", "tracknet_v1"])
def test_the_same_logits_from_more_channels(name):
    release = random_release(narrow(name))
    config = replace(release.config, widths=(7, 9), name="wide")
    assert is_wider(config, release.config)
    variables = widen(release.variables, init_variables(config, jax.random.key(0)))
    frames = windows(config, 1)
    before = np.asarray(jax.jit(release.model.apply)(release.variables, *frames).logits)

    def loss(params):
        logits = TrackNet(config).apply(variables | {"params": params}, *frames).logits
        return (logits**2).mean(), logits

    gradients, after = jax.jit(jax.grad(loss, has_aux=True))(variables["params"])
    np.testing.assert_allclose(after, before, atol=1e-4 * np.abs(before).max())
    gradient, reading = (
        gradients["encoder_decoder"][layer]["conv"]["conv"]["kernel"] for layer in ("down0_0", "bottleneck_0")
    )
    assert np.abs(gradient[..., :4]).max() > 0
    assert np.abs(reading[:, :, 4:, :6]).max() > 0  # old channels begin to read new ones


@pytest.mark.parametrize(
    "change",
    [{"widths": (4, 6)}, {"widths": (3, 9)}, {"widths": (7, 9), "frames": 3, "outputs": 3}],
    ids=["equal", "narrower", "another input"],
)
def test_what_is_not_wider(change):
    config = narrow("tracknet_nano")
    assert not is_wider(replace(config, **change), config)
    assert not is_wider(
        replace(narrow("tracknet_v2"), widths=(7, 9)), narrow("tracknet_v2")
    )  # concatenated skips
