"""Colours and light of one rally, drawn from its seed."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport

RGB = tuple[int, int, int]
Kit = dict[str, np.ndarray]  # the sRGB colour (3,) of every part of a person

# (playing surface, surround) pairs in sRGB.
SURFACES: dict[str, tuple[tuple[RGB, RGB], ...]] = {
    "tennis": (
        ((38, 84, 140), (60, 128, 92)),  # blue on green
        ((98, 78, 150), (96, 160, 72)),  # purple on green
        ((186, 106, 66), (180, 98, 60)),  # clay
        ((78, 124, 62), (70, 114, 56)),  # grass
    ),
    "badminton": (
        ((58, 158, 92), (34, 62, 150)),
        ((70, 128, 100), (188, 34, 40)),
        ((40, 120, 74), (36, 94, 140)),
    ),
    "padel": (
        ((28, 92, 176), (34, 40, 48)),
        ((46, 126, 84), (44, 48, 46)),
        ((70, 66, 132), (36, 36, 44)),
        ((178, 92, 58), (46, 44, 44)),
    ),
}
BALLS: dict[str, tuple[RGB, ...]] = {
    "tennis": ((214, 236, 92), (224, 240, 128), (232, 240, 160)),
    "badminton": ((226, 226, 220), (206, 208, 206), (190, 192, 192)),
    "padel": ((220, 238, 96), (226, 242, 132)),
}
KITS: tuple[RGB, ...] = (
    (238, 238, 240), (30, 34, 44), (200, 44, 52), (40, 90, 180), (246, 200, 60), (56, 150, 130),
    (236, 120, 60), (120, 60, 140), (150, 200, 230), (240, 130, 170), (20, 60, 60),
)  # fmt: skip
SKINS: tuple[RGB, ...] = ((224, 178, 148), (198, 150, 118), (160, 112, 84), (108, 74, 56), (236, 196, 170))
HAIRS: tuple[RGB, ...] = ((40, 30, 24), (86, 60, 40), (150, 112, 66), (230, 230, 230), (24, 24, 28))
BRANDS: tuple[RGB, ...] = (
    (20, 60, 130), (150, 24, 40), (24, 84, 60), (30, 32, 38), (190, 60, 110), (16, 100, 130), (70, 40, 110),
)  # fmt: skip
WHITE, BLACK = (242, 242, 242), (34, 34, 38)


@dataclass(frozen=True)
class Look:
    """How one rally looks. Colours are sRGB; `light` points from the scene to the light."""

    surface: np.ndarray  # (3,) of the court
    surround: np.ndarray  # (3,) of the floor around it
    ball: RGB
    brand: RGB  # of boards, officials and graphics
    light: np.ndarray  # (3,) unit vector
    shadow: float  # share of light a shadow takes away
    falloff: float  # how fast the floor gets darker away from the court
    seats: RGB
    attendance: float  # share of seats taken
    crowd: float  # brightness of the stands
    noise: float  # standard deviation of the sensor's noise, grey levels
    kits: tuple[Kit, ...]  # of the players


def draw_look(sport: Sport, players: int, rng: np.random.Generator) -> Look:
    """Draws the look of a rally of `players` players."""
    surface, surround = _choose(SURFACES[sport.name], rng)
    outdoor = sport.name == "tennis" and rng.random() < 0.65
    height = rng.uniform(0.6, 1.1) if outdoor else rng.uniform(1.25, 1.45)
    azimuth = rng.uniform(0, 2 * np.pi)
    return Look(
        surface=_vary(surface, rng),
        surround=_vary(surround, rng),
        ball=_choose(BALLS[sport.name], rng),
        brand=_choose(BRANDS, rng),
        light=np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)]),
        shadow=rng.uniform(0.42, 0.6) if outdoor else rng.uniform(0.15, 0.28),
        falloff=rng.uniform(0.0, 0.3) if outdoor else rng.uniform(0.6, 1.8),
        seats=_choose(BRANDS, rng),
        attendance=rng.uniform(0.35, 0.95),
        crowd=rng.uniform(0.6, 0.9) if outdoor else rng.uniform(0.15, 0.45),
        noise=rng.uniform(0.3, 1.6),
        kits=_kits(players, rng),
    )


def _choose(items: tuple, rng: np.random.Generator):
    return items[int(rng.integers(len(items)))]


def _vary(colour: RGB, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.array(colour) * rng.uniform(0.9, 1.1) + rng.normal(0, 5, 3), 0, 255)


def clothes(shirt, shorts, rng: np.random.Generator) -> Kit:
    """The colours of a person in a shirt and shorts of the given colours."""
    kit = {"shirt": shirt, "shorts": shorts, "shoes": WHITE, "socks": WHITE, "racket": BLACK, "head": BLACK}
    kit |= {"skin": rng.choice(SKINS), "hair": rng.choice(HAIRS)}
    return {part: np.array(colour, float) for part, colour in kit.items()}


def _kits(players: int, rng: np.random.Generator) -> tuple[Kit, ...]:
    """Clothes of every player; partners (neighbours in the list) wear the same."""
    colours = rng.permutation(KITS)
    teams = [index * 2 // players for index in range(players)]
    return tuple(clothes(colours[team], colours[team + 2], rng) for team in teams)
