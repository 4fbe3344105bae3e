"""Tracking a ball: a release, options, and a stream of frames make one row a frame."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal

import jax
import numpy as np

from tracknet_jax.data.video import VideoSource, is_live, open_frames
from tracknet_jax.decoding import Candidates
from tracknet_jax.errors import UserError
from tracknet_jax.prefetch import Prefetch
from tracknet_jax.releases import Release, load_release
from tracknet_jax.tracking import detector, linking
from tracknet_jax.tracking.background import find_background, opening_background
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.geometry import Fit, Placement
from tracknet_jax.tracking.linking import Detection
from tracknet_jax.tracking.rectify import Method, rectification
from tracknet_jax.tracking.rectify import rectify as fill_gaps
from tracknet_jax.tracking.track import Row, Track, TrackBuilder
from tracknet_jax.tracking.windows import (
    Chunk,
    Overlap,
    chunks,
    complete_windows,
    disjoint_plan,
    ensemble_weights,
)

CPU_BATCH, ACCELERATOR_BATCH = 4, 16  # windows in one step
IN_FLIGHT = 2  # steps handed to the device before the first one's result is waited for

Result = tuple[Candidates, np.ndarray]  # decoded maps, and the indices of those that are frames


@dataclass(frozen=True)
class TrackOptions:
    """How to track.

    Attributes:
        overlap: `none`: each frame is seen in one window; `average`, `weighted`: in every window that holds
            it, and the maps are averaged (weighted: more for the window's middle). L times the work.
        threshold: probability above which a pixel belongs to a ball.
        link: of several candidates take the one on a trajectory, see `linking.link`; then a ball may also be less
            probable than the threshold, or more and yet none. False: each frame's strongest blob.
        batch_size: windows in one step; None: 4 on a CPU, 16 on an accelerator.
        fit: `auto`: stretch to the network's shape if the source's is within a quarter of it, else letterbox.
    """

    overlap: Overlap = "none"
    threshold: float = 0.5
    link: bool = True
    batch_size: int | None = None
    fit: Fit = "auto"

    def __post_init__(self) -> None:
        if self.overlap not in ("none", "average", "weighted"):
            raise UserError(f"overlap {self.overlap!r}: choose none, average or weighted")
        if self.fit not in ("auto", "stretch", "letterbox"):
            raise UserError(f"fit {self.fit!r}: choose auto, stretch or letterbox")
        if not 0 < self.threshold < 1:
            raise UserError(f"threshold {self.threshold}: expected a probability between 0 and 1")
        if self.batch_size is not None and self.batch_size < 1:
            raise UserError(f"batch size {self.batch_size}: expected at least 1")


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
        default = CPU_BATCH if jax.default_backend() == "cpu" else ACCELERATOR_BATCH
        batch = options.batch_size or default
        # The windows pending at the end are decoded as one batch, so it must hold them.
        self._batch = batch if options.overlap == "none" else max(batch, config.outputs)
        self._variables = jax.device_put(release.variables)

    def track_prepared(
        self,
        frames: Iterable[np.ndarray],
        placement: Placement,
        first: int = 0,
        background: np.ndarray | None = None,
    ) -> Iterator[Row]:
        config = self.release.config
        if config.background != "none" and background is None:
            background, frames = opening_background(frames)
        disjoint = self.options.overlap == "none"
        advance = self._batch * (config.outputs if disjoint else 1)
        detect = self._disjoint if disjoint else self._ensemble
        with Prefetch(chunks(frames, config.frames, advance)) as pieces:
            found = _by_frame(_run_ahead(detect(pieces, placement.inside(), jax.device_put(background))))
            linked = self.options.link
            balls = linking.link(found, self.options.threshold, config.width) if linked else map(_only, found)
            yield from map(partial(_row, placement), count(first), balls)

    def _disjoint(
        self, pieces: Iterable[Chunk], inside: np.ndarray, background: jax.Array | None
    ) -> Iterator[Result]:
        length, outputs = self.release.config.frames, self.release.config.outputs
        detect = partial(
            detector.detect_disjoint,
            self.release.model,
            self._variables,
            length=length,
            several=self.options.link,
        )
        for chunk in pieces:
            starts, keep = disjoint_plan(chunk.count, self._batch, outputs)
            yield detect(chunk.frames, starts, self.options.threshold, inside, background), keep

    def _ensemble(
        self, pieces: Iterable[Chunk], inside: np.ndarray, background: jax.Array | None
    ) -> Iterator[Result]:
        config, batch = self.release.config, self._batch
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


def track_video(
    source: VideoSource,
    release: Release,
    options: TrackOptions = TrackOptions(),
    start: int = 0,
    end: int | None = None,
    background: str | Path | None = None,
) -> Track:
    """Tracks one video, image sequence or stream from frame `start` up to `end` (half-open).

    For many videos make one `Tracker` and call `track_source` with it: it compiles once.

    Raises:
        UserError: `source` cannot be read.
    """
    return track_source(Tracker(release, options), source, start, end, background)


def track_source(
    tracker: FrameTracker,
    source: VideoSource,
    start: int = 0,
    end: int | None = None,
    background: str | Path | None = None,
) -> Track:
    """As `track_video`, with a tracker that already exists."""
    with closing(open_frames(source, start, end)) as reader:
        placement = tracker.place(reader.size)
        again = None if is_live(source) else partial(open_frames, source, start, end)
        image = find_background(tracker, placement, background, again)
        frames = map(placement.to_network, reader)
        builder = TrackBuilder(reader.fps, reader.size)
        for row in tracker.track_prepared(frames, placement, start, image):
            builder.add(row)
        return builder.build()


def track(
    video: VideoSource,
    checkpoint: str | Path = "tracknet_nano",
    *,
    start: int = 0,
    end: int | None = None,
    overlap: Overlap = "none",
    threshold: float = 0.5,
    link: bool = True,
    batch_size: int | None = None,
    fit: Fit = "auto",
    background: str | Path | None = None,
    rectify: Method | Literal["none"] = "none",
    rectifier: str | Path | None = None,
    max_gap: float = 0.5,
) -> Track:
    """Finds the ball in every frame of a video.

    Args:
        video: path, folder of images, image files in order, stream address or camera index.
        checkpoint: name of a shipped release, or the folder of a release or training run.
        start, end: frame numbers, half-open.
        overlap, threshold, link, batch_size, fit: see `TrackOptions`.
        background: an image of the scene without players and ball, for networks that want one (V3); None:
            the median of the frames, from a first pass over the video.
        rectify: how gaps of at most `max_gap` seconds are filled: "physics" (arcs of flight where both sides
            agree), "linear", or "net" with the weights `rectifier` (a shipped one's name, or a folder).

    Raises:
        UserError: the video or the checkpoint cannot be used; the message is one line.

    Example:
        track = tracknet_jax.track("rally.mp4")
        print(track.x[track.visible], track.fps)
        track.to_csv("rally_ball.csv")
    """
    options = TrackOptions(overlap, threshold, link, batch_size, fit)
    filling = rectification(rectify, rectifier, max_gap)
    found = track_video(video, load_release(checkpoint), options, start, end, background)
    return found if filling is None else fill_gaps(found, filling)


def _run_ahead(results: Iterable[Result]) -> Iterator[Result]:
    """Keeps `IN_FLIGHT` steps on the device, so that it works while results are read and written."""
    waiting: deque[Result] = deque()
    for result in results:
        waiting.append(result)
        if len(waiting) == IN_FLIGHT:
            yield waiting.popleft()
    yield from waiting


def _by_frame(results: Iterable[Result]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each frame's candidates, positions (K, 2) in network pixels and confidences (K,)."""
    for candidates, keep in results:
        xy, confidence = jax.device_get(candidates)
        yield from zip(xy[keep], confidence[keep], strict=True)


def _only(candidates: tuple[np.ndarray, np.ndarray]) -> Detection | None:
    ((x, y),), (confidence,) = (array.tolist() for array in candidates)
    return Detection(x, y, confidence) if confidence > 0 else None


def _row(placement: Placement, number: int, ball: Detection | None) -> Row:
    if ball is None:
        return Row(number, np.nan, np.nan, 0.0)
    x, y = placement.to_source(np.array(ball[:2])).tolist()
    return Row(number, x, y, ball.confidence, "detected")
