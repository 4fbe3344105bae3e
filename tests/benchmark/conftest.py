"""Networks of a few hundred parameters among the presets, and references that cost nothing."""

from dataclasses import replace

import pytest

from tracknet_jax.benchmark import peak
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import PRESETS

TINY = TrackNetConfig(name="tiny", height=32, width=32, widths=(8, 8), depths=(1, 1), upsample="nearest")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(peak, "SIDE", {"cpu": 64})
    monkeypatch.setattr(peak, "COPIED", {"cpu": 2**16})


@pytest.fixture
def tiny():
    from tracknet_jax.benchmark.workload import network

    return network("tiny")


def variant(**changes):
    return replace(TINY, **changes)
