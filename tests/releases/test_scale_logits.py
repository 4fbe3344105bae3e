"""Scaled logits: the network with changed weights says s times what it said, plus the shift."""

import jax
import numpy as np
import pytest

from tests.helpers.members import MEMBERS, narrow, random_release, windows
from tracknet_jax.releases.scale_logits import can_shift, scale_logits
from tracknet_jax.utils.errors import UserError

SIGMOIDS = [config for config in MEMBERS if config.head == "sigmoid"]


@pytest.mark.parametrize("config", SIGMOIDS, ids=lambda config: config.name)
def test_logits_are_scaled_and_shifted(config):
    release = random_release(config)
    shift = -0.7 if can_shift(config) else 0.0
    scaled = scale_logits(config, release.variables, 2.5, shift)
    frames = windows(config, 1)
    apply = jax.jit(release.model.apply)
    before, after = (np.asarray(apply(v, *frames).logits) for v in (release.variables, scaled))
    assert np.ptp(before) > 0.1
    np.testing.assert_allclose(after, 2.5 * before + shift, rtol=1e-3, atol=1e-4 * np.abs(before).max())


def test_which_networks_can_be_shifted():
    shifted = {
        name
        for name in ("tracknet_nano", "tracknet_v2", "tracknet_v4", "tracknet_v5")
        if can_shift(narrow(name))
    }
    assert shifted == {"tracknet_nano", "tracknet_v5"}  # V2 has no bias in its head, V4 a gate behind it


def test_what_cannot_be_done_is_told():
    classes, gated = narrow("tracknet_v1"), narrow("tracknet_v4")
    with pytest.raises(UserError, match="class maps have no logits to scale"):
        scale_logits(classes, random_release(classes).variables, 2.0)
    with pytest.raises(UserError, match="scale only"):
        scale_logits(gated, random_release(gated).variables, 2.0, 0.1)
