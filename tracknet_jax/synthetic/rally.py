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


@dataclass(frozen=True)
class RallyConfig:
    """All that determines a rally: the same config gives the same frames, bit for bit."""

    sport: str = "tennis"
    seed: int = 0
    frames: int = 180
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    shutter: float = 0.4  # exposure as a share of the frame interval
    source_fps: float = 0.0  # a slower camera, whose frames are repeated up to `fps`; 0: the same as fps

    def __post_init__(self) -> None:
        sport_named(self.sport)
        if self.frames < 1 or self.width < 32 or self.height < 18:
            raise UserError(
                f"rally of {self.frames} frames of {self.width}x{self.height}: need at least 1 of 32x18"
            )
        if self.seed < 0:
            raise UserError(f"rally with seed {self.seed}: expected 0 or more")
        if not (self.fps > 0 and 0 < self.shutter <= 1 and 0 <= self.source_fps <= self.fps):
            raise UserError(
                f"rally with fps {self.fps}, shutter {self.shutter}, source_fps {self.source_fps}: "
                "need fps > 0, 0 < shutter <= 1, source_fps <= fps"
            )


@dataclass(frozen=True)
class Rally:
    """Frames and labels of one rendered rally; frames are drawn when asked for."""

    config: RallyConfig
    scene: Scene

    @property
    def fps(self) -> Fraction:
        return Fraction(self.config.fps).limit_denominator(1001)

    def __len__(self) -> int:
        return self.config.frames

    def frames(self) -> Iterator[np.ndarray]:
        """RGB frames, uint8 (height, width, 3), in order."""
        previous, frame = -1, np.empty(0, np.uint8)
        for number in range(self.config.frames):
            exposure_number = self._exposure_number(number)
            if exposure_number != previous:
                previous, frame = exposure_number, self.frame(number)
            yield frame

    def frame(self, number: int, with_ball: bool = True) -> np.ndarray:
        """One frame; without the ball it is the same picture of an empty court, noise included."""
        return draw(self.scene, self._moment(number), self._exposure_number(number), with_ball)

    @cached_property
    def labels(self) -> Labels:
        """The ball's centre at mid-exposure and its visibility in every frame."""
        count = self.config.frames
        xy, seen = np.empty((count, 2), np.float32), np.empty(count, np.uint8)
        for number in range(count):
            moment = self._moment(number)
            xy[number], seen[number] = place_of(self.scene, moment), visibility(self.scene, moment)
        xy[seen == NO_BALL] = np.nan
        return Labels(np.arange(count, dtype=np.int64), xy, seen)

    def _moment(self, number: int) -> Moment:
        camera_fps = self.config.source_fps or self.config.fps
        return capture(
            self.scene, self._exposure_number(number) / camera_fps, self.config.shutter / camera_fps
        )

    def _exposure_number(self, number: int) -> int:
        """Which picture of the camera the frame `number` shows."""
        camera_fps = self.config.source_fps or self.config.fps
        return int(number * camera_fps / self.config.fps + 1e-9)


def render_rally(config: RallyConfig) -> Rally:
    """Simulates a rally; its frames and labels are made on demand.

    >>> rally = render_rally(RallyConfig(sport="badminton", seed=3, frames=60, width=512, height=288))
    >>> pictures, labels = list(rally.frames()), rally.labels
    """
    duration = config.frames / (config.source_fps or config.fps)
    scene = make_scene(sport_named(config.sport), config.seed, (config.width, config.height), duration)
    return Rally(config, scene)
