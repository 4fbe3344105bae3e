"""Articulated players: where every joint is, from where the player runs and which stroke is played."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.play import Play

UP = np.array([0.0, 0.0, 1.0])
THIGH, SHIN, UPPER_ARM, FOREARM = 0.44, 0.45, 0.30, 0.30
SWING_BEFORE, SWING_AFTER = 0.5, 0.55  # seconds around the contact in which the arm follows the stroke
STEP_LENGTH = 1.1  # metres run in one stride cycle and radian of phase pi


@dataclass(frozen=True)
class Racket:
    """Shape of a racket in metres."""

    length: float  # from the hand to the middle of the head
    head: tuple[float, float]  # half axes along and across
    solid: bool


RACKETS = {
    "tennis": Racket(0.50, (0.17, 0.13), False),
    "badminton": Racket(0.52, (0.14, 0.11), False),
    "padel": Racket(0.27, (0.15, 0.13), True),
}


@dataclass(frozen=True)
class Limb:
    """A tapered capsule between two joints; `part` names what colours it."""

    start: np.ndarray  # (3,)
    end: np.ndarray  # (3,)
    radii: tuple[float, float]
    part: str


@dataclass(frozen=True)
class Motion:
    """The whole way of one player over a clip, sampled so that a pose needs only look-ups."""

    times: np.ndarray  # (N,)
    places: np.ndarray  # (N, 2)
    velocities: np.ndarray  # (N, 2)
    phases: np.ndarray  # (N,) of the stride
    facing: np.ndarray  # (2,) towards the net
    handed: int
    strokes: np.ndarray  # (S,) contact times
    contacts: np.ndarray  # (S, 3)


def motions(play: Play, duration: float) -> list[Motion]:
    """The motion of every player of `play` over `duration` seconds."""
    return [_motion(play, index, duration) for index in range(len(play.players))]


def _motion(play: Play, index: int, duration: float) -> Motion:
    player = play.players[index]
    stations = sorted(play.stations[index], key=lambda station: station[0])
    knots = np.array([time for time, _ in stations])
    places = np.array([place for _, place in stations])
    times = np.arange(-0.2, duration + 0.2, 1 / 60)
    way = _ease(times, knots, places)
    velocities = np.gradient(way, times, axis=0)
    speed = np.linalg.norm(velocities, axis=-1)
    strokes = [stroke for stroke in play.strokes if stroke.player == index]
    return Motion(
        times,
        way,
        velocities,
        np.cumsum(speed / 60) / STEP_LENGTH * np.pi * 1.6,
        np.array([0.0, -float(player.side)]),
        player.handed,
        np.array([stroke.time for stroke in strokes]),
        np.array([stroke.contact for stroke in strokes]).reshape(-1, 3),
    )


def _ease(times: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolates `values (K, D)` given at `knots`, starting and stopping softly at each."""
    row = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(knots) - 2) if len(knots) > 1 else 0
    if len(knots) == 1:
        return np.repeat(values, len(times), axis=0)
    share = np.clip((times - knots[row]) / np.maximum(knots[row + 1] - knots[row], 1e-6), 0, 1)
    share = (share * share * (3 - 2 * share))[:, None]
    return values[row] * (1 - share) + values[row + 1] * share


def pose(motion: Motion, time: float, racket: Racket) -> list[Limb]:
    """The limbs of a player at `time`, racket included."""
    place = np.array([np.interp(time, motion.times, motion.places[:, i]) for i in (0, 1)])
    velocity = np.array([np.interp(time, motion.times, motion.velocities[:, i]) for i in (0, 1)])
    phase = float(np.interp(time, motion.times, motion.phases))
    forward = np.array([*motion.facing, 0.0])
    right = np.cross(forward, UP)
    speed = float(np.linalg.norm(velocity))
    going = np.array([*velocity, 0.0]) / max(speed, 0.3)
    stretch = _stroke_height(motion, time)
    pelvis = np.array([*place, 0.90 + 0.04 * min(speed, 1.0) * abs(np.sin(phase)) + 0.10 * max(stretch, 0.0)])
    pelvis[2] -= 0.10 * max(-stretch, 0.0) + 0.05 * (speed < 1.0)
    lean = 0.10 * forward + going * min(speed * 0.035, 0.16)
    chest = pelvis + 0.48 * UP + lean
    neck = pelvis + 0.58 * UP + 1.15 * lean
    head = neck + 0.17 * UP + 0.3 * lean
    limbs = _legs(pelvis, right, forward, going, speed, phase)
    limbs += [
        Limb(pelvis - 0.07 * right, pelvis + 0.07 * right, (0.11, 0.11), "shorts"),
        Limb(pelvis, pelvis + 0.10 * UP, (0.15, 0.135), "shorts"),
        Limb(chest + 0.03 * UP - 0.15 * right, chest + 0.03 * UP + 0.15 * right, (0.075, 0.075), "shirt"),
        Limb(pelvis + 0.12 * UP, chest - 0.03 * UP, (0.125, 0.165), "shirt"),
        Limb(neck, head, (0.055, 0.06), "skin"),
        Limb(head - 0.01 * UP, head + 0.04 * UP, (0.085, 0.095), "skin"),
        Limb(head + 0.05 * UP - 0.03 * forward, head + 0.07 * UP - 0.02 * forward, (0.098, 0.094), "hair"),
    ]
    return limbs + _arms(motion, time, place, chest, right, forward, phase, speed, racket)


def _stroke_height(motion: Motion, time: float) -> float:
    """How far the body stretches (1, an overhead) or bends (-1) for a stroke at `time`."""
    if not len(motion.strokes):
        return 0.0
    row = int(np.argmin(np.abs(motion.strokes - time)))
    near = max(0.0, 1 - abs(motion.strokes[row] - time) / 0.35)
    return near * float(np.clip((motion.contacts[row, 2] - 1.3) / 0.9, -1, 1))


