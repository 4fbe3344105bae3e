"""A stroke: draws a shot and a target, and finds the flight that plays it."""

import numpy as np

from tracknet_jax.synthetic.play.physics import Flight, aim, fly
from tracknet_jax.synthetic.play.sports import Shot, Sport

DURATIONS = np.geomspace(0.22, 3.0, 28)  # flight times tried for a stroke, seconds
ERROR_SHARE = 0.07  # strokes that go into the net
NET_MARGIN = 0.08  # metres by which a good ball passes over the net
MISHIT = np.array([0.0, 10.0, 8.0])  # up and away, where no shot can be played; y towards the net
ATTEMPTS = 8


def hit_ball(
    sport: Sport, side: int, contact: np.ndarray, time: float, serve: bool, rng: np.random.Generator
) -> Flight:
    """The flight after a stroke at `contact` (3,) by a player of `side` (-1 near, 1 far)."""
    error = rng.random() < ERROR_SHARE and not serve
    for _ in range(ATTEMPTS):
        shot = sport.serve if serve else _choose_shot(sport, contact, rng)
        velocity = _launch(sport, side, contact, shot, error, rng)
        if velocity is not None:
            return fly(sport, contact, velocity, time)
    return fly(sport, contact, MISHIT * [1, -side, 1], time)


def _choose_shot(sport: Sport, contact: np.ndarray, rng: np.random.Generator) -> Shot:
    shots = [shot for shot in sport.shots if shot.min_height <= contact[2]]
    weights = np.array([shot.weight for shot in shots])
    return shots[int(rng.choice(len(shots), p=weights / weights.sum()))]


def _launch(
    sport: Sport, side: int, contact: np.ndarray, shot: Shot, error: bool, rng: np.random.Generator
) -> np.ndarray | None:
    """The launch velocity (3,) whose flight comes closest to the wanted height over the net, or None."""
    width = sport.width / 2 * shot.width
    target = np.array([rng.uniform(-width, width), -side * rng.uniform(*shot.depth), sport.ball_radius])
    apex = rng.uniform(*shot.apex)
    velocities, paths = aim(contact, target, DURATIONS, sport.drag)
    over_net = _net_clearance(sport, paths)
    speed = np.linalg.norm(velocities, axis=-1)
    playable = np.isfinite(speed) & (speed < shot.max_speed)
    if error:
        cost = np.abs(over_net + 0.3)
    else:
        playable &= over_net > NET_MARGIN
        cost = np.abs(paths[..., 2].max(axis=0) - apex) + 0.2 * over_net
    if not playable.any():
        return None
    return velocities[int(np.argmin(np.where(playable, cost, np.inf)))]


def _net_clearance(sport: Sport, paths: np.ndarray) -> np.ndarray:
    """Height over the net's edge `(T,)` where paths `(steps, T, 3)` pass the net."""
    y = paths[..., 1]
    step = np.argmax(np.sign(y[1:]) != np.sign(y[:1]), axis=0)
    lane = np.arange(paths.shape[1])
    before, after = paths[step, lane], paths[step + 1, lane]
    share = before[:, 1] / np.where(before[:, 1] == after[:, 1], np.inf, before[:, 1] - after[:, 1])
    crossing = before + share[:, None] * (after - before)
    return crossing[:, 2] - sport.net_height_at(crossing[:, 0])
