"""PyTorch beside ours: the same maps, whatever the network is built of, and what is told where it cannot run."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.helpers.members import MEMBERS, expected_maps, narrow, random_release
from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.torch_inference import check_torch, torch_inference
from tracknet_jax.benchmark.workload import windows_of
from tracknet_jax.utils.errors import UserError

CASE = Case("inference", "narrow", "float32", 2, variant="torch")


@pytest.mark.parametrize("config", MEMBERS, ids=lambda config: config.name)
def test_maps_are_those_of_the_network(config):
    pytest.importorskip("onnx2torch")
    release = random_release(config)
    workload = torch_inference(CASE, release)
    expected = expected_maps(release, list(windows_of(config, CASE.batch).values()))
    np.testing.assert_allclose(workload.compared(), expected, atol=1e-5)
    assert (workload.work.windows, workload.work.frames) == (2, 2 * config.outputs)
    assert workload.work.compile_seconds is None


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "variant"), [("bfloat16", "torch"), ("float32", "torch_compile")])
def test_in_bfloat16_and_compiled(dtype, variant):
    pytest.importorskip("onnx2torch")
    release = random_release(narrow("tracknet_v5"))
    workload = torch_inference(replace(CASE, dtype=dtype, variant=variant), release)
    expected = expected_maps(release, list(windows_of(release.config, CASE.batch).values()))
    np.testing.assert_allclose(workload.compared(), expected, atol=0.1 if dtype == "bfloat16" else 1e-5)
    assert (workload.work.compile_seconds is None) == (variant == "torch")


@pytest.mark.parametrize("missing", ["torch", "onnx", "onnx2torch"])
def test_a_missing_package_is_named(monkeypatch, missing):
    module = "tracknet_jax.benchmark.torch_inference.find_spec"
    monkeypatch.setattr(module, lambda name: None if name == missing else name)
    with pytest.raises(UserError, match=rf"--against torch: {missing} is not installed here \(pip install"):
        check_torch()


def test_another_kind_of_device_is_told(monkeypatch):
    pytest.importorskip("onnx2torch")
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    with pytest.raises(UserError, match="--against torch: JAX runs on tpu"):
        check_torch()
