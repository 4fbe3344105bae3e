"""Measures of the hall around the court: boards and the stands behind them."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport

SLOPE = 0.62  # of the stands


@dataclass(frozen=True)
class Enclosure:
    """Measures of the hall around the court, in metres."""

    side: float  # |x| of the side boards
    far: float  # y of the far board
    side_height: float
    far_height: float


def enclosure(sport: Sport, rng: np.random.Generator) -> Enclosure:
    """A hall of ordinary size for the sport."""
    low, high = {"tennis": (4.2, 6.5), "badminton": (3.0, 4.2), "padel": (1.8, 2.6)}[sport.name]
    side = sport.width / 2 + rng.uniform(low, high)
    back = {"tennis": (5.8, 7.5), "badminton": (3.0, 4.5), "padel": (1.6, 2.4)}[sport.name]
    tall = {"tennis": (1.6, 2.8), "badminton": (1.0, 2.2), "padel": (0.9, 1.3)}[sport.name]
    return Enclosure(side, sport.length / 2 + rng.uniform(*back), rng.uniform(0.9, 1.3), rng.uniform(*tall))
