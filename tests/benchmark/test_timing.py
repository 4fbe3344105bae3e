"""Blocks in turn, counted with a clock that only the calls move."""

import numpy as np
import pytest

from tracknet_jax.benchmark import timing
from tracknet_jax.benchmark.timing import Timing, measure


@pytest.fixture
def calls(monkeypatch):
    """Calls of fixed duration, and the order in which they came."""
    now, order = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def taking(name, seconds):
        def call():
            order.append(name)
            now[0] += seconds

        return call

    return {"short": taking("short", 1.0), "long": taking("long", 4.0)}, order


def test_blocks_alternate_and_every_other_round_goes_backwards(calls):
    found, order = measure(calls[0], blocks=3, seconds=0.0), calls[1]
    assert order[2:] == ["short", "long", "long", "short", "short", "long"]
    assert found == {"short": Timing((1.0, 1.0, 1.0)), "long": Timing((4.0, 4.0, 4.0))}


def test_a_block_lasts_as_long_as_was_asked_for(calls):
    found, order = measure(calls[0], blocks=2, seconds=6.0), calls[1]
    assert order[2:] == ["short"] * 6 + ["long"] * 4 + ["short"] * 6
    assert found["long"] == Timing((4.0, 4.0))


def test_figures_of_a_timing():
    found = Timing((4.0, 1.0, 2.0, 3.0, 5.0))
    assert (found.median, found.percentile(100), found.percentile(0)) == (3.0, 5.0, 1.0)
    assert found.spread == pytest.approx((4.0 - 2.0) / 3.0)  # the quartiles of 1 ... 5
    assert found.percentile(90) == pytest.approx(np.percentile([1, 2, 3, 4, 5], 90))


def test_a_ratio_is_that_of_the_same_rounds():
    """A machine that slows down between the rounds changes no ratio."""
    assert Timing((1.0, 3.0, 9.0)).over(Timing((2.0, 6.0, 9.0))) == 0.5
