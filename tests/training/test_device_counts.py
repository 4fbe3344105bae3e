"""The same global batch on 1, 2, 4 and 8 devices: the same losses, step after step."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh

from tests.helpers.tiny_training import tiny_batch
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.parallel import AXIS, replicated, split
from tracknet_jax.training.step import train_step

from .test_parallel import CONFIG, first_state

QUICK = {"xla_backend_optimization_level": 0}  # four compilations


def losses_of_three_steps(config, counts):
    """Of each number of devices."""
    step = partial(train_step, config=config, optimizer=make_optimizer(CONFIG.optimizer, 5))
    found = {}
    for count in counts:
        mesh = Mesh(np.array(jax.devices()[:count]), (AXIS,), axis_types=(AxisType.Auto,))
        run = jax.jit(step, out_shardings=replicated(mesh), compiler_options=QUICK)
        state = jax.device_put(first_state(), replicated(mesh))
        found[count] = []
        for i in range(3):
            state, of_step = run(state, jax.device_put(tiny_batch(i), split(mesh)))
            found[count].append(float(of_step["loss"]))
    return found


@pytest.fixture(scope="module")
def losses():
    return losses_of_three_steps(CONFIG, (1, 2, 4, 8))


@pytest.mark.parametrize("count", [2, 4, 8])
def test_as_one_device(losses, count):
    assert np.ptp(losses[1]) > 1e-3  # the steps differ
    np.testing.assert_allclose(losses[count], losses[1], rtol=1e-4)  # sums in another order


def test_parts_of_a_batch_are_the_same_windows_on_several_devices(losses):
    """Batch norm sees one part at a time, so the losses are those of the parts."""
    in_parts = losses_of_three_steps(replace(CONFIG, accumulation=2), (1, 4))
    np.testing.assert_allclose(in_parts[4], in_parts[1], rtol=1e-4)
    assert np.abs(np.array(in_parts[1]) / losses[1] - 1).max() > 1e-3
