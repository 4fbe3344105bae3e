"""Articulated people: where every limb is, from where a player runs and which stroke is played."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator, interp1d

from tracknet_jax.synthetic.play.play import Play, Player, Stroke

LEG, ARM = 0.445, 0.30  # metres; thigh and shin are equally long, and so are upper arm and forearm
HEAD = (0.15, 0.12)  # metres; half axes of a racket's head, along and across
# The racket arm passes these stages around the contact, in seconds: ready, back, hit, ready.
SWING = np.array([-0.5, -0.2, 0.0, 0.4])
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
class Body:
    """N tapered capsules in the world; `parts` names what colours each."""

    ends: np.ndarray  # (N, 2, 3) metres
    radii: np.ndarray  # (N, 2) metres
    parts: tuple[str, ...]

    @property
    def depth(self) -> float:
        """The world y the person stands at."""
        return float(self.ends[0, 0, 1])


@dataclass(frozen=True)
class Motion:
    """How one player moves over a rally."""

    way: PchipInterpolator  # from seconds to the place (2,), metres
    player: Player
    strokes: list[Stroke]


def motions(play: Play, duration: float) -> list[Motion]:
    """The motion of every player of `play` over `duration` seconds."""
    return [_motion(play, index, duration) for index in range(len(play.players))]


def _motion(play: Play, index: int, duration: float) -> Motion:
    stations = dict(play.stations[index])  # one place a time
    knots = sorted(stations)
    places = [stations[time] for time in knots]
    way = PchipInterpolator([*knots, max(knots[-1], duration) + 1], [*places, places[-1]])
    strokes = [stroke for stroke in play.strokes if stroke.player == index]
    return Motion(way, play.players[index], strokes)


def standing(x: float, y: float, facing: tuple[float, float]) -> Body:
    """A person who stands at a place and looks in the direction `facing`."""
    return _body(_joints(np.zeros(3), 0.0), np.array([x, y, 0.0]), facing, BONES)


def pose(motion: Motion, time: float, length: float) -> Body:
    """The body of a player at `time`; `length` is in metres from the hand to the middle of the racket's head."""
    place, facing = np.array([*motion.way(time), 0.0]), (0.0, -float(motion.player.side))
    axes = _axes(facing)
    joints = _joints(axes @ [*motion.way(time, 1), 0.0], CADENCE * time)
    name = "right" if motion.player.handed > 0 else "left"
    shoulder = joints[f"{name} shoulder"]
    hand, direction = READY * [motion.player.handed, 1, 1]
    stroke = min(motion.strokes, key=lambda stroke: abs(stroke.time - time), default=None)
    if stroke is not None and SWING[0] < time - stroke.time < SWING[-1]:
        contact = axes @ (stroke.contact - place)
        hand, direction = _swing(time - stroke.time, contact, shoulder, hand, direction, length)
    reach = hand - shoulder
    hand = shoulder + reach * min(1.0, 1.96 * ARM / max(float(np.linalg.norm(reach)), 1e-6))
    _arm(joints, name, hand)
    middle, half = hand + _unit(direction) * length, _unit(direction) * HEAD[0]
    joints |= {"throat": middle - half, "tip": middle + half}
    grip = (f"{name} hand", "throat", 0.0, 1.0, 0.018, 0.014, "racket")
    return _body(joints, place, facing, (*BONES, grip, ("throat", "tip", 0.0, 1.0, *HEAD, "head")))


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


def _joints(velocity: np.ndarray, phase: float) -> Joints:
    """Where the joints of a person who runs with `velocity` (3,) are; both hands are before the body."""
    speed = float(np.linalg.norm(velocity))
    going = velocity / max(speed, 0.3)
    pelvis = (0.90 + 0.04 * min(speed, 1.0) * abs(np.sin(phase)) - 0.05 * (speed < 1)) * UP
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
    hit = _unit(contact - shoulder)
    back = np.sign(hit[0] or 1.0) * RIGHT - 0.7 * AHEAD  # forehand or backhand
    hands = [ready, shoulder + 0.35 * back, contact - hit * length, ready]
    stages = interp1d(SWING, [hands, [ready_axis, back, hit, ready_axis]], axis=1)(since)
    return stages[0], stages[1]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _bend(start: np.ndarray, end: np.ndarray, bone: float, pole: np.ndarray) -> np.ndarray:
    """The knee or elbow between two joints: two bones of the length `bone` that bend towards `pole`."""
    half = (end - start) / 2
    direction = _unit(half)
    out = np.sqrt(max(bone**2 - float(half @ half), 0.0))
    return start + half + out * _unit(pole - (pole @ direction) * direction)
