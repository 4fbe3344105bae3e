"""The derivation of docs/scaling.md against cases that can be worked out by hand."""

import pytest
from scaling import (
    MACHINES,
    Assumptions,
    Machine,
    Traffic,
    efficiency,
    efficiency_table,
    reduce_seconds,
    step_seconds,
    traffic_table,
)

MACHINE = Machine("two links", flops=6e12, node=4, inside=100e9, outside=10e9)
FOUND = Traffic(gradients=40_000_000, rest=0, count=0, macs=10**9)
EXACT = Assumptions(windows=10, share=1.0, link=1.0, latency=0.0)


def test_a_step_is_its_operations_over_the_peak():
    assert step_seconds(FOUND, MACHINE, EXACT) == pytest.approx(0.01)  # 60 GFLOP at 6 TFLOP/s


def test_a_ring_sends_twice_all_but_its_own_part():
    assert reduce_seconds(FOUND, MACHINE, 1, EXACT) == 0
    assert reduce_seconds(FOUND, MACHINE, 4, EXACT) == pytest.approx(2 * 30e6 / 100e9)
    # Between two nodes each of the four devices sends half of its quarter, there and back.
    assert reduce_seconds(FOUND, MACHINE, 8, EXACT) == pytest.approx(2 * 30e6 / 100e9 + 2 * 5e6 / 10e9)


def test_what_is_sent_while_the_step_computes_costs_nothing():
    slow = FOUND._replace(gradients=100 * FOUND.gradients)  # 160 ms, the step 10
    assert efficiency(FOUND, MACHINE, 8, EXACT, overlapped=True) == 1
    assert efficiency(FOUND, MACHINE, 8, EXACT, overlapped=False) == pytest.approx(10 / 11.6)
    assert efficiency(slow, MACHINE, 8, EXACT, overlapped=True) == pytest.approx(10 / (10 + 160 - 20 / 3))


def test_statistics_are_waited_for():
    waiting = Assumptions(windows=10, share=1.0, link=1.0, latency=1e-3)
    found = FOUND._replace(gradients=0, count=5)
    assert efficiency(found, MACHINE, 4, waiting, overlapped=True) == pytest.approx(10 / 15)


def test_tables_have_a_row_for_each():
    counted = {"one": FOUND, "two": FOUND._replace(count=7)}
    assert len(traffic_table(counted).splitlines()) == 2 + 2
    assert len(efficiency_table(counted, EXACT).splitlines()) == 2 + 2 * len(MACHINES)
