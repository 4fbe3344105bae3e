"""Rendered rallies: `render_rally(RallyConfig(...))` gives frames and exact labels of the ball."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from tracknet_jax.data.clips import NO_BALL, Labels
from tracknet_jax.synthetic.camera.exposure import Moment, capture, draw, place_of, visibility
from tracknet_jax.synthetic.play.sports import sport_named
from tracknet_jax.synthetic.scene import Scene, make_scene
from tracknet_jax.utils.errors import UserError

SHUTTER = 0.4  # exposure as a share of the frame interval


@dataclass(frozen=True)
class RallyConfig:
    """All that determines a rally: the same config gives the same frames, bit for bit.

    Raises `UserError` for an unknown sport, a picture below 32x18, no frames, a negative seed or no frame rate.
    """

    sport: str = "tennis"
    seed: int = 0
    frames: int = 180
    width: int = 1280
    height: int = 720
    fps: float = 30.0  # frames a second

    def __post_init__(self) -> None:
        sport_named(self.sport)
        if self.frames < 1 or self.width < 32 or self.height < 18:
            raise UserError(
                f"rally of {self.frames} frames of {self.width}x{self.height}: need at least 1 of 32x18"
            )
        if self.seed < 0:
            raise UserError(f"rally with seed {self.seed}: expected 0 or more")
        if self.fps <= 0:
            raise UserError(f"rally with fps {self.fps}: expected more than 0")


@dataclass(frozen=True)
class Rally:
    """One rendered rally. It draws its frames and labels when they are asked for."""

    config: RallyConfig
    scene: Scene

    @property
    def fps(self) -> Fraction:
        """Frames a second, as a video file states them."""
        return Fraction(self.config.fps).limit_denominator(1001)

    def __len__(self) -> int:
        return self.config.frames

    def frames(self) -> Iterator[np.ndarray]:
        """RGB frames, uint8 (height, width, 3), in order."""
        return map(self.frame, range(len(self)))

    def frame(self, number: int, with_ball: bool = True) -> np.ndarray:
        """Frame `number`, uint8 (height, width, 3); `with_ball=False` leaves out the ball and its shadow only."""
        return draw(self.scene, self._moment(number), number, with_ball)

    @cached_property
    def labels(self) -> Labels:
        """In every frame the ball's centre at mid-exposure, in pixels, and its visibility class."""
        count = len(self)
        xy, seen = np.empty((count, 2), np.float32), np.empty(count, np.uint8)
        for number in range(count):
            moment = self._moment(number)
            xy[number], seen[number] = place_of(self.scene, moment), visibility(self.scene, moment)
        xy[seen == NO_BALL] = np.nan
        return Labels(np.arange(count, dtype=np.int64), xy, seen)

    def _moment(self, number: int) -> Moment:
        return capture(self.scene, number / self.config.fps, SHUTTER / self.config.fps)


def render_rally(config: RallyConfig) -> Rally:
    """Simulates a rally; it draws its frames and labels when they are asked for.

    >>> rally = render_rally(RallyConfig(sport="badminton", seed=3, frames=60, width=512, height=288))
    >>> pictures, labels = list(rally.frames()), rally.labels
    """
    size, duration = (config.width, config.height), config.frames / config.fps
    scene = make_scene(sport_named(config.sport), config.seed, size, duration)
    return Rally(config, scene)
