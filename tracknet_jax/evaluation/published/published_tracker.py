"""A network tracked as the protocols of V3 and its kin do: whole maps on the host, found with their own decoder."""

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice

import jax
import numpy as np

from tracknet_jax.evaluation.published.legacy_ensemble import legacy_ensemble
from tracknet_jax.evaluation.published.window_scores import window_maps
from tracknet_jax.heatmaps.reference_decoders import decode_maps
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.windows import Overlap, windows
from tracknet_jax.tracks.track import Row


class PublishedTracker(FrameTracker):
    """Frames stretched to the network's size, TrackNetV3's ensemble, one blob a map by one of `reference_decoders`.

    A clip of fewer frames than a window has is seen in one window, whatever `overlap` says.
    """

    def __init__(self, release: Release, decoder: str, overlap: Overlap = "none"):
        config = release.config
        self.name, self.background = config.name, config.background
        self.network_size, self.fit = (config.width, config.height), "stretch"
        self._release, self._decoder = release, decoder
        self._overlap: Overlap = overlap if config.outputs > 1 else "none"
        self._variables = jax.device_put(release.variables)
        self.step, self.lag = config.outputs, config.outputs - 1

    def track(self, video: PreparedVideo) -> Iterator[Row]:
        for number, probabilities in enumerate(self._maps(video), start=video.first):
            xy, confidence = decode_maps(probabilities, self._decoder)
            found = bool(confidence > 0)
            x, y = video.placement.to_source(xy.astype(np.float64)).tolist()
            yield Row(number, x, y, float(confidence), "detected" if found else "")

    def _maps(self, video: PreparedVideo) -> Iterator[np.ndarray]:
        """The map (H, W) of each frame."""
        length, outputs = self._release.config.frames, self._release.config.outputs
        maps_of = partial(
            window_maps, self._release.model, self._variables, decoder=self._decoder, length=length
        )
        background = jax.device_put(video.background)

        def seen(frames: list[np.ndarray]) -> np.ndarray:
            return np.asarray(maps_of(np.stack(frames), np.zeros(1, np.int32), background))[0]

        if self._overlap == "none":
            for window in windows(video.frames, length, outputs):
                yield from seen(window.frames)[-window.new :]
            return
        every = windows(video.frames, length, 1)
        head = list(islice(every, length))  # the first length - 1 begin before the first frame
        if len(head) < length:
            yield from seen(head[-1].frames)[-len(head) :] if head else ()
            return
        complete = chain(head[-1:], every)
        yield from legacy_ensemble((seen(window.frames) for window in complete), self._overlap)
