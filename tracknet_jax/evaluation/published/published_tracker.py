"""A network tracked as the protocols of V3 and its kin do: whole maps on the host, found with their own decoder."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import islice

import jax
import numpy as np

from tracknet_jax.evaluation.published.legacy_ensemble import legacy_ensemble
from tracknet_jax.evaluation.published.window_scores import window_maps
from tracknet_jax.heatmaps.ensemble import Overlap
from tracknet_jax.heatmaps.reference_decoders import decode_maps
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.prepared_video import Frame, View
from tracknet_jax.tracking.windows import Window, runs, windows
from tracknet_jax.tracks.track import Row


class PublishedTracker(FrameTracker):
    """Frames stretched to the network's size, TrackNetV3's ensemble, one blob a map by one of `reference_decoders`.

    A clip of fewer frames than a window has is seen in one window, whatever `overlap` says.
    """

    def __init__(self, release: Release, decoder: str, overlap: Overlap = "none"):
        config = release.config
        self.view = View(config.name, (config.width, config.height), "stretch", config.background)
        self._release, self._decoder = release, decoder
        self._overlap: Overlap = overlap if config.outputs > 1 else "none"
        self._variables = jax.device_put(release.variables)
        self.step, self.lag = config.outputs, config.outputs - 1

    def track(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Row], None, None]:
        for _, run in runs(frames):  # no frame of a labelled clip is dropped
            for frame, probabilities in self._maps(run):
                xy, confidence = decode_maps(probabilities, self._decoder)
                x, y = frame.video.placement.to_source(xy.astype(np.float64)).tolist()
                yield frame, Row(frame.number, x, y, float(confidence), "detected" if confidence > 0 else "")

    def _maps(self, run: Iterator[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
        """The frames of one clip, each with its map (H, W)."""
        length, outputs = self._release.config.frames, self._release.config.outputs
        maps_of = partial(
            window_maps, self._release.model, self._variables, decoder=self._decoder, length=length
        )

        def seen(window: Window) -> np.ndarray:
            background = window.frames[0].video.background
            return np.asarray(maps_of(np.stack(window.images), np.zeros(1, np.int32), background))[0]

        if self._overlap == "none":
            for window in windows(run, length, outputs):
                yield from zip(window.frames, seen(window)[-len(window.frames) :], strict=True)
            return
        every = windows(run, length, 1)
        head = list(islice(every, length))  # the first length - 1 begin before the first frame
        frames = deque(frame for window in head for frame in window.frames)
        if len(head) < length:
            yield from zip(frames, seen(head[-1])[-len(head) :], strict=True)
            return

        def complete_windows() -> Iterator[np.ndarray]:
            yield seen(head[-1])
            for window in every:
                frames.extend(window.frames)
                yield seen(window)

        for probabilities in legacy_ensemble(complete_windows(), self._overlap):
            yield frames.popleft(), probabilities
