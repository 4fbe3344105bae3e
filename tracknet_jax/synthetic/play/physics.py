"""Flight of a ball: gravity and quadratic drag (RK4), bounces with restitution and friction, aiming."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import GRAVITY, Sport

TIME_STEP = 1 / 120
AFTER_SECOND_BOUNCE = 0.6
# A thin spherical shell that stops sliding during the impact keeps 3/5 of its tangential speed.
ROLLING_LOSS = 0.4
# What is left of the velocity (x, y, z) behind the impact on a net: it drops to the floor.
NET_LOSS = np.array([0.1, -0.06, 0.2])

NEWTON_STEPS = 8


def acceleration(velocity: np.ndarray, drag: float, lift: float) -> np.ndarray:
    """Gravity, drag and lift for velocities `(..., 3)` in m/s; `drag` and `lift` in 1/m.

    The Magnus force of topspin (lift > 0) is square to the velocity in the vertical plane, downwards for a
    level flight; backspin (lift < 0) carries the ball.
    """
    speed = np.sqrt(np.einsum("...i,...i->...", velocity, velocity))[..., None]
    result = -drag * speed * velocity
    result[..., 2] -= GRAVITY
    if lift:
        level = np.hypot(velocity[..., :1], velocity[..., 1:2])
        ahead = velocity[..., :2] / np.maximum(level, 1e-9)
        result[..., :2] += lift * speed * velocity[..., 2:] * ahead
        result[..., 2:] -= lift * speed * level
    return result


def rk4_step(
    position: np.ndarray, velocity: np.ndarray, dt, drag: float, lift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """One Runge-Kutta step of `dt` seconds (a number, or an array that broadcasts over `(..., 3)`)."""
    a1 = acceleration(velocity, drag, lift)
    v2 = velocity + a1 * (dt / 2)
    a2 = acceleration(v2, drag, lift)
    v3 = velocity + a2 * (dt / 2)
    a3 = acceleration(v3, drag, lift)
    v4 = velocity + a3 * dt
    a4 = acceleration(v4, drag, lift)
    new_position = position + (velocity + 2 * v2 + 2 * v3 + v4) * (dt / 6)
    return new_position, velocity + (a1 + 2 * a2 + 2 * a3 + a4) * (dt / 6)


def bounce(velocity: np.ndarray, axis: int, restitution: float, friction: float) -> np.ndarray:
    """Velocity behind the impact on a plane perpendicular to `axis`: restitution along the normal,
    Coulomb friction along the plane until the ball rolls (no spin before)."""
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
    """A piece of the ball's path between two strokes, sampled; an impact has two rows of the same time."""

    times: np.ndarray  # (N,) seconds, ascending
    positions: np.ndarray  # (N, 3)
    velocities: np.ndarray  # (N, 3)
    events: tuple[Event, ...]

    @property
    def start(self) -> float:
        return float(self.times[0])

    @property
    def end(self) -> float:
        return float(self.times[-1])

    def at(self, times: np.ndarray) -> np.ndarray:
        """Positions `(..., 3)` at `times`, by cubic Hermite interpolation; NaN outside the flight."""
        row = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, len(self.times) - 2)
        dt = np.maximum(self.times[row + 1] - self.times[row], 1e-9)
        s = ((times - self.times[row]) / dt)[..., None]
        p0, p1 = self.positions[row], self.positions[row + 1]
        m0, m1 = self.velocities[row] * dt[..., None], self.velocities[row + 1] * dt[..., None]
        cubic = p0 + s * (m0 + s * (3 * (p1 - p0) - 2 * m0 - m1 + s * (2 * (p0 - p1) + m0 + m1)))
        inside = (times >= self.start) & (times <= self.end)
        return np.where(inside[..., None], cubic, np.nan)

    def until(self, time: float) -> "Flight":
        """The part before `time`."""
        keep = self.times < time - 1e-9
        end = np.array([time])
        # The velocity of the last row only shapes the interpolation of the last short interval.
        position = self.at(end)
        velocity = (position - self.at(end - 1e-4)) / 1e-4
        return Flight(
            np.append(self.times[keep], time),
            np.concatenate([self.positions[keep], position]),
            np.concatenate([self.velocities[keep], velocity]),
            tuple(event for event in self.events if event.time < time),
        )


def fly(
    sport: Sport,
    start: np.ndarray,
    velocity: np.ndarray,
    time: float,
    longest: float = 5.0,
    lift: float = 0.0,
) -> Flight:
    """Simulates the ball of `sport` from `start` (3,) with `velocity` (3,) at `time`.

    `lift` is that of the stroke's spin, which the first impact takes away. The flight ends `longest` seconds
    later, or `AFTER_SECOND_BOUNCE` seconds after the second bounce.
    """
    surfaces = _surfaces(sport)
    position, velocity = np.asarray(start, float), np.asarray(velocity, float)
    rows, events = [(time, position, velocity)], []
    end = time + longest
    while time < end - 1e-9:
        dt = min(TIME_STEP, end - time)
        hit = _first_impact(sport, surfaces, position, velocity, dt, lift)
        if hit is not None:
            dt = hit[0]
        position, velocity = rk4_step(position, velocity, dt, sport.drag, lift)
        time += dt
        rows.append((time, position, velocity))
        if hit is not None:
            position, velocity, kind = _after_impact(sport, hit[1], position, velocity)
            lift = 0.0
            events.append(Event(time, kind, position))
            rows.append((time, position, velocity))
            if sum(event.kind == "ground" for event in events) == 2 and kind == "ground":
                end = min(end, time + AFTER_SECOND_BOUNCE)
    times, positions, velocities = (np.array(column) for column in zip(*rows, strict=True))
    return Flight(times, positions, velocities, tuple(events))


