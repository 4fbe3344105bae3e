"""The still picture behind the play: floor, boards and stands, ray-cast analytically."""

import numpy as np

from tracknet_jax.synthetic.camera import Camera
from tracknet_jax.synthetic.court import paint_lines
from tracknet_jax.synthetic.look import Look
from tracknet_jax.synthetic.sports import Sport


def render_arena(sport: Sport, look: Look, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """The empty arena as the camera sees it, uint8 RGB (H, W, 3)."""
    width, height = camera.size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rays = camera.rays(x, y).reshape(-1, 3)
    colour = np.full((height * width, 3), 40.0, np.float32)
    ground = np.flatnonzero(rays[:, 2] < -1e-3)
    distance = camera.position[2] / -rays[ground, 2]
    gx = camera.position[0] + rays[ground, 0] * distance
    gy = camera.position[1] + rays[ground, 1] * distance
    fx = distance / camera.focal
    fy = fx * distance / camera.position[2]
    c = np.empty((len(ground), 3), np.float32)
    c[:] = look.surround
    c[(np.abs(gx) < sport.width / 2) & (np.abs(gy) < sport.length / 2)] = look.surface
    paint_lines(c, sport, np.array([235.0, 238.0, 240.0]), gx, gy, fx, fy)
    wall = gy > sport.length / 2 + 6
    c[wall] = look.brand
    colour[ground] = c
    return np.clip(colour, 0, 255).astype(np.uint8).reshape(height, width, 3)
