"""The flight of a ball: gravity and drag; impacts on floor, walls and net; aiming."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import OdeSolution, solve_ivp

from tracknet_jax.synthetic.play.sports import GRAVITY, Sport

AFTER_SECOND_BOUNCE = 0.6  # seconds a ball stays on the court after its second bounce
# A thin spherical shell that stops sliding during the impact keeps 3/5 of its tangential speed.
ROLLING_LOSS = 0.4
# Shares of the velocity (x, y, z) that a ball keeps when it hits the net: it drops to the floor.
NET_LOSS = np.array([0.1, -0.06, 0.2])
TOLERANCES = {"rtol": 1e-7, "atol": 1e-8}  # of the integrator
NEWTON_STEPS = 8
AIM_STEPS = 40  # points of an aimed path


def acceleration(velocity: np.ndarray, drag: float) -> np.ndarray:
    """Acceleration in m/s^2 at velocities `(..., D)` in m/s whose last axis points up; `drag` is in 1/m."""
    result = -drag * np.linalg.norm(velocity, axis=-1, keepdims=True) * velocity
    result[..., -1] -= GRAVITY
    return result


def bounce(velocity: np.ndarray, axis: int, restitution: float, friction: float) -> np.ndarray:
    """Velocity (3,) after an impact on a plane perpendicular to `axis`.

    Restitution acts along the normal, Coulomb friction along the plane until the ball rolls.
    """
    after = velocity.copy()
    after[axis] *= -restitution
    tangent = velocity.copy()
    tangent[axis] = 0.0
    speed = np.linalg.norm(tangent)
    if speed > 0:
        loss = min(friction * (1 + restitution) * abs(velocity[axis]), ROLLING_LOSS * speed)
        after -= tangent * (loss / speed)
    return after


@dataclass(frozen=True)
class Event:
    """An impact during a flight: `kind` is "ground", "wall" or "net"."""

    time: float
    kind: str
    position: np.ndarray  # (3,)


@dataclass(frozen=True)
class Flight:
    """The ball's path between two strokes."""

    path: OdeSolution  # from seconds to (6,): position and velocity
    start: float
    end: float
    events: tuple[Event, ...]

    def at(self, times: np.ndarray) -> np.ndarray:
        """Positions `(N, 3)` at `times` (N,) of the flight."""
        return self.path(times).T[:, :3]

    def until(self, time: float) -> "Flight":
        """The part before `time`."""
        return replace(self, end=time, events=tuple(event for event in self.events if event.time < time))


def fly(sport: Sport, start: np.ndarray, velocity: np.ndarray, time: float, longest: float = 5.0) -> Flight:
    """Simulates the ball of `sport` from `start` (3,) with `velocity` (3,) at `time`.

    The flight ends `longest` seconds later, or `AFTER_SECOND_BOUNCE` seconds after the second bounce.
    """

    def fall(_, state: np.ndarray) -> np.ndarray:
        return np.concatenate([state[3:], acceleration(state[3:], sport.drag)])

    state, now, end = np.concatenate([start, velocity]), time, time + longest
    knots, pieces = [np.array([time])], []
    events: list[Event] = []
    while now < end:
        surfaces = _surfaces(sport, state)
        piece = solve_ivp(fall, (now, end), state, events=surfaces, dense_output=True, **TOLERANCES)
        knots.append(piece.sol.ts[1:])
        pieces += piece.sol.interpolants
        now, state = float(piece.t[-1]), piece.y[:, -1]
        for surface, hits in zip(surfaces, piece.t_events, strict=True):
            after = _strike(sport, surface, state) if len(hits) else None
            if after is not None:
                state = after
                events.append(Event(now, surface.kind, state[:3]))
                if [event.kind for event in events].count("ground") == 2:
                    end = min(end, now + AFTER_SECOND_BOUNCE)
    return Flight(OdeSolution(np.concatenate(knots), pieces), time, now, tuple(events))


class _Surface:
    """A plane that the ball reaches from one side; it is an event of the integrator."""

    terminal, direction = True, -1

    def __init__(self, kind: str, axis: int, side: float, offset: float):
        self.kind, self.axis, self.side, self.offset = kind, axis, side, offset

    def __call__(self, _, state: np.ndarray) -> float:
        """Distance of the ball's centre."""
        return self.side * (state[self.axis] - self.offset)