Surface = tuple[str, int, float, float]  # kind, axis, sign of the free side, offset


def _surfaces(sport: Sport) -> list[Surface]:
    radius = sport.ball_radius
    surfaces: list[Surface] = [("ground", 2, 1.0, radius)]
    if sport.walls:
        for axis, half in ((0, sport.width / 2), (1, sport.length / 2)):
            surfaces += [("wall", axis, sign, -sign * (half - radius)) for sign in (1.0, -1.0)]
    return surfaces


def _first_impact(sport, surfaces, position, velocity, dt, lift) -> tuple[float, Surface] | None:
    """Time within `dt` until the earliest impact, and on what."""
    after, _ = rk4_step(position, velocity, dt, sport.drag, lift)
    impacts = []
    for surface in surfaces:
        _, axis, sign, offset = surface
        if sign * (after[axis] - offset) < 0 and sign * velocity[axis] <= 0:
            impacts.append((_crossing(sport, position, velocity, dt, lift, axis, offset), surface))
    if position[1] * after[1] < 0:
        time = _crossing(sport, position, velocity, dt, lift, 1, 0.0)
        x, _, z = rk4_step(position, velocity, time, sport.drag, lift)[0]
        low = sport.net_bottom < z < sport.net_height_at(x) + sport.ball_radius
        if low and abs(x) < sport.net_width / 2:
            impacts.append((time, ("net", 1, float(np.sign(position[1])), 0.0)))
    return min(impacts, key=lambda impact: impact[0], default=None)


def _crossing(sport, position, velocity, dt, lift, axis: int, offset: float) -> float:
    """Time at which a coordinate passes `offset`: regula falsi on the integrator itself."""
    low, high = 0.0, dt
    before = position[axis] - offset
    after = rk4_step(position, velocity, dt, sport.drag, lift)[0][axis] - offset
    middle = high
    for _ in range(5):
        if before == after:
            break
        middle = low + (high - low) * before / (before - after)
        value = rk4_step(position, velocity, middle, sport.drag, lift)[0][axis] - offset
        if value * before > 0:
            low, before = middle, value
        else:
            high, after = middle, value
    return float(np.clip(middle, 1e-6, dt))


def _after_impact(sport, surface: Surface, position, velocity) -> tuple[np.ndarray, np.ndarray, str]:
    kind, axis, sign, offset = surface
    position = position.copy()
    if kind == "net":
        position[1] = sign * 1e-3  # stay on this side
        return position, velocity * NET_LOSS, kind
    position[axis] = offset
    after = bounce(velocity, axis, sport.restitution, sport.friction)
    if kind == "ground" and after[2] < 0.15:
        after[2] = 0.0
        position[2] += 1e-4
    return position, after, kind


def aim(
    start: np.ndarray,
    target: np.ndarray,
    durations: np.ndarray,
    drag: float,
    lift: float = 0.0,
    steps: int = 40,
):
    """Launch velocities that lead from `start` (3,) to `target` (3,) in each of `durations` (T,) seconds.

    Newton's method on the vertical plane through both points, all durations at once, from the drag-free
    solution; `lift` is that of the spin. Returns velocities `(T, 3)` and the paths `(steps + 1, T, 3)`;
    velocities of lanes that did not converge are NaN.
    """
    offset = target[:2] - start[:2]
    distance = np.linalg.norm(offset)
    goal = np.array([distance, target[2] - start[2]])
    guess = np.stack([goal[0] / durations, goal[1] / durations + GRAVITY * durations / 2], axis=-1)
    guess[:, 0] *= np.exp(np.minimum(drag * distance / 2, 3.0))
    nudge = np.eye(2) * 1e-3
    for _ in range(NEWTON_STEPS):
        lanes = np.stack([guess, guess + nudge[0], guess + nudge[1]])  # (3, T, 2)
        ends = _planar_paths(lanes, durations, drag, lift, steps)[-1]
        jacobian = np.stack([ends[1] - ends[0], ends[2] - ends[0]], axis=-1) / 1e-3
        jacobian += np.eye(2) * 1e-9
        update = np.linalg.solve(jacobian, (goal - ends[0])[..., None])[..., 0]
        size = np.linalg.norm(update, axis=-1, keepdims=True)
        guess = guess + update * np.minimum(1.0, 20.0 / np.maximum(size, 1e-9))
    paths = _planar_paths(guess[None], durations, drag, lift, steps)[:, 0]
    missed = ~(np.linalg.norm(paths[-1] - goal, axis=-1) < 1e-3)
    direction = offset / max(distance, 1e-9)
    velocities = np.concatenate([guess[:, :1] * direction, guess[:, 1:]], axis=-1)
    positions = np.concatenate([start[:2] + paths[..., :1] * direction, start[2] + paths[..., 1:]], axis=-1)
    velocities[missed] = np.nan
    return velocities, positions


def _planar_paths(
    velocity: np.ndarray, durations: np.ndarray, drag: float, lift: float, steps: int
) -> np.ndarray:
    """Paths `(steps + 1, ..., T, 2)` (along the plane, up) from the origin with velocities `(..., T, 2)`."""
    v = np.stack([velocity[..., 0], np.zeros_like(velocity[..., 0]), velocity[..., 1]], axis=-1)
    p = np.zeros_like(v)
    dt = (durations / steps)[:, None]
    path = [p]
    for _ in range(steps):
        p, v = rk4_step(p, v, dt, drag, lift)
        path.append(p)
    return np.stack(path)[..., [0, 2]]
