"""The glass and steel around a padel court: walls behind the play, and the near wall in front of it."""

import cv2
import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.figures import SHIFT, Sprite
from tracknet_jax.synthetic.play.sports import Sport

STEEL = (34, 38, 44)
GLASS = np.array([150.0, 185.0, 205.0])
GLASS_OPACITY, NEAR_OPACITY, FENCE_OPACITY = 0.16, 0.05, 0.28
GLASS_HEIGHT, TOP, LOW_TOP = 3.0, 4.0, 3.0  # metres; the fence is lower along the middle of the sides
BAR = 0.022  # half the thickness of a steel bar, metres

Bar = tuple[tuple[float, float, float], tuple[float, float, float]]


def draw_cage(arena: np.ndarray, sport: Sport, camera: Camera) -> None:
    """Far and side walls, drawn into the still picture, in place."""
    half, end = sport.width / 2, sport.length / 2
    for side in (-half, half):
        for low, high in ((-end, -end + 4), (end - 4, end)):
            _tint(
                arena,
                camera,
                [(side, low, 0), (side, high, 0), (side, high, 3), (side, low, 3)],
                GLASS_OPACITY,
            )
        corners = [(side, 4 - end, 0), (side, end - 4, 0), (side, end - 4, LOW_TOP), (side, 4 - end, LOW_TOP)]
        _tint(arena, camera, corners, FENCE_OPACITY, np.array(STEEL, float))
    _tint(arena, camera, [(-half, end, 0), (half, end, 0), (half, end, 3), (-half, end, 3)], GLASS_OPACITY)
    fence = [(-half, end, 3), (half, end, 3), (half, end, TOP), (-half, end, TOP)]
    _tint(arena, camera, fence, FENCE_OPACITY, np.array(STEEL, float))
    for bar in [*_end_bars(half, end), *_side_bars(half, end)]:
        _draw_bar(arena, camera, bar, STEEL)


def near_wall(sport: Sport, camera: Camera) -> tuple[Sprite, ...]:
    """The near wall as a sprite: hardly visible glass, opaque steel."""
    width, height = camera.size
    half, end = sport.width / 2, sport.length / 2
    mask = np.zeros((height, width), np.uint8)
    glass = np.zeros((height, width), np.uint8)
    corners = camera.project(np.array([(-half, -end, 0), (half, -end, 0), (half, -end, 3), (-half, -end, 3)]))
    cv2.fillPoly(glass, [_fixed(corners)], 255, cv2.LINE_AA, SHIFT)
    frame: list[Bar] = [((x, -end, 0), (x, -end, GLASS_HEIGHT)) for x in (-half, half)]
    for bar in [*frame, ((-half, -end, GLASS_HEIGHT), (half, -end, GLASS_HEIGHT))]:
        _draw_bar(mask, camera, bar, (255,))
    rows = np.flatnonzero((mask | glass).any(axis=1))
    columns = np.flatnonzero((mask | glass).any(axis=0))
    if not len(rows):
        return ()
    y, x = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    steel = mask[y, x].astype(np.float32)[..., None] / 255
    pane = glass[y, x].astype(np.float32)[..., None] * (NEAR_OPACITY / 255) * (1 - steel)
    rgb = steel * np.array(STEEL) + pane * GLASS
    return (Sprite(rgb.astype(np.uint8), (steel + pane)[..., 0], int(columns[0]), int(rows[0]), -end),)


def _end_bars(half: float, y: float) -> list[Bar]:
    """Posts every two metres and two rails of a back wall."""
    bars: list[Bar] = [((x, y, 0), (x, y, TOP)) for x in np.arange(-half, half + 0.1, 2.0)]
    return [*bars, ((-half, y, GLASS_HEIGHT), (half, y, GLASS_HEIGHT)), ((-half, y, TOP), (half, y, TOP))]


def _side_bars(half: float, end: float) -> list[Bar]:
    bars: list[Bar] = []
    for x in (-half, half):
        for y in np.arange(-end, end + 0.1, 2.0):
            bars.append(((x, y, 0), (x, y, LOW_TOP)))
        bars.append(((x, -end, LOW_TOP), (x, end, LOW_TOP)))
    return bars


def _draw_bar(image: np.ndarray, camera: Camera, bar: Bar, colour: tuple[int, ...]) -> None:
    ends = np.array(bar, float)
    pixels = camera.project(ends)
    thickness = max(1, round(2 * BAR * float(camera.scale(ends).mean())))
    if np.isfinite(pixels).all():
        a, b = (tuple(point.tolist()) for point in _fixed(pixels))
        cv2.line(image, a, b, colour, thickness, cv2.LINE_AA, SHIFT)


def _tint(
    arena: np.ndarray, camera: Camera, corners: list, opacity: float, colour: np.ndarray = GLASS
) -> None:
    mask = np.zeros(arena.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_fixed(camera.project(np.array(corners, float)))], 255, cv2.LINE_AA, SHIFT)
    rows, columns = np.nonzero(mask)
    share = opacity * mask[rows, columns, None].astype(np.float32) / 255
    arena[rows, columns] = (arena[rows, columns] * (1 - share) + colour * share).astype(np.uint8)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * (1 << SHIFT)).astype(np.int32)
