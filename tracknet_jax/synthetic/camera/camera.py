"""The broadcast camera: a pinhole behind and above the near baseline that may sway a little."""

from dataclasses import dataclass, replace

import numpy as np

from tracknet_jax.synthetic.play.sports import Sport


@dataclass(frozen=True)
class Camera:
    """Pinhole camera without distortion; the centres of pixels are at whole numbers."""

    position: np.ndarray  # (3,) metres
    rotation: np.ndarray  # (3, 3) rows: image right, image down, viewing direction, in world axes
    focal: float  # pixels
    centre: np.ndarray  # (2,) the pixel that the viewing direction meets
    size: tuple[int, int]  # width, height

    @property
    def matrix(self) -> np.ndarray:
        """Intrinsic matrix (3, 3)."""
        return np.array([[self.focal, 0, self.centre[0]], [0, self.focal, self.centre[1]], [0, 0, 1]])

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points `(..., 3)` to pixels `(..., 2)`; NaN behind the camera."""
        local = (np.asarray(points, float) - self.position) @ self.rotation.T
        depth = np.where(local[..., 2:] > 0.1, local[..., 2:], np.nan)
        return local[..., :2] / depth * self.focal + self.centre

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Metres `(...)` from the camera to world points `(..., 3)`, along the viewing direction."""
        return (np.asarray(points) - self.position) @ self.rotation[2]

    def scale(self, points: np.ndarray) -> np.ndarray:
        """Pixels a metre `(...)` at world points `(..., 3)`."""
        return self.focal / np.maximum(self.depth(points), 0.1)

    def plane(self, origin: np.ndarray, right: np.ndarray, down: np.ndarray) -> np.ndarray:
        """Homography (3, 3) from a plane's coordinates to pixels.

        The plane's point (u, v) is at `origin + u right + v down` in the world.
        """
        return self.matrix @ self.rotation @ np.stack([right, down, origin - self.position], axis=1)

    def widened(self, margin: int) -> "Camera":
        """The same camera with `margin` more pixels on every side."""
        width, height = self.size
        return replace(self, centre=self.centre + margin, size=(width + 2 * margin, height + 2 * margin))

    def enlarged(self, factor: int) -> "Camera":
        """The same camera with `factor` times as many pixels in both directions."""
        centre, size = (self.centre + 0.5) * factor - 0.5, (self.size[0] * factor, self.size[1] * factor)
        return replace(self, focal=self.focal * factor, centre=centre, size=size)


@dataclass(frozen=True)
class Sway:
    """A slow, small movement of the picture: a sine across and a smaller one down."""

    amplitude: float  # pixels, 0 for a locked camera
    rates: np.ndarray  # (2,) radians a second, across and down
    phases: np.ndarray  # (2,)

    @property
    def margin(self) -> int:
        """The most whole pixels by which the picture moves."""
        return int(np.ceil(self.amplitude))

    def at(self, time: float) -> np.ndarray:
        """How far the picture is moved at `time`, (2,) pixels."""
        return self.amplitude * np.array([1.0, 0.35]) * np.sin(self.rates * time + self.phases)


def draw_sway(camera: Camera, rng: np.random.Generator) -> Sway:
    """Draws the sway of a camera; two cameras in three are locked."""
    angle = rng.uniform(0.002, 0.012) if rng.random() < 0.33 else 0.0
    return Sway(angle * camera.focal, rng.uniform(0.3, 1.2, 2), rng.uniform(0, 2 * np.pi, 2))


# Ranges of a broadcast view: metres behind the near baseline, metres of height, the share of the picture's
# width that the near baseline spans, and where it is, as a share of the picture's height from the top.
FRAMINGS = {
    "tennis": ((20.0, 28.0), (8.5, 12.0), (0.62, 0.72), (0.74, 0.86)),
    "badminton": ((14.0, 19.0), (7.2, 10.0), (0.46, 0.56), (0.88, 0.94)),
    "padel": ((24.0, 34.0), (9.0, 12.5), (0.72, 0.80), (0.84, 0.90)),
}


def broadcast_camera(sport: Sport, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """Draws a broadcast view whose near baseline has the wanted width and place in the picture."""
    distance, height, share, row = (rng.uniform(*limits) for limits in FRAMINGS[sport.name])
    # The picture is composed for 16:9; other shapes see the same middle.
    width = min(size[0], size[1] * 16 / 9)
    angle, drop = np.arctan2(height, distance), np.hypot(height, distance)
    tilt, focal = angle, 1.0
    for _ in range(20):
        focal = share * width * drop * np.cos(angle - tilt) / sport.width
        tilt = angle - np.arctan((row - 0.5) * width * 9 / 16 / focal)
    position = np.array([0.0, -sport.length / 2 - distance, height])
    sin, cos = np.sin(tilt), np.cos(tilt)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, -sin, -cos], [0.0, cos, -sin]])
    return Camera(position, rotation, float(focal), (np.array(size) - 1) / 2, size)
