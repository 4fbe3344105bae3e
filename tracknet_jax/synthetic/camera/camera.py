"""The broadcast camera: a pinhole behind and above the near baseline, with a slow pan."""

from dataclasses import dataclass

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport


@dataclass(frozen=True)
class Camera:
    """Pinhole camera; pixel centres at whole numbers, no distortion."""

    position: np.ndarray  # (3,) metres
    rotation: np.ndarray  # (3, 3) rows: image right, image down, viewing direction, in world axes
    focal: float  # pixels
    size: tuple[int, int]  # width, height

    @property
    def matrix(self) -> np.ndarray:
        """Intrinsic matrix (3, 3)."""
        width, height = self.size
        return np.array(
            [[self.focal, 0, (width - 1) / 2], [0, self.focal, (height - 1) / 2], [0, 0, 1]], dtype=float
        )

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points `(..., 3)` to pixels `(..., 2)`; NaN behind the camera."""
        local = (np.asarray(points, float) - self.position) @ self.rotation.T
        depth = np.where(local[..., 2:] > 0.1, local[..., 2:], np.nan)
        centre = np.array([(self.size[0] - 1) / 2, (self.size[1] - 1) / 2])
        return local[..., :2] / depth * self.focal + centre

    def scale(self, points: np.ndarray) -> np.ndarray:
        """Pixels a metre `(...)` at world points `(..., 3)`."""
        return self.focal / np.maximum((np.asarray(points) - self.position) @ self.rotation[2], 0.1)

    def rays(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Viewing directions `(..., 3)` in world axes through the pixels (x, y), not normalised."""
        u = (x - (self.size[0] - 1) / 2) / self.focal
        v = (y - (self.size[1] - 1) / 2) / self.focal
        right, down, forward = self.rotation
        return u[..., None] * right + v[..., None] * down + forward

    def turned(self, pan: float, tilt: float) -> "Camera":
        """The same camera turned by small angles, in radians: right and down."""
        return Camera(self.position, _turn(pan, tilt) @ self.rotation, self.focal, self.size)

    def widened(self, margin: int) -> "Camera":
        """The same camera with `margin` more pixels on every side."""
        width, height = self.size
        return Camera(self.position, self.rotation, self.focal, (width + 2 * margin, height + 2 * margin))

    def homography_to(self, other: "Camera") -> np.ndarray:
        """The 3x3 map from pixels of this camera to those of `other`, which differs only in rotation."""
        return other.matrix @ other.rotation @ self.rotation.T @ np.linalg.inv(self.matrix)


def _turn(pan: float, tilt: float) -> np.ndarray:
    cp, sp, ct, st = np.cos(pan), np.sin(pan), np.cos(tilt), np.sin(tilt)
    pan_matrix = np.array([[cp, 0, -sp], [0, 1, 0], [sp, 0, cp]])
    tilt_matrix = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    return tilt_matrix @ pan_matrix


@dataclass(frozen=True)
class Sway:
    """A slow, small pan and tilt of the camera: sums of two sines."""

    amplitude: float  # radians, 0 for a locked camera
    rates: tuple[float, ...]  # of two sines each for pan and tilt, radians a second
    phases: tuple[float, ...]

    @property
    def moves(self) -> bool:
        return self.amplitude > 0

    def at(self, time: float) -> tuple[float, float]:
        """Pan and tilt in radians."""
        a, b, c, d = np.sin(np.array(self.rates) * time + self.phases)
        return float(self.amplitude * (a + b) / 2), float(0.35 * self.amplitude * (c + d) / 2)

    def margin(self, camera: Camera) -> int:
        """Pixels by which the picture can move."""
        return int(np.ceil(1.2 * self.amplitude * camera.focal)) + 2 if self.moves else 0


def draw_sway(rng: np.random.Generator) -> Sway:
    """Two cameras in three are locked."""
    amplitude = rng.uniform(0.002, 0.012) if rng.random() < 0.33 else 0.0
    rates, phases = rng.uniform(0.3, 1.4, 4), rng.uniform(0, 2 * np.pi, 4)
    return Sway(amplitude, tuple(rates.tolist()), tuple(phases.tolist()))


@dataclass(frozen=True)
class Framing:
    """Ranges from which a broadcast view of a sport is drawn."""

    distance: tuple[float, float]  # metres behind the near baseline
    height: tuple[float, float]
    near_width: tuple[float, float]  # share of the picture that the near baseline spans
    near_row: tuple[float, float]  # height of the near baseline in the picture, from the top


FRAMINGS = {
    "tennis": Framing((20.0, 28.0), (8.5, 12.0), (0.62, 0.72), (0.74, 0.86)),
    "badminton": Framing((14.0, 19.0), (7.2, 10.0), (0.46, 0.56), (0.88, 0.94)),
    "padel": Framing((24.0, 34.0), (9.0, 12.5), (0.72, 0.80), (0.84, 0.90)),
}


def broadcast_camera(sport: Sport, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """A random broadcast pose whose near baseline has the wanted width and place in the picture."""
    framing = FRAMINGS[sport.name]
    distance = rng.uniform(*framing.distance)
    height = rng.uniform(*framing.height)
    share, row = rng.uniform(*framing.near_width), rng.uniform(*framing.near_row)
    side = rng.normal(0.0, 0.35)
    # The picture is composed for 16:9; other shapes see the same middle.
    width = min(size[0], size[1] * 16 / 9)
    angle, drop = np.arctan2(height, distance), np.hypot(height, distance)
    tilt, focal = angle, 1.0
    for _ in range(20):
        focal = share * width * drop * np.cos(angle - tilt) / sport.width
        tilt = angle - np.arctan((row - 0.5) * width * 9 / 16 / focal)
    position = np.array([side, -sport.length / 2 - distance, height])
    forward = np.array([-side / (distance + sport.length / 2) * np.cos(tilt), np.cos(tilt), -np.sin(tilt)])
    return Camera(position, _look_along(forward), float(focal), size)


def _look_along(forward: np.ndarray) -> np.ndarray:
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])
