"""The same global batch on 1, 2, 4 and 8 devices: the same losses, step after step."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh

from tests.helpers.float64 import in_float64
from tests.helpers.tiny_training import tiny_batch
from tests.training.test_parallel import EXACT, TOLERANCE, first_state, make_driver
from tracknet_jax.training.cluster.mesh import AXIS


@pytest.fixture(scope="module", autouse=True)
def _float64():
    jax.config.update("jax_disable_most_optimizations", True)  # six compilations
    with in_float64():
        yield
    jax.config.update("jax_disable_most_optimizations", False)


def losses_of_three_steps(config, counts):
    """Of each number of devices."""
    found = {}
    for count in counts:
        mesh = Mesh(np.array(jax.devices()[:count]), (AXIS,), axis_types=(AxisType.Auto,))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tracknet_jax.training.cluster.mesh.data_mesh", lambda: mesh)  # noqa: B023
            used = make_driver("jit", config=config)
        placed, found[count] = used.place(first_state(config)), []
        for i in range(3):
            placed, metrics = used.step(placed, used.place_inputs(tiny_batch(i)))
            found[count].append(float(metrics["loss"]))
    return found


@pytest.fixture(scope="module")
def losses(_float64):
    return losses_of_three_steps(EXACT, (1, 2, 4, 8))


@pytest.mark.parametrize("count", [2, 4, 8])
def test_as_one_device(losses, count):
    assert np.ptp(losses[1]) > 1e-3  # the steps differ
    np.testing.assert_allclose(losses[count], losses[1], rtol=TOLERANCE)


def test_parts_of_a_batch_are_the_same_windows_on_several_devices(losses):
    """Batch norm sees one part at a time, so the losses are those of the parts."""
    in_parts = losses_of_three_steps(replace(EXACT, accumulation=2), (1, 4))
    np.testing.assert_allclose(in_parts[4], in_parts[1], rtol=TOLERANCE)
    assert np.abs(np.array(in_parts[1]) / losses[1] - 1).max() > 1e-3
