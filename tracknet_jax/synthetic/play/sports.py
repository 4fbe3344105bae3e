"""The three sports as data: ball, court, net, walls and the strokes that are played. SI units.

World axes: x to the right, y away from the camera, z up; the net stands in the plane y = 0.
"""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.utils.errors import UserError

GRAVITY = 9.81


@dataclass(frozen=True)
class Shot:
    """One kind of stroke: where it is aimed at and how high it goes."""

    weight: float
    depth: tuple[float, float]  # metres behind the net of the landing point
    apex: tuple[float, float]  # wanted highest point, metres above the floor; 0 plays as flat as the net lets
    min_height: float = 0.0  # lowest contact point it can be played from
    max_speed: float = 45.0
    width: float = 0.78  # share of the court's width that is aimed at


@dataclass(frozen=True)
class Sport:
    """What differs between the sports, apart from how they are drawn."""

    name: str
    length: float
    width: float
    net_width: float
    net_height: tuple[float, float]  # in the middle, at the posts
    restitution: float
    friction: float
    racket: float  # metres from the hand to the middle of the racket's head
    base_depth: float  # where a player waits, metres behind the net
    reach: tuple[float, float]  # heights at which the ball is hit
    liked_height: float  # where players like best to hit it
    runback: float  # metres behind the baseline in which players still play
    serve_height: float
    serve_depth: float  # metres behind the net
    serve: Shot
    shots: tuple[Shot, ...]
    net_bottom: float = 0.0
    ball_radius: float = 0.0335
    discs: tuple[tuple[float, float], ...] = ((0.0, 0.0335),)  # the ball's look: (metres ahead, radius)
    opacity: float = 1.0
    terminal_speed: float = 22.0  # m/s of a ball that falls for long
    team: int = 1  # players a side
    walls: bool = False

    @property
    def drag(self) -> float:
        """Coefficient of quadratic drag, 1/m: a = -drag |v| v balances gravity at the terminal speed."""
        return GRAVITY / self.terminal_speed**2

    def net_height_at(self, x: float | np.ndarray) -> np.ndarray:
        """Height of the net's upper edge, which sags towards the middle."""
        middle, post = self.net_height
        return middle + (post - middle) * np.minimum(np.abs(x) / (self.net_width / 2), 1.0)


TENNIS = Sport(
    name="tennis",
    length=23.77,
    width=10.97,
    net_width=12.8,
    net_height=(0.914, 1.07),
    restitution=0.74,
    friction=0.55,
    racket=0.50,
    base_depth=12.4,
    reach=(0.35, 1.6),
    liked_height=0.95,
    runback=4.0,
    serve_height=2.75,
    serve_depth=12.05,
    serve=Shot(weight=1.0, depth=(4.2, 6.2), apex=(0.0, 0.0), max_speed=60.0, width=0.42),
    shots=(
        Shot(weight=0.84, depth=(7.0, 11.2), apex=(1.2, 2.4)),
        Shot(weight=0.07, depth=(9.0, 11.3), apex=(5.0, 7.5)),
        Shot(weight=0.09, depth=(2.5, 5.5), apex=(1.3, 2.0)),
    ),
)

BADMINTON = Sport(
    name="badminton",
    length=13.4,
    width=6.1,
    net_width=6.1,
    net_height=(1.524, 1.55),
    net_bottom=0.79,
    ball_radius=0.033,
    discs=((-0.022, 0.032), (0.004, 0.025), (0.026, 0.019), (0.054, 0.014)),
    opacity=0.65,  # light shines through the feathers
    terminal_speed=6.8,
    restitution=0.15,
    friction=0.6,
    racket=0.52,
    base_depth=3.6,
    reach=(0.3, 2.7),
    liked_height=2.3,
    runback=0.8,
    serve_height=1.1,
    serve_depth=2.4,
    serve=Shot(weight=1.0, depth=(5.6, 6.5), apex=(3.8, 5.4), max_speed=75.0),
    shots=(
        Shot(weight=0.30, depth=(5.4, 6.5), apex=(3.8, 5.8), max_speed=75.0),
        Shot(weight=0.24, depth=(3.0, 6.0), apex=(0.0, 0.0), min_height=2.0, max_speed=90.0),
        Shot(weight=0.20, depth=(1.2, 2.6), apex=(1.7, 2.5)),
        Shot(weight=0.26, depth=(4.0, 6.4), apex=(1.7, 3.5), max_speed=75.0),
    ),
)

PADEL = Sport(
    name="padel",
    length=20.0,
    width=10.0,
    net_width=10.0,
    net_height=(0.88, 0.92),
    restitution=0.76,
    friction=0.5,
    team=2,
    walls=True,
    racket=0.27,
    base_depth=6.8,
    reach=(0.3, 2.2),
    liked_height=0.95,
    runback=0.0,
    serve_height=0.8,
    serve_depth=7.0,
    serve=Shot(weight=1.0, depth=(4.0, 6.6), apex=(1.2, 1.7), max_speed=25.0),
    shots=(
        Shot(weight=0.55, depth=(5.5, 9.6), apex=(0.6, 1.4), max_speed=36.0),
        Shot(weight=0.22, depth=(6.5, 9.2), apex=(4.5, 6.5)),
        Shot(weight=0.30, depth=(5.5, 9.0), apex=(0.0, 0.0), min_height=1.5, max_speed=42.0),
        Shot(weight=0.15, depth=(2.5, 5.5), apex=(1.3, 2.2)),
    ),
)

SPORTS = {sport.name: sport for sport in (TENNIS, BADMINTON, PADEL)}


def sport_named(name: str) -> Sport:
    """The sport of that name; raises `UserError` with the known names."""
    if name not in SPORTS:
        raise UserError(f"unknown sport {name!r}: choose from {', '.join(SPORTS)}")
    return SPORTS[name]
