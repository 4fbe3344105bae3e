"""Articulated people: where every limb is, from where a player runs and which stroke is played."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator, interp1d

from tracknet_jax.synthetic.play.play import Play

LEG, ARM = 0.445, 0.30  # metres; thigh and shin are equally long, and so are upper arm and forearm
# The racket arm passes these stages around the contact, in seconds: ready, back, hit, through, ready.
SWING = np.array([-0.5, -0.20, 0.0, 0.14, 0.55])
CADENCE = 10.0  # radians a second of the legs' swing

Joints = dict[str, np.ndarray]

# In a body's own axes (right, ahead, up).
RIGHT, AHEAD, UP = np.eye(3)
READY = np.array([[0.16, 0.38, 1.02], [-0.35, 0.45, 0.75]])  # the right hand, and where the racket points

# The body's tapered capsules: from joint to joint, the share of that way they cover, both radii, the part.
TRUNK = (
    ("left hip", "right hip", 0.15, 0.85, 0.11, 0.11, "shorts"),
    ("pelvis", "chest", 0.0, 0.2, 0.15, 0.135, "shorts"),
    ("left shoulder", "right shoulder", 0.1, 0.9, 0.075, 0.075, "shirt"),
    ("pelvis", "chest", 0.25, 0.94, 0.125, 0.165, "shirt"),
    ("neck", "head", 0.0, 1.0, 0.055, 0.06, "skin"),
    ("head", "crown", -0.1, 0.5, 0.085, 0.095, "skin"),
    ("head", "crown", 0.75, 1.0, 0.098, 0.094, "hair"),
)
SIDE = (
    ("knee", "foot", 0.0, 1.0, 0.062, 0.045, "skin"),
    ("knee", "foot", 0.78, 1.0, 0.05, 0.05, "socks"),
    ("foot", "toe", 0.0, 1.0, 0.055, 0.045, "shoes"),
    ("hip", "knee", 0.0, 0.65, 0.105, 0.088, "shorts"),
    ("hip", "knee", 0.6, 1.0, 0.078, 0.062, "skin"),
    ("elbow", "hand", 0.0, 1.0, 0.045, 0.038, "skin"),
    ("shoulder", "elbow", 0.0, 1.0, 0.058, 0.047, "skin"),
    ("shoulder", "elbow", 0.0, 0.55, 0.078, 0.066, "shirt"),
)
BONES = TRUNK + tuple(
    (f"{side} {start}", f"{side} {end}", *rest) for side in ("left", "right") for start, end, *rest in SIDE
)


@dataclass(frozen=True)
class Racket:
    """Shape of a racket in metres."""

    length: float  # from the hand to the middle of the head
    head: tuple[float, float]  # half axes along and across


RACKETS = {
    "tennis": Racket(0.50, (0.17, 0.13)),
    "badminton": Racket(0.52, (0.14, 0.11)),
    "padel": Racket(0.27, (0.15, 0.13)),
}


@dataclass(frozen=True)
class Body:
    """N tapered capsules in the world; `parts` names what colours each."""

    ends: np.ndarray  # (N, 2, 3) metres
    radii: np.ndarray  # (N, 2) metres
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Motion:
    """How one player moves over a rally."""

    way: PchipInterpolator  # from seconds to the place (2,), metres
    facing: tuple[float, float]
    handed: int  # 1: the racket is in the right hand, -1: in the left
    strokes: np.ndarray  # (S,) contact times
    contacts: np.ndarray  # (S, 3)

    def since_stroke(self, time: float) -> tuple[float, int]:
        """Seconds from the nearest stroke (negative before it, infinite without one), and its number."""
        if not len(self.strokes):
            return np.inf, -1
        nearest = int(np.argmin(np.abs(self.strokes - time)))
        return float(time - self.strokes[nearest]), nearest


def motions(play: Play, duration: float) -> list[Motion]:
    """The motion of every player of `play` over `duration` seconds."""
    return [_motion(play, index, duration) for index in range(len(play.players))]


def _motion(play: Play, index: int, duration: float) -> Motion:
    player = play.players[index]
    stations = dict(play.stations[index])  # one place a time
    knots = sorted(stations)
    places = [stations[time] for time in knots]
    strokes = [stroke for stroke in play.strokes if stroke.player == index]
    return Motion(
        PchipInterpolator([*knots, max(knots[-1], duration) + 1], [*places, places[-1]]),
        (0.0, -float(player.side)),
        player.handed,
        np.array([stroke.time for stroke in strokes]),
        np.array([stroke.contact for stroke in strokes]).reshape(-1, 3),
    )


def standing(x: float, y: float, facing: tuple[float, float]) -> Body:
    """Somebody who stands at a place and looks in the direction `facing`."""
    return _body(_joints(np.zeros(3), 0.0), np.array([x, y, 0.0]), facing, BONES)


def pose(motion: Motion, time: float, racket: Racket) -> Body:
    """The body of a player at `time`, with the racket."""
    place = np.array([*motion.way(time), 0.0])
    axes = _axes(motion.facing)
    velocity = axes @ [*motion.way(time, 1), 0.0]
    since, stroke = motion.since_stroke(time)
    contact = axes @ (motion.contacts[stroke] - place) if SWING[0] < since < SWING[-1] else None
    stretch = 0.0  # 1: the body stretches for an overhead stroke, -1: it bends for a low one
    if contact is not None:
        stretch = max(0.0, 1 - abs(since) / 0.35) * float(np.clip((contact[2] - 1.3) / 0.9, -1, 1))
    joints = _joints(velocity, CADENCE * time, stretch)
    hand, direction = READY * [motion.handed, 1, 1]
    name = "right" if motion.handed > 0 else "left"
    shoulder = joints[f"{name} shoulder"]
    if contact is not None:
        hand, direction = _swing(since, contact, shoulder, hand, direction, racket.length)
    reach = hand - shoulder
    hand = shoulder + reach * min(1.0, 1.96 * ARM / max(float(np.linalg.norm(reach)), 1e-6))
    _arm(joints, name, hand)
    middle, half = hand + _unit(direction) * racket.length, _unit(direction) * racket.head[0]
    joints |= {"throat": middle - half, "tip": middle + half}
    grip = (f"{name} hand", "throat", 0.0, 1.0, 0.018, 0.014, "racket")
    return _body(
        joints, place, motion.facing, (*BONES, grip, ("throat", "tip", 0.0, 1.0, *racket.head, "head"))
    )


def _axes(facing: tuple[float, float]) -> np.ndarray:
    """A body's own axes (3, 3) in the world: right, ahead, up."""
    return np.array([[facing[1], -facing[0], 0], [*facing, 0], [0, 0, 1]])


