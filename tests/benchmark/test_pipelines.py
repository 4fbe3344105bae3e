"""Tracking, and training that is fed, on a rendered rally."""

import jax
import numpy as np
import pytest

from tests.benchmark.conftest import TINY
from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.pipelines import built_dataset, fed_training, tracking
from tracknet_jax.cli.benchmark import render

FRAMES = 10


@pytest.fixture(scope="module")
def rally(tmp_path_factory):
    return render(tmp_path_factory.mktemp("rally"), FRAMES, size=(64, 64))


@pytest.fixture(scope="module")
def dataset(rally, tmp_path_factory):
    return built_dataset(rally.parents[2], TINY, tmp_path_factory.mktemp("dataset"))


def test_every_frame_of_the_video_is_tracked(tiny, rally, tmp_path):
    workload = tracking(Case("track", "tiny", "float32", 2), tiny, rally, tmp_path)
    assert len(workload.call()) == FRAMES
    assert (workload.work.windows, workload.work.frames) == (4, FRAMES)
    assert len((tmp_path / "benchmark_ball.csv").read_text().splitlines()) == 1 + FRAMES


@pytest.mark.parametrize("fed", ["constant", "resident", "grain"])
def test_training_is_fed(tiny, dataset, tmp_path, fed):
    case = Case("input", "tiny", "float32", 1, variant=fed)
    workload = fed_training(case, tiny, dataset, tmp_path)
    losses = [float(workload.call()["loss"]) for _ in range(2)]
    assert np.isfinite(losses).all()
    assert losses[0] != losses[1]  # it goes on where it was
    assert workload.work.windows == jax.device_count()