def _legs(pelvis, right, forward, going, speed, phase) -> list[Limb]:
    limbs = []
    width = 0.21 if speed < 1.0 else 0.13
    reach = min(0.42, 0.14 * speed)
    for side in (-1, 1):
        swing = phase + (0 if side > 0 else np.pi)
        hip = pelvis + 0.10 * side * right
        foot = np.array([*pelvis[:2], 0.0]) + side * width * right + going * reach * np.sin(swing)
        foot[2] = 0.07 + max(0.0, np.cos(swing)) * min(0.26, 0.07 * speed)
        knee = _joint(hip, foot, THIGH, SHIN, forward)
        toe = foot + 0.15 * forward - 0.03 * UP
        limbs += [
            Limb(knee, foot, (0.062, 0.045), "skin"),
            Limb(foot + 0.10 * (knee - foot) / SHIN, foot, (0.05, 0.05), "socks"),
            Limb(foot - 0.01 * UP, toe, (0.055, 0.045), "shoes"),
            Limb(hip, hip * 0.35 + knee * 0.65, (0.105, 0.088), "shorts"),
            Limb(hip * 0.4 + knee * 0.6, knee, (0.078, 0.062), "skin"),
        ]
    return limbs


def _arms(motion, time, place, chest, right, forward, phase, speed, racket) -> list[Limb]:
    side = motion.handed
    shoulder = chest + 0.03 * UP + 0.19 * side * right
    hand, head = _racket_arm(motion, time, place, shoulder, right, forward, racket)
    other = chest + 0.03 * UP - 0.19 * side * right
    pump = 0.22 * np.sin(phase) * min(speed / 3, 1.0)
    free = other - 0.10 * side * right + (0.24 + pump) * forward - 0.30 * UP
    limbs = []
    for start, end in ((other, free), (shoulder, hand)):
        elbow = _joint(start, end, UPPER_ARM, FOREARM, -0.6 * UP - 0.4 * forward)
        limbs += [
            Limb(elbow, end, (0.045, 0.038), "skin"),
            Limb(start, elbow, (0.058, 0.047), "skin"),
            Limb(start, start * 0.45 + elbow * 0.55, (0.078, 0.066), "shirt"),
        ]
    axis = (head - hand) / max(np.linalg.norm(head - hand), 1e-6)
    limbs.append(Limb(hand, head - axis * racket.head[0], (0.018, 0.014), "racket"))
    limbs.append(Limb(head - axis * racket.head[0], head + axis * racket.head[0], racket.head, "head"))
    return limbs


def _racket_arm(motion, time, place, shoulder, right, forward, racket):
    """Hand and racket head: ready, taken back, at the ball at the very moment of the stroke, through."""
    side = motion.handed
    root = np.array([*place, 0.0])
    ready = root + 0.16 * side * right + 0.38 * forward + 1.02 * UP
    ready_axis = _unit(-0.35 * side * right + 0.45 * forward + 0.75 * UP)
    hand, axis = ready, ready_axis
    if len(motion.strokes):
        row = int(np.argmin(np.abs(motion.strokes - time)))
        since = time - motion.strokes[row]
        if -SWING_BEFORE < since < SWING_AFTER:
            contact = motion.contacts[row]
            hand, axis = _swing(since, ready, ready_axis, contact, shoulder, right, forward, side, racket)
    reach = hand - shoulder
    length = float(np.linalg.norm(reach))
    hand = shoulder + reach * min(1.0, 0.98 * (UPPER_ARM + FOREARM) / max(length, 1e-6))
    return hand, hand + axis * racket.length


def _swing(since, ready, ready_axis, contact, shoulder, right, forward, side, racket):
    to_ball = contact - shoulder
    hit_axis = _unit(_unit(to_ball) + 0.25 * forward * (to_ball[2] < 0.3))
    hit_hand = contact - hit_axis * racket.length
    across = np.sign(to_ball @ right) or side  # forehand or backhand
    high = float(np.clip((contact[2] - 1.3) / 0.6, 0, 1))
    back_axis = _unit(across * right * (0.8 - 0.5 * high) - 0.7 * forward + (0.2 - 0.5 * high) * UP)
    back_hand = shoulder + 0.35 * across * right - 0.25 * forward + (-0.15 + 0.35 * high) * UP
    through_axis = _unit(-0.6 * across * right + 0.6 * forward + (0.5 - 1.1 * high) * UP)
    through_hand = shoulder - 0.35 * across * right + 0.40 * forward + (0.0 - 0.45 * high) * UP
    knots = np.array([-SWING_BEFORE, -0.20, 0.0, 0.14, SWING_AFTER])
    hands = np.stack([ready, back_hand, hit_hand, through_hand, ready])
    axes = np.stack([ready_axis, back_axis, hit_axis, through_axis, ready_axis])
    hand = np.array([np.interp(since, knots, hands[:, i]) for i in range(3)])
    return hand, _unit(np.array([np.interp(since, knots, axes[:, i]) for i in range(3)]))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _joint(start: np.ndarray, end: np.ndarray, first: float, second: float, pole: np.ndarray) -> np.ndarray:
    """The knee or elbow between two joints: two bones of given lengths, bent towards `pole`."""
    way = end - start
    length = float(np.clip(np.linalg.norm(way), 1e-3, (first + second) * 0.999))
    direction = _unit(way)
    along = (first**2 - second**2 + length**2) / (2 * length)
    out = np.sqrt(max(first**2 - along**2, 0.0))
    bend = pole - (pole @ direction) * direction
    return start + along * direction + out * _unit(bend)
