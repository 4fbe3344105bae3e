"""Timing calls in turn, so that whatever else runs on the machine slows all of them alike."""

import math
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

Key = TypeVar("Key", bound=Hashable)
Call = Callable[[], Any]


class Timing(NamedTuple):
    """Seconds a call, one number for each block."""

    blocks: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.blocks))

    @property
    def spread(self) -> float:
        """The width of the blocks' middle half, as a share of the median."""
        low, high = np.percentile(self.blocks, (25, 75))
        return float(high - low) / self.median

    def over(self, other: "Timing") -> float:
        """The ratio of these times to the other's of the same rounds: its median over the rounds."""
        return float(np.median(np.divide(self.blocks, other.blocks)))

    def percentile(self, share: float) -> float:
        """The seconds that `share` per cent of the blocks stay below."""
        return float(np.percentile(self.blocks, share))


def measure(calls: Mapping[Key, Call], blocks: int, seconds: float) -> dict[Key, Timing]:
    """Times each call in `blocks` blocks of at least `seconds`, one block of each call in every round.

    A call starts one step and returns what to wait for. It must have run before, so that nothing compiles here.
    Every other round goes backwards, so that no call always follows the same one.
    """
    repeats = {key: max(1, math.ceil(seconds / block(call, 1))) for key, call in calls.items()}
    found: dict[Key, list[float]] = {key: [] for key in calls}
    for number in range(blocks):
        order = list(calls)[:: 1 if number % 2 == 0 else -1]
        for key in order:
            found[key].append(block(calls[key], repeats[key]))
    return {key: Timing(tuple(times)) for key, times in found.items()}


def block(call: Call, repeats: int) -> float:
    """Seconds a call of `repeats` calls in a row; one call may wait behind another, as in real programs."""
    began = time.perf_counter()
    earlier = None
    for _ in range(repeats):
        result = call()
        jax.block_until_ready(earlier)
        earlier = result
    jax.block_until_ready(earlier)
    return (time.perf_counter() - began) / repeats
