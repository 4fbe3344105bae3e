"""ONNX Runtime and OpenVINO beside ours: which cases there are, and that they compute the same."""

import jax
import pytest

from tracknet_jax.benchmark import run_benchmark as runner
from tracknet_jax.benchmark.benchmark_config import Benchmark
from tracknet_jax.benchmark.onnx_runtimes import check_runtime
from tracknet_jax.cli.benchmark import render
from tracknet_jax.utils.errors import UserError

BOTH = ("onnxruntime", "openvino")


def test_bfloat16_is_openvinos_only():
    benchmark = Benchmark(dtypes=("float32", "bfloat16"), batches=(2,), against=BOTH, tasks=("inference",))
    (cases,) = benchmark.groups()
    assert [(case.dtype, case.variant) for case in cases] == [
        ("float32", "jit"),
        ("float32", "onnxruntime"),
        ("float32", "openvino"),
        ("bfloat16", "jit"),
        ("bfloat16", "openvino"),
    ]


@pytest.mark.parametrize("runtime", BOTH)
def test_every_task_that_can_gives_what_ours_gives(runtime, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip(runtime)
    video = render(tmp_path, 8, size=(64, 64))
    tasks = ("inference", "stream", "track")
    benchmark = Benchmark(tasks, ("tiny",), batches=(2,), against=(runtime,), blocks=1, seconds=0.0, calls=2)
    results = runner.run_benchmark(benchmark, video).results
    assert [(result.case.task, result.case.variant) for result in results] == [
        (task, variant) for task in tasks for variant in ("jit", runtime)
    ]
    for ours, theirs in zip(results[::2], results[1::2], strict=True):
        assert ours.ratio is None
        assert theirs.ratio == theirs.timing.median / ours.timing.median
        assert theirs.max_difference < 1e-4
        assert theirs.work.analysis is None
        assert (theirs.work.windows, theirs.work.frames) == (ours.work.windows, ours.work.frames)


def test_what_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("tracknet_jax.export.runtime.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--against openvino: onnx is not installed"):
        check_runtime("openvino", ("float32",))


@pytest.mark.parametrize("runtime", BOTH)
def test_another_kind_of_device_is_told(monkeypatch, runtime):
    pytest.importorskip(runtime)
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    with pytest.raises(UserError, match=f"--against {runtime}: JAX runs on tpu"):
        check_runtime(runtime, ("float32",))
