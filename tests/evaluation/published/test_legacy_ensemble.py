"""The reference's ensemble against its own streams, and where the tracker's differs from it."""

import numpy as np
import pytest

from tests.helpers.reference import load_golden
from tracknet_jax.evaluation.published.legacy_ensemble import legacy_ensemble
from tracknet_jax.heatmaps.ensemble import ensemble_weights


@pytest.mark.parametrize("case", ["L8_F21", "L8_F10", "L8_F8", "L3_F11", "L3_F4"])
@pytest.mark.parametrize(("overlap", "name"), [("average", "average"), ("weighted", "weight")])
def test_streams_of_the_reference(case, overlap, name):
    golden, _ = load_golden("signals")
    ours = np.stack(list(legacy_ensemble(golden[f"ensemble/{case}/windows"], overlap)))
    np.testing.assert_allclose(ours, golden[f"ensemble/{case}/{name}"], atol=1e-6)


@pytest.mark.parametrize("length", [3, 8])
def test_weights_of_the_reference(length):
    golden, _ = load_golden("signals")
    weights = ensemble_weights("weighted", length)
    np.testing.assert_allclose(weights / weights.sum(), golden[f"ensemble/weight_L{length}"], rtol=1e-6)


def test_constant_windows_stay_constant_but_for_the_last_frames_of_short_clips():
    assert (np.stack(list(legacy_ensemble(np.ones((14, 8, 1)), "average"))) == 1).all()
    short = np.stack(list(legacy_ensemble(np.ones((3, 8, 1)), "average")))[:, 0]
    np.testing.assert_allclose(short, [1, 1, 1, 3 / 7, 3 / 6, 3 / 5, 3 / 4, 3 / 3, 2 / 2, 1])
    assert list(legacy_ensemble([], "average")) == []
