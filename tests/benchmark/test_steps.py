"""What is timed is the network itself, and XLA's count agrees with ours."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from tracknet_jax.benchmark import steps
from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.workload import windows_of
from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import in_dtype, with_convolutions
from tracknet_jax.utils.errors import UserError

INFERENCE = Case("inference", "tiny", "float32", batch=2)


@pytest.mark.parametrize("layout", [(2, "jit"), (2, "pmap")])
def test_inference_is_the_network_on_every_layout(tiny, layout):
    devices, parallel = layout
    plain = with_convolutions(tiny, "lax")  # with fewer products than are counted there is nothing to compare
    workload = steps.inference(replace(INFERENCE, devices=devices, variant=parallel), plain)
    frames = windows_of(tiny.config, 2 * devices)["frames"]
    expected = jax.nn.sigmoid(jax.jit(tiny.model.apply)(tiny.variables, frames).logits)
    assert expected.std() > 0.01  # fresh weights, and yet maps in which two runtimes could differ
    np.testing.assert_allclose(workload.compared(), expected, atol=1e-5)
    assert (workload.work.windows, workload.work.frames) == (2 * devices, 6 * devices)
    counted = 2 * cost(tiny.config).macs * workload.work.windows
    assert 0.9 * counted < workload.work.analysis.flops < 1.5 * counted
    assert workload.work.compile_seconds > 0


@pytest.mark.parametrize("parallel", ["jit", "pmap"])
def test_a_training_step_learns_and_costs_three_passes(tiny, parallel):
    workload = steps.training(Case("train", "tiny", "float32", 1, devices=2, variant=parallel), tiny)
    losses = [float(np.mean(workload.call()["loss"])) for _ in range(12)]
    assert losses[-1] < losses[0]
    counted = 3 * 2 * cost(tiny.config).macs * workload.work.windows
    assert 0.7 * counted < workload.work.analysis.flops < 1.6 * counted
    assert workload.work.frames == 2 * tiny.config.frames


def test_a_window_of_the_stream_comes_back_to_the_host(tiny):
    cached = jax.config.jax_enable_compilation_cache
    candidates = steps.stream(in_dtype(tiny, "bfloat16")).call()
    assert isinstance(candidates.xy, np.ndarray)
    assert candidates.xy.shape[:2] == (1, tiny.config.outputs)
    assert jax.config.jax_enable_compilation_cache is cached  # only compiling went without


def test_more_devices_than_there_are():
    with pytest.raises(UserError, match="99 devices wanted, 8 found"):
        Layout(99)
