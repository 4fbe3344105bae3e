"""Tracking with a network: frames in, windows, batches, the network, candidates, linking, rows out."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

import jax
import numpy as np
from flax import linen as nn

from tracknet_jax.heatmaps.decoding import Candidates
from tracknet_jax.heatmaps.ensemble import ensemble_weights
from tracknet_jax.releases.release import Release
from tracknet_jax.tracking import detector
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.linking import LAG, Detection, link
from tracknet_jax.tracking.prepared_video import Frame, View
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.windows import Batch, Chunk, batches, chunks, complete_windows, runs
from tracknet_jax.tracks.track import Row
from tracknet_jax.utils.threads import Prefetch, cores, map_in_threads

T = TypeVar("T")

CPU_BATCH, ACCELERATOR_BATCH = 1, 16  # windows in one step; more of them do not fit a CPU's cache
IN_FLIGHT = 2  # steps handed to the device before the first one's result is waited for
# Steps at once on a CPU, at most, and at most one more than there are cores. One step alone leaves cores idle: in
# layers that are too small to divide, and while its result is read.
CPU_STEPS = 4


class Tracker(FrameTracker):
    """A release made ready to track; compiles at the first frames, once for all videos.

    Example:
        tracker = Tracker(tracknet_jax.load("tracknet_nano"), TrackOptions(overlap="weighted"))
        track_source(tracker, "rally.mp4").to_csv("rally_ball.csv")
    """

    def __init__(self, release: Release, options: TrackOptions = TrackOptions()):
        self.release, self.options = release, options
        config, on_cpu = release.config, jax.default_backend() == "cpu"
        self.view = View(config.name, (config.width, config.height), options.fit, config.background)
        self._overlaps = options.overlap != "none"
        usual = 1 if options.live else CPU_BATCH if on_cpu else ACCELERATOR_BATCH
        # The windows that are pending at a run's end are decoded as one batch, so it must hold them.
        self._batch = max(options.batch_size or usual, config.outputs if self._overlaps else 1)
        self._variables = jax.device_put(release.variables)
        # A network of another runtime is called from inside the program. It would wait for one of JAX's threads for
        # ever if all of them were taken by steps that wait for theirs.
        runs_in_jax = isinstance(release.model, nn.Module)
        self._steps = min(cores() + 1, CPU_STEPS) if on_cpu and runs_in_jax and not options.live else 1
        self.step = self._batch if self._overlaps else self._batch * config.outputs
        for_last_window = config.outputs - 1 if self._overlaps else 0
        self.lag = self.step - 1 + for_last_window + LAG * options.link

    def track(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Row], None, None]:
        """See `FrameTracker`. Without overlap one batch may hold windows of several videos."""
        find = self._in_ensemble if self._overlaps else self._in_batches
        with closing(find(frames)) as found:
            for _, of_video in groupby(found, attrgetter("video")):
                for frame, ball in self._balls(of_video):
                    yield frame, _row(frame, ball)

    def _balls(self, found: Iterator[Frame]) -> Iterator[tuple[Frame, Detection | None]]:
        """The frames of one video, each with its ball."""
        if self.options.link:
            return link(found, self.options.threshold, self.release.config.width)
        return ((frame, _strongest(frame)) for frame in found)

    def _in_batches(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames with their candidates, each from the one window in which it is new."""
        config = self.release.config
        with self._ahead(batches(frames, config.frames, config.outputs, self._batch)) as waiting:
            for batch, candidates in self._computed(waiting):
                yield from _with_candidates(batch.frames, candidates, batch.keep)

    def _computed(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Candidates | None]]:
        """The batches with their candidates on the device, in order; on a CPU several are computed at once."""
        if self._steps > 1:
            return map_in_threads(
                lambda batch: jax.block_until_ready(self._detect(batch)), batches, self._steps
            )
        return self._run_ahead(map(self._detect, batches))

    def _detect(self, batch: Batch) -> tuple[Batch, Candidates | None]:
        if batch.windows is None:
            return batch, None
        detect = partial(detector.detect_disjoint, self.release.model, self._variables)
        threshold, several = self.options.threshold, self.options.link
        return batch, detect(batch.windows, threshold, batch.inside, batch.background, several=several)

    def _in_ensemble(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames with their candidates, each from the mean map of all windows that hold it."""
        for seen, run in runs(frames):
            if not seen:
                yield from run
                continue
            with self._ahead(chunks(run, self.release.config.frames, self._batch)) as waiting:
                for ready, candidates, keep in self._run_ahead(self._mean_maps(waiting)):
                    yield from _with_candidates(ready, candidates, keep)

    def _mean_maps(self, chunks: Iterable[Chunk]) -> Iterator[tuple[list[Frame], Candidates, np.ndarray]]:
        """Of one run: frames that no later window holds, the candidates of all maps, the indices of the frames'."""
        config, batch = self.release.config, self._batch
        add = partial(detector.add_windows, self.release.model, self._variables, length=config.frames)
        weights = ensemble_weights(self.options.overlap, config.outputs)
        pending = detector.no_pending(config.outputs, config.height, config.width)
        delay = config.outputs - 1  # a frame's last window ends this many frames later
        waiting: list[Frame] = []
        for chunk in chunks:
            video = chunk.frames[0].video
            background = jax.device_put(video.background)
            complete = complete_windows(chunk, batch, config.outputs)
            maps, pending = add(chunk.images, complete, weights, pending, background)
            waiting += chunk.frames
            # Map i belongs to the frame at position `chunk.first - delay + i` of the run.
            keep = np.arange(max(0, delay - chunk.first), min(batch, len(chunk.frames) + delay))
            yield waiting[: len(keep)], self._decode(maps, video.placement.inside()), keep
            del waiting[: len(keep)]
        if waiting:
            maps = detector.pending_means(pending, batch)
            keep = np.arange(len(waiting))
            yield waiting, self._decode(maps, waiting[0].video.placement.inside()), keep

    def _decode(self, maps: jax.Array, inside: np.ndarray) -> Candidates:
        return detector.decode(maps, self.options.threshold, inside, several=self.options.link)

    def _ahead(self, pieces: Iterable[T]) -> AbstractContextManager[Iterable[T]]:
        """Reads the pieces in a thread, except live: there nothing may wait between the reader and the network."""
        return nullcontext(pieces) if self.options.live else Prefetch(pieces)

    def _run_ahead(self, steps: Iterable[T]) -> Iterator[T]:
        """Keeps some steps on the device, so that it works while the host reads results and writes rows."""
        depth = 1 if self.options.live else IN_FLIGHT
        waiting: deque[T] = deque()
        for step in steps:
            waiting.append(step)
            if len(waiting) == depth:
                yield waiting.popleft()
        yield from waiting


def _with_candidates(frames: list[Frame], candidates: Candidates | None, keep: Any) -> Iterator[Frame]:
    """The frames with the candidates in the maps `keep`, and without their images; dropped frames as they are."""
    if candidates is None:
        yield from frames
        return
    xy, confidence = jax.device_get(candidates)
    for frame, *found in zip(frames, xy[keep], confidence[keep], strict=True):
        yield frame._replace(image=None, candidates=Candidates(*found))


def _strongest(frame: Frame) -> Detection | None:
    """The first candidate, if there is one."""
    if frame.candidates is None or not frame.candidates.confidence[0] > 0:
        return None
    x, y = frame.candidates.xy[0].tolist()
    return Detection(x, y, float(frame.candidates.confidence[0]))


def _row(frame: Frame, ball: Detection | None) -> Row:
    if ball is None:
        return Row(frame.number, np.nan, np.nan, 0.0, "dropped" if frame.candidates is None else "")
    x, y = frame.video.placement.to_source(np.array(ball[:2])).tolist()
    return Row(frame.number, x, y, ball.confidence, "detected")