def _surfaces(sport: Sport, state: np.ndarray) -> list[_Surface]:
    """The plane of the net, the floor and, where the court has them, the four walls."""
    radius = sport.ball_radius
    # A ball in the plane of the net has passed it, or it would be stopped there again and again.
    side = float(np.sign(state[4] if abs(state[1]) < 1e-6 else state[1]))
    surfaces = [_Surface("net", 1, side, 0.0), _Surface("ground", 2, 1.0, radius)]
    if sport.walls:
        for axis, half in ((0, sport.width / 2), (1, sport.length / 2)):
            surfaces += [_Surface("wall", axis, side, -side * (half - radius)) for side in (1.0, -1.0)]
    return surfaces


def _strike(sport: Sport, surface: _Surface, state: np.ndarray) -> np.ndarray | None:
    """The state (6,) after the impact; None where the ball passes over, under or beside the net."""
    position, velocity = state[:3].copy(), state[3:]
    if surface.kind == "net":
        x, _, z = position
        top = sport.net_height_at(x) + sport.ball_radius
        if abs(x) > sport.net_width / 2 or not sport.net_bottom < z < top:
            return None
        position[1] = surface.side * 1e-3  # the ball stays on this side
        return np.concatenate([position, velocity * NET_LOSS])
    position[surface.axis] = surface.offset
    after = bounce(velocity, surface.axis, sport.restitution, sport.friction)
    if surface.kind == "ground" and after[2] < 0.15:  # it rolls: tiny hops instead of ever more impacts
        after[2] = 0.0
        position[2] += 1e-3
    return np.concatenate([position, after])


def aim(
    start: np.ndarray, target: np.ndarray, durations: np.ndarray, drag: float
) -> tuple[np.ndarray, np.ndarray]:
    """Launch velocities `(T, 3)` that lead from `start` (3,) to `target` (3,) in `durations` (T,) seconds.

    Newton's method in the vertical plane through both points, for all durations at once, starting from the
    solution without drag. Also returns the paths `(AIM_STEPS + 1, T, 3)`. A velocity is NaN where the method
    did not converge.
    """
    offset = target[:2] - start[:2]
    distance = np.linalg.norm(offset)
    goal = np.array([distance, target[2] - start[2]])
    guess = np.stack([goal[0] / durations, goal[1] / durations + GRAVITY * durations / 2], axis=-1)
    guess[:, 0] *= np.exp(np.minimum(drag * distance / 2, 3.0))
    nudge = np.array([[0, 0], [1e-3, 0], [0, 1e-3]])[:, None]
    for _ in range(NEWTON_STEPS):
        ends = _planar_paths(guess + nudge, durations, drag)[-1]  # (3, T, 2)
        jacobian = np.stack([ends[1] - ends[0], ends[2] - ends[0]], axis=-1) / 1e-3 + np.eye(2) * 1e-9
        update = np.linalg.solve(jacobian, (goal - ends[0])[..., None])[..., 0]
        size = np.linalg.norm(update, axis=-1, keepdims=True)
        guess = guess + update * np.minimum(1.0, 20.0 / np.maximum(size, 1e-9))
    paths = _planar_paths(guess, durations, drag)
    direction = offset / max(distance, 1e-9)
    velocities = np.concatenate([guess[:, :1] * direction, guess[:, 1:]], axis=-1)
    positions = np.concatenate([start[:2] + paths[..., :1] * direction, start[2] + paths[..., 1:]], axis=-1)
    velocities[~(np.linalg.norm(paths[-1] - goal, axis=-1) < 1e-3)] = np.nan
    return velocities, positions


def _planar_paths(velocity: np.ndarray, durations: np.ndarray, drag: float) -> np.ndarray:
    """Paths `(AIM_STEPS + 1, ..., T, 2)` (ahead, up) from the origin with velocities `(..., T, 2)`."""
    start = np.stack([np.zeros_like(velocity), velocity])

    def motion(_, flat: np.ndarray) -> np.ndarray:
        _, moving = flat.reshape(start.shape)
        return (durations[:, None] * np.stack([moving, acceleration(moving, drag)])).ravel()

    shares = np.linspace(0, 1, AIM_STEPS + 1)  # of the durations
    paths = solve_ivp(motion, (0, 1), start.ravel(), t_eval=shares, **TOLERANCES).y
    return paths.T.reshape(-1, *start.shape)[:, 0]
