"""A whole run: figures that belong together, another runtime beside ours, what does not fit."""

from dataclasses import replace

import pytest

from tracknet_jax.benchmark import run_benchmark as runner
from tracknet_jax.benchmark import steps, torch_inference
from tracknet_jax.benchmark.benchmark_config import Benchmark
from tracknet_jax.benchmark.benchmark_table import markdown
from tracknet_jax.benchmark.workload import Work, Workload
from tracknet_jax.utils.errors import UserError

QUICK = {"models": ("tiny",), "batches": (1,), "blocks": 3, "seconds": 0.0, "calls": 5}


def test_another_runtime_is_timed_and_compared(monkeypatch):
    """A stand-in whose maps are ours and a quarter more."""

    def stand_in(case, release):
        maps = steps.inference(replace(case, variant="jit"), release).compared()
        return Workload(lambda: None, Work(1, 3, 1), lambda: maps + 0.25)

    monkeypatch.setattr(torch_inference, "check_torch", lambda: None)
    monkeypatch.setattr(torch_inference, "torch_inference", stand_in)
    report = runner.run_benchmark(Benchmark(against=("torch",), **QUICK))
    ours, theirs = report.results
    assert (ours.ratio, theirs.case.variant) == (None, "torch")
    assert theirs.max_difference == pytest.approx(0.25, abs=1e-6)
    assert theirs.ratio == theirs.timing.median / ours.timing.median
    assert ours.share_of_peak == ours.model_flops / ours.timing.median / ours.peaks.flops
    assert "2.5e-01" in markdown(report)


def test_lax_is_our_network_with_xlas_own_convolutions(monkeypatch):
    inference, built = steps.inference, []

    def watched(case, release):
        built.append((case.variant, release.model.conv_impl))
        return inference(case, release)

    monkeypatch.setattr(steps, "inference", watched)
    ours, theirs = runner.run_benchmark(Benchmark(against=("lax",), **QUICK)).results
    assert built == [("jit", "auto"), ("jit", "lax")]
    assert theirs.case.variant == "lax"
    assert theirs.ratio == theirs.timing.median / ours.timing.median
    assert theirs.max_difference < 1e-6


def test_maps_of_another_dtype_are_compared_with_those_of_float32():
    exact, rounded = runner.run_benchmark(Benchmark(dtypes=("float32", "bfloat16"), **QUICK)).results
    assert (exact.max_difference, rounded.ratio) == (None, None)
    assert 1e-6 < rounded.max_difference < 0.1


def test_what_does_not_fit_is_left_out_and_told(monkeypatch):
    inference = steps.inference

    def of_little_memory(case, release):
        if case.batch > 1:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 byte.")
        return inference(case, release)

    monkeypatch.setattr(steps, "inference", of_little_memory)
    report = runner.run_benchmark(Benchmark(**{**QUICK, "batches": (1, 64)}))
    assert [result.case.batch for result in report.results] == [1]
    assert [case.batch for case in report.too_large] == [64]
    assert "Does not fit the memory: inference tiny float32 batch 64" in markdown(report)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batches": (0,)}, "batches"),
        ({"models": ()}, "models is empty"),
        ({"blocks": 0}, "0 blocks"),
        ({"tasks": ("stream", "track"), "against": ("torch",)}, "torch is compared in inference: add"),
        ({"tasks": ("input",), "against": ("openvino",)}, "in inference, stream, track: add one"),
    ],
)
def test_what_cannot_be_measured_is_told(changes, message):
    with pytest.raises(UserError, match=message):
        Benchmark(**{**QUICK, **changes})
