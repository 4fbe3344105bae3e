"""The still picture behind the play: floor, boards and stands, ray-cast analytically."""

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.people.crowd import Fidget, far_seats, seat_people, shade_stand, side_seats
from tracknet_jax.synthetic.people.look import Look
from tracknet_jax.synthetic.people.officials import place_officials
from tracknet_jax.synthetic.place.cage import draw_cage
from tracknet_jax.synthetic.place.enclosure import SLOPE, Enclosure, enclosure
from tracknet_jax.synthetic.place.floor import shade_floor
from tracknet_jax.synthetic.place.lettering import board_texture, sample_texture
from tracknet_jax.synthetic.play.sports import Sport

FLOOR, FAR_BOARD, SIDE_BOARD, FAR_STAND, SIDE_STAND, NOTHING = range(6)
SUBPIXELS = (-0.25, 0.25)


def render_arena(
    sport: Sport, look: Look, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, Fidget]:
    """The empty arena as the camera sees it, uint8 RGB (H, W, 3), and what moves in its crowd."""
    hall = enclosure(sport, rng)
    shader = _Shader(sport, look, camera, hall, rng)
    width, height = camera.size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    surface, colour = shader(x.ravel(), y.ravel())
    surface, colour = surface.reshape(height, width), colour.reshape(height, width, 3)
    # The floor is anti-aliased analytically; everything else, and every border, by four samples a pixel.
    fine = (surface != FLOOR) | _borders(surface)
    samples = [shader(x[fine] + dx, y[fine] + dy)[1] for dx in SUBPIXELS for dy in SUBPIXELS]
    colour[fine] = np.mean(samples, axis=0)
    arena = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    seats = np.concatenate([far_seats(hall), side_seats(hall, sport)])
    fidgets = seat_people(arena, camera, look, seats, rng)
    if sport.walls:
        draw_cage(arena, sport, camera)
    place_officials(arena, sport, look, camera, hall, rng)
    return arena, fidgets


def _borders(surface: np.ndarray) -> np.ndarray:
    borders = np.zeros(surface.shape, bool)
    down, across = surface[1:] != surface[:-1], surface[:, 1:] != surface[:, :-1]
    borders[1:] |= down
    borders[:-1] |= down
    borders[:, 1:] |= across
    borders[:, :-1] |= across
    return borders


class _Shader:
    """Colours of pixels: finds the first surface on each ray and shades it."""

    def __init__(self, sport: Sport, look: Look, camera: Camera, hall: Enclosure, rng: np.random.Generator):
        self.sport, self.look, self.camera, self.hall = sport, look, camera, hall
        self.salt = int(rng.integers(1 << 30))
        self.far_texture = board_texture(2 * hall.side, hall.far_height, look, rng)
        self.side_texture = board_texture(sport.length + 10, hall.side_height, look, rng)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Surface numbers `(N,)` and sRGB colours `(N, 3)` of the pixels (x, y)."""
        rays = self.camera.rays(x, y).astype(np.float32)
        surface, distance = self._first_surface(rays)
        points = self.camera.position.astype(np.float32) + rays * distance[:, None]
        colour = np.full((len(x), 3), 12.0, np.float32)
        for number, shade in (
            (FLOOR, self._floor),
            (FAR_BOARD, self._far_board),
            (SIDE_BOARD, self._side_board),
            (FAR_STAND, self._far_stand),
            (SIDE_STAND, self._side_stand),
        ):
            rows = np.flatnonzero(surface == number)
            if len(rows):
                colour[rows] = shade(points[rows], distance[rows])
        return surface, colour

    def _first_surface(self, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hall, origin = self.hall, self.camera.position
        with np.errstate(divide="ignore", invalid="ignore"):
            side = np.where(rays[:, 0] > 0, 1.0, -1.0)
            across = np.abs(rays[:, 0])
            sidewards = side * origin[0]
            distances = [
                -origin[2] / rays[:, 2],
                (hall.far - origin[1]) / rays[:, 1],
                (hall.side - sidewards) / across,
                (hall.far_height + SLOPE * (origin[1] - hall.far) - origin[2])
                / (rays[:, 2] - SLOPE * rays[:, 1]),
                (hall.side_height + SLOPE * (sidewards - hall.side) - origin[2])
                / (rays[:, 2] - SLOPE * across),
            ]
            valid = [self._valid(number, rays, t) for number, t in enumerate(distances)]
        table = np.stack([np.where(ok & (t > 0), t, np.inf) for t, ok in zip(distances, valid, strict=True)])
        table = np.concatenate([table, np.full((1, len(rays)), 1e6)])
        surface = np.argmin(table, axis=0)
        return surface, table[surface, np.arange(len(rays))].astype(np.float32)

    def _valid(self, number: int, rays: np.ndarray, t: np.ndarray) -> np.ndarray:
        hall = self.hall
        x, y, z = (self.camera.position[i] + rays[:, i] * t for i in range(3))
        inside_x, inside_y = np.abs(x) <= hall.side, y <= hall.far
        if number == FLOOR:
            return inside_x & inside_y
        if number == FAR_BOARD:
            return inside_x & (z >= 0) & (z <= hall.far_height)
        if number == SIDE_BOARD:
            return inside_y & (z >= 0) & (z <= hall.side_height)
        return ~inside_y if number == FAR_STAND else ~inside_x

    def _floor(self, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        footprint = distance / self.camera.focal
        # A pixel sees more of the floor along the viewing direction, by one over the sine of the slope.
        slant = np.linalg.norm(points - self.camera.position, axis=-1) / self.camera.position[2]
        return shade_floor(self.sport, self.look, points, footprint, footprint * slant, self.salt)

    def _far_board(self, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        u, v = points[:, 0] + self.hall.side, self.hall.far_height - points[:, 2]
        return sample_texture(self.far_texture, u, v) * self.look.board_light

    def _side_board(self, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        left = points[:, 0] < 0
        u = np.where(left, points[:, 1], -points[:, 1]) + self.sport.length / 2 + 5
        colour = sample_texture(self.side_texture, u, self.hall.side_height - points[:, 2])
        return colour * self.look.board_light

    def _far_stand(self, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        return shade_stand(points[:, 0], points[:, 2] - self.hall.far_height, self.look)

    def _side_stand(self, points: np.ndarray, distance: np.ndarray) -> np.ndarray:
        return shade_stand(points[:, 1], points[:, 2] - self.hall.side_height, self.look)
