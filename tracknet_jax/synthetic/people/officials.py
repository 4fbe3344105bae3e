"""People and furniture around the court that do not move: umpire on the chair, ball kids, line judges."""

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.figures import darken, draw_figure, glint_of, paste, project_figure
from tracknet_jax.synthetic.people.look import HAIRS, SKINS, Look
from tracknet_jax.synthetic.people.pose import RACKETS, UP, Limb, Motion, pose
from tracknet_jax.synthetic.place.enclosure import Enclosure
from tracknet_jax.synthetic.play.sports import Sport

ALONG = np.array([0.0, 1.0, 0.0])  # the court


def place_officials(
    arena: np.ndarray, sport: Sport, look: Look, camera: Camera, hall: Enclosure, rng: np.random.Generator
) -> None:
    """Draws them into the still picture, in place, from the farthest to the nearest."""
    people = [_standing(place, facing) for place, facing in _posts(sport, hall, rng)]
    people.append(_umpire(-sport.net_width / 2 - 1.0))
    people.append(_bench(sport.net_width / 2 + 1.4))
    for limbs in sorted(people, key=lambda limbs: -limbs[0].start[1]):
        figure = project_figure(limbs, camera)
        if figure is not None:
            place = limbs[0].start
            darken(arena, limbs, camera, look.light, look.shadow * look.sunlit(place))
            light = look.light_on(place)
            colours = {part: colour * light for part, colour in _clothes(look, rng).items()}
            paste(arena, draw_figure(figure, colours, glint_of(camera, look.light)))


def _posts(sport: Sport, hall: Enclosure, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places and viewing directions of those who stand."""
    if sport.walls:
        return []
    back, side = hall.far - 0.6, sport.net_width / 2 + 0.9
    places = [((sport.width * 0.42, back), (0, -1)), ((-sport.width * 0.42, back), (0, -1))]
    places += [((0.0, back), (0, -1)), ((side, 0.5), (-1, 0)), ((hall.side - 0.7, 8.0), (-1, 0))]
    places += [((-hall.side + 0.7, 9.5), (1, 0)), ((hall.side - 0.7, -7.0), (-1, 0))]
    chosen = [places[i] for i in rng.permutation(len(places))[: int(rng.integers(3, len(places)))]]
    return [(np.array(place), np.array(facing, float)) for place, facing in chosen]


def _standing(place: np.ndarray, facing: np.ndarray) -> list[Limb]:
    still = np.zeros((2, 2))
    times = np.array([0.0, 1.0])
    none = np.empty((0, 3))
    motion = Motion(times, np.stack([place, place]), still, times * 0, facing, 1, none[:, 0], none)
    return [limb for limb in pose(motion, 0.5, RACKETS["tennis"]) if limb.part not in ("racket", "head")]


def _umpire(x: float) -> list[Limb]:
    """The upper half of a person on a high chair, and the chair."""
    lift = 0.85 * UP
    sitting = [
        Limb(limb.start + lift, limb.end + lift, limb.radii, limb.part)
        for limb in _standing(np.array([x, 0.0]), np.array([1.0, 0.0]))
        if limb.part in ("shirt", "skin", "hair") and min(limb.start[2], limb.end[2]) > 0.8
    ]
    corners = [np.array([x + dx, dy, 0.0]) for dx in (-0.45, 0.45) for dy in (-0.4, 0.4)]
    seat = np.array([x, 0.0, 1.6])
    legs = [Limb(foot, seat + 0.5 * (foot - seat) * [1, 1, 0], (0.04, 0.04), "chair") for foot in corners]
    board = Limb(seat - 0.32 * ALONG, seat + 0.32 * ALONG, (0.16, 0.16), "chair")
    panel = Limb(seat - 0.75 * UP, seat - 0.35 * UP, (0.34, 0.34), "panel")
    knees = Limb(seat + 0.15 * UP, seat + np.array([0.45, 0, 0.1]), (0.12, 0.09), "shorts")
    return [*legs, panel, board, knees, *sitting]


def _bench(x: float) -> list[Limb]:
    seat = np.array([x, -1.6, 0.45])
    feet = [
        Limb(seat + dy * ALONG - 0.45 * UP, seat + dy * ALONG, (0.05, 0.05), "chair") for dy in (-0.9, 0.9)
    ]
    plank = Limb(seat - ALONG, seat + ALONG, (0.14, 0.14), "chair")
    bag = Limb(seat - 0.5 * ALONG + 0.2 * UP, seat + 0.2 * ALONG + 0.2 * UP, (0.16, 0.16), "panel")
    return [*feet, plank, bag]


def _clothes(look: Look, rng: np.random.Generator) -> dict[str, np.ndarray]:
    colours = {
        "shirt": look.brand if rng.random() < 0.6 else (30, 34, 44),
        "shorts": (40, 42, 52),
        "skin": SKINS[int(rng.integers(len(SKINS)))],
        "hair": HAIRS[int(rng.integers(len(HAIRS)))],
        "shoes": (230, 230, 230),
        "socks": (230, 230, 230),
        "chair": (70, 76, 84),
        "panel": look.brand,
    }
    return {part: np.array(colour, float) for part, colour in colours.items()}