def _body(joints: Joints, place: np.ndarray, facing: tuple[float, float], bones: tuple) -> Body:
    """The capsules between joints in a body's own axes, put into the world."""
    starts, ends = (np.array([joints[bone[i]] for bone in bones]) for i in (0, 1))
    shares = np.array([bone[2:4] for bone in bones])[..., None]
    own = starts[:, None] + shares * (ends - starts)[:, None]
    radii, parts = np.array([bone[4:6] for bone in bones]), tuple(bone[6] for bone in bones)
    return Body(place + own @ _axes(facing), radii, parts)


def _joints(velocity: np.ndarray, phase: float, stretch: float = 0.0) -> Joints:
    """Where the joints of somebody are who runs with `velocity` (3,), both hands before the body."""
    speed = float(np.linalg.norm(velocity))
    going = velocity / max(speed, 0.3)
    pelvis = (0.90 + 0.10 * stretch + 0.04 * min(speed, 1.0) * abs(np.sin(phase)) - 0.05 * (speed < 1)) * UP
    lean = 0.10 * AHEAD + going * min(speed * 0.035, 0.16)
    chest, neck = pelvis + 0.48 * UP + lean, pelvis + 0.58 * UP + 1.15 * lean
    head = neck + 0.17 * UP + 0.3 * lean
    joints = {"pelvis": pelvis, "chest": chest, "neck": neck, "head": head}
    joints["crown"] = head + 0.07 * UP - 0.02 * AHEAD
    for name, side in (("left", -1), ("right", 1)):
        swing = phase + (0 if side > 0 else np.pi)
        foot = (0.21 if speed < 1 else 0.13) * side * RIGHT + going * min(0.42, 0.14 * speed) * np.sin(swing)
        foot[2] = 0.07 + max(0.0, np.cos(swing)) * min(0.26, 0.07 * speed)
        hip, shoulder = pelvis + 0.10 * side * RIGHT, chest + 0.03 * UP + 0.19 * side * RIGHT
        joints |= {f"{name} hip": hip, f"{name} foot": foot, f"{name} shoulder": shoulder}
        joints |= {
            f"{name} toe": foot + 0.15 * AHEAD - 0.03 * UP,
            f"{name} knee": _bend(hip, foot, LEG, AHEAD),
        }
        pump = 0.22 * np.sin(-swing) * min(speed / 3, 1.0)
        _arm(joints, name, shoulder + 0.10 * side * RIGHT + (0.24 + pump) * AHEAD - 0.30 * UP)
    return joints


def _arm(joints: Joints, name: str, hand: np.ndarray) -> None:
    """Moves a hand, in place."""
    elbow = _bend(joints[f"{name} shoulder"], hand, ARM, -0.6 * UP - 0.4 * AHEAD)
    joints |= {f"{name} hand": hand, f"{name} elbow": elbow}


def _swing(
    since: float,
    contact: np.ndarray,
    shoulder: np.ndarray,
    ready: np.ndarray,
    ready_axis: np.ndarray,
    length: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Hand (3,) and direction (3,) of the racket, which meets the ball at the moment of the stroke."""
    to_ball = contact - shoulder
    across = (np.sign(to_ball[0]) or 1.0) * RIGHT  # forehand or backhand
    high = float(np.clip((contact[2] - 1.3) / 0.6, 0, 1))
    hit = _unit(_unit(to_ball) + 0.25 * AHEAD * (to_ball[2] < 0.3))
    back = _unit(across * (0.8 - 0.5 * high) - 0.7 * AHEAD + (0.2 - 0.5 * high) * UP)
    through = _unit(-0.6 * across + 0.6 * AHEAD + (0.5 - 1.1 * high) * UP)
    back_hand = shoulder + 0.35 * across - 0.25 * AHEAD + (-0.15 + 0.35 * high) * UP
    through_hand = shoulder - 0.35 * across + 0.40 * AHEAD - 0.45 * high * UP
    hands = np.array([ready, back_hand, contact - hit * length, through_hand, ready])
    axes = np.array([_unit(ready_axis), back, hit, through, _unit(ready_axis)])
    stages = interp1d(SWING, np.stack([hands, axes]), axis=1)(since)
    return stages[0], stages[1]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _bend(start: np.ndarray, end: np.ndarray, bone: float, pole: np.ndarray) -> np.ndarray:
    """The knee or elbow between two joints: two bones of the length `bone` that bend towards `pole`."""
    half = (end - start) / 2
    direction = _unit(half)
    out = np.sqrt(max(bone**2 - float(half @ half), 0.0))
    return start + half + out * _unit(pole - (pole @ direction) * direction)
