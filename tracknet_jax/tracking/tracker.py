"""Tracking with a network: a release, options, and streams of frames make one row a frame."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from itertools import count, groupby
from operator import itemgetter
from typing import Any, TypeVar

import jax
import numpy as np
from flax import linen as nn

from tracknet_jax.heatmaps.decoding import SEVERAL
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking import detector, linking
from tracknet_jax.tracking.batches import Batch, batches
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.linking import Detection
from tracknet_jax.tracking.placement import Placement
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.video_background import opening_background
from tracknet_jax.tracking.windows import Chunk, chunks, complete_windows, ensemble_weights
from tracknet_jax.tracks.track import Row
from tracknet_jax.utils.threads import Prefetch, cores, map_in_threads

T = TypeVar("T")

CPU_BATCH, ACCELERATOR_BATCH = 1, 16  # windows in one step; more of them fit no CPU cache
IN_FLIGHT = 2  # steps handed to the device before the first one's result is waited for
# At once, at most, and no more than one beyond the cores: a step by itself leaves cores idle, in layers too small to
# divide and while its result is read.
CPU_STEPS = 4

# a frame's candidates, positions (K, 2) in network pixels and confidences (K,)
Found = tuple[np.ndarray, np.ndarray]
NOTHING: Found = np.full((SEVERAL, 2), np.nan, np.float32), np.zeros(SEVERAL, np.float32)


class Tracker(FrameTracker):
    """A release made ready to track; compiles at the first frames, once for all videos.

    Example:
        tracker = Tracker(tracknet_jax.load("tracknet_nano"), TrackOptions(overlap="weighted"))
        track_source(tracker, "rally.mp4").to_csv("rally_ball.csv")
    """

    def __init__(self, release: Release, options: TrackOptions = TrackOptions()):
        self.release, self.options = release, options
        config = release.config
        self.name, self.background = config.name, config.background
        self.network_size, self.fit = (config.width, config.height), options.fit
        several = CPU_BATCH if jax.default_backend() == "cpu" else ACCELERATOR_BATCH
        batch = options.batch_size or (1 if options.live else several)
        # The windows pending at the end are decoded as one batch, so it must hold them.
        self._batch = batch if options.overlap == "none" else max(batch, config.outputs)
        self._variables = jax.device_put(release.variables)
        self._ahead: Any = nullcontext if options.live else Prefetch
        # A network of another runtime is called back out of the program: it would wait for a thread of JAX's for ever,
        # were all of them taken by steps that wait for theirs.
        own = isinstance(release.model, nn.Module)
        beside = jax.default_backend() == "cpu" and own and not options.live
        self._at_once = min(cores() + 1, CPU_STEPS) if beside else 1
        waiting = config.outputs - 1  # for a frame's last window
        self.step = self._batch * config.outputs if options.overlap == "none" else self._batch
        self.lag = self.step - 1 + (0 if options.overlap == "none" else waiting) + linking.LAG * options.link

    def track_videos(self, videos: Iterable[PreparedVideo]) -> Iterator[tuple[PreparedVideo, Row]]:
        """As in `FrameTracker`; where each frame is seen once, a batch may hold windows of several videos.

        A video for a network that wants a background brings one.
        """
        if self.options.overlap != "none":
            yield from super().track_videos(videos)
            return
        with closing(self._disjoint(videos)) as found:
            for video, frames in groupby(found, itemgetter(0)):
                for row in self._rows(video, map(itemgetter(1), frames)):
                    yield video, row

    def track(self, video: PreparedVideo) -> Iterator[Row]:
        background, frames = video.background, video.frames
        if self.background != "none" and background is None:
            background, frames = opening_background(frames)
        with closing(self._by_segment(replace(video, frames=frames, background=background))) as found:
            yield from self._rows(video, found)

    def _rows(self, video: PreparedVideo, found: Iterable[Found | None]) -> Iterator[Row]:
        """The row of each frame, of its candidates; None: it was dropped."""
        dropped: deque[bool] = deque()

        def watched() -> Iterator[Found]:
            for candidates in found:
                dropped.append(candidates is None)
                yield NOTHING if candidates is None else candidates

        linked, options = self.options.link, self.options
        width = self.release.config.width
        balls = linking.link(watched(), options.threshold, width) if linked else map(_only, watched())
        for number, ball in zip(count(video.first), balls, strict=False):
            yield _row(video.placement, number, ball, dropped.popleft())

    def _by_segment(self, video: PreparedVideo) -> Generator[Found | None, None, None]:
        """Each frame's candidates, None for one that was dropped; behind it windows begin anew."""
        for is_dropped, frames in groupby(video.frames, lambda frame: frame is None):
            if is_dropped:
                yield from (None for _ in frames)
            elif self.options.overlap == "none":
                yield from map(itemgetter(1), self._disjoint([replace(video, frames=frames)]))
            else:
                yield from self._ensemble(replace(video, frames=frames))

    def _disjoint(
        self, videos: Iterable[PreparedVideo]
    ) -> Generator[tuple[PreparedVideo, Found], None, None]:
        """Each frame's candidates beside its video; batches go on from one video to the next."""
        config = self.release.config
        detect = partial(
            detector.detect_disjoint, self.release.model, self._variables, several=self.options.link
        )

        def step(batch: Batch) -> tuple[Batch, Any]:
            return batch, detect(batch.windows, self.options.threshold, batch.inside, batch.background)

        with self._ahead(batches(videos, config.frames, config.outputs, self._batch)) as waiting:
            for batch, candidates in self._computed(step, waiting):
                yield from zip(batch.videos, _read(candidates, batch.keep), strict=True)

    def _computed(self, step: Callable[[Batch], T], waiting: Iterable[Batch]) -> Iterator[T]:
        """The results of `step`, in order; on a CPU several are computed at once."""
        if self._at_once > 1:
            return map_in_threads(lambda batch: jax.block_until_ready(step(batch)), waiting, self._at_once)
        return _run_ahead(map(step, waiting), self._in_flight())

    def _in_flight(self) -> int:
        return 1 if self.options.live else IN_FLIGHT

    def _ensemble(self, video: PreparedVideo) -> Iterator[Found]:
        """Each frame's candidates in the mean of its windows' maps."""
        with self._ahead(chunks(video.frames, self.release.config.frames, self._batch)) as pieces:
            for candidates, keep in _run_ahead(self._mean_maps(video, pieces), self._in_flight()):
                yield from _read(candidates, keep)

    def _mean_maps(self, video: PreparedVideo, pieces: Iterable[Chunk]) -> Iterator[tuple[Any, np.ndarray]]:
        """Decoded maps, and the indices of those that are frames."""
        config, batch = self.release.config, self._batch
        inside, background = video.placement.inside(), jax.device_put(video.background)
        threshold, several = self.options.threshold, self.options.link
        add = partial(detector.add_windows, self.release.model, self._variables, length=config.frames)
        weights = ensemble_weights(self.options.overlap, config.outputs)
        pending = detector.no_pending(config.outputs, config.height, config.width)
        delay = config.outputs - 1  # a frame's last window ends this many frames later
        known = 0  # maps from the chunk's first one on that belong to real frames
        for chunk in pieces:
            complete = complete_windows(chunk, batch, config.outputs)
            maps, pending = add(chunk.frames, complete, weights, pending, background)
            # Map i is that of frame `chunk.first - delay + i`.
            known = chunk.count + delay
            keep = np.arange(max(0, delay - chunk.first), min(batch, known))
            yield detector.decode(maps, threshold, inside, several=several), keep
        if known > batch:
            maps = detector.pending_means(pending, batch)
            yield detector.decode(maps, threshold, inside, several=several), np.arange(known - batch)


def _run_ahead(results: Iterable[T], depth: int) -> Iterator[T]:
    """Keeps `depth` steps on the device, so that it works while results are read and written."""
    waiting: deque[T] = deque()
    for result in results:
        waiting.append(result)
        if len(waiting) == depth:
            yield waiting.popleft()
    yield from waiting


def _read(candidates: Any, keep: Any) -> Iterator[Found]:
    """The candidates of the maps `keep`, one map after the other."""
    xy, confidence = jax.device_get(candidates)
    return zip(xy[keep], confidence[keep], strict=True)


def _only(candidates: Found) -> Detection | None:
    """The first of them, if there is one."""
    (x, y), confidence = candidates[0][0].tolist(), float(candidates[1][0])
    return Detection(x, y, confidence) if confidence > 0 else None


def _row(placement: Placement, number: int, ball: Detection | None, dropped: bool) -> Row:
    if ball is None:
        return Row(number, np.nan, np.nan, 0.0, "dropped" if dropped else "")
    x, y = placement.to_source(np.array(ball[:2])).tolist()
    return Row(number, x, y, ball.confidence, "detected")
