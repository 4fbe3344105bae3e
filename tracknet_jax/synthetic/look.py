"""Colours and light of one rally, drawn from its seed."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport

RGB = tuple[int, int, int]

# (playing surface, surround) pairs in sRGB.
SURFACES: dict[str, tuple[tuple[RGB, RGB], ...]] = {
    "tennis": (
        ((38, 84, 140), (60, 128, 92)),  # blue on green
        ((46, 92, 160), (98, 168, 214)),  # blue on light blue
        ((98, 78, 150), (96, 160, 72)),  # purple on green
        ((186, 106, 66), (180, 98, 60)),  # clay
        ((78, 124, 62), (70, 114, 56)),  # grass
        ((62, 112, 84), (98, 166, 112)),  # green
        ((40, 62, 112), (44, 104, 130)),  # night blue
    ),
    "badminton": (
        ((58, 158, 92), (34, 62, 150)),
        ((70, 128, 100), (188, 34, 40)),
        ((44, 134, 110), (60, 64, 72)),
        ((40, 120, 74), (36, 94, 140)),
        ((96, 150, 112), (54, 86, 134)),
    ),
    "padel": (
        ((28, 92, 176), (34, 40, 48)),
        ((34, 74, 150), (60, 62, 66)),
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
    stadium: tuple[float, float, float]  # (a, b, c): the stadium's shadow lies where a x + b y > c
    falloff: float  # how fast the floor gets darker away from the court
    seats: np.ndarray  # (3,)
    attendance: float  # share of seats taken
    crowd: float  # brightness of the stands
    kits: tuple[dict[str, np.ndarray], ...]  # of the players

    def lit_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """1 where the floor is lit, 0 in the shadow of the stadium, with a soft edge."""
        a, b, c = self.stadium
        return np.clip((c - a * x - b * y) / 0.3 + 0.5, 0, 1)

    def sunlit(self, point: np.ndarray) -> float:
        """1 for a point (3,) in the air that the light reaches, 0 in the shadow of the stadium."""
        x, y, _ = point - self.light * (point[2] / self.light[2])
        return float(self.lit_at(x, y))

    def light_on(self, point: np.ndarray) -> float:
        """Share of the full light that reaches a point (3,) in the air."""
        return 1 - self.shadow * (1 - self.sunlit(point))


def draw_look(sport: Sport, players: int, rng: np.random.Generator) -> Look:
    """Draws the look of a rally of `players` players."""
    surface, surround = SURFACES[sport.name][int(rng.integers(len(SURFACES[sport.name])))]
    outdoor = sport.name == "tennis" and rng.random() < 0.65
    height = rng.uniform(0.6, 1.1) if outdoor else rng.uniform(1.25, 1.45)
    azimuth = rng.uniform(0, 2 * np.pi)
    light = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    return Look(
        surface=_vary(surface, rng),
        surround=_vary(surround, rng),
        ball=_choose(BALLS[sport.name], rng),
        brand=_choose(BRANDS, rng),
        light=light,
        shadow=rng.uniform(0.42, 0.6) if outdoor else rng.uniform(0.15, 0.28),
        stadium=_stadium_shadow(light, rng) if outdoor and rng.random() < 0.4 else (0.0, 0.0, 1.0),
        falloff=rng.uniform(0.0, 0.3) if outdoor else rng.uniform(0.6, 1.8),
        seats=_vary(_choose(BRANDS, rng), rng),
        attendance=rng.uniform(0.35, 0.95),
        crowd=rng.uniform(0.6, 0.9) if outdoor else rng.uniform(0.15, 0.45),
        kits=_kits(players, rng),
    )


def _choose(colours: tuple[RGB, ...], rng: np.random.Generator) -> RGB:
    return colours[int(rng.integers(len(colours)))]


def _vary(colour: RGB, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.array(colour) * rng.uniform(0.9, 1.1) + rng.normal(0, 5, 3), 0, 255)


def _stadium_shadow(light: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """The stand on the sun's side throws its shadow over a part of the court."""
    if abs(light[0]) > abs(light[1]):
        return float(np.sign(light[0])), rng.normal(0, 0.08), rng.uniform(-3.0, 5.5)
    return rng.normal(0, 0.08), float(np.sign(light[1])), rng.uniform(-4.0, 12.0)


def _kits(players: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], ...]:
    """Clothes of every player; partners (neighbours in the list) wear the same."""
    colours = rng.permutation(KITS)
    kits = []
    for index in range(players):
        team = index * 2 // players
        kit = {
            "shirt": colours[team],
            "shorts": colours[team + 2],
            "skin": rng.choice(SKINS),
            "hair": rng.choice(HAIRS),
            "shoes": WHITE if rng.random() < 0.7 else colours[4],
            "socks": WHITE if rng.random() < 0.7 else BLACK,
            "racket": BLACK,
            "head": colours[5 + team],
        }
        kits.append({part: np.array(colour, float) for part, colour in kit.items()})
    return tuple(kits)
