"""Tracking a ball: a release, options, and a stream of frames make one row a frame."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import jax
import numpy as np

from tracknet_jax.data.capture import is_live
from tracknet_jax.data.video import VideoSource, open_frames
from tracknet_jax.decoding import SEVERAL
from tracknet_jax.errors import UserError
from tracknet_jax.prefetch import Prefetch
from tracknet_jax.releases import Release, load_release
from tracknet_jax.tracking import detector, linking
from tracknet_jax.tracking.background import find_background, opening_background
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.geometry import Fit, Placement
from tracknet_jax.tracking.linking import Detection
from tracknet_jax.tracking.rectify import Method, rectification
from tracknet_jax.tracking.rectify import rectify as fill_gaps
from tracknet_jax.tracking.track import Row, Track, TrackBuilder
from tracknet_jax.tracking.windows import (
    Chunk,
    Overlap,
    Window,
    chunks,
    complete_windows,
    ensemble_weights,
    windows,
)

T = TypeVar("T")

CPU_BATCH, ACCELERATOR_BATCH = 1, 16  # windows in one step; more of them fit no CPU cache
IN_FLIGHT = 2  # steps handed to the device before the first one's result is waited for

Found = tuple[
    np.ndarray, np.ndarray
]  # a frame's candidates, positions (K, 2) in network pixels and confidences (K,)
NOTHING: Found = np.full((SEVERAL, 2), np.nan, np.float32), np.zeros(SEVERAL, np.float32)


@dataclass(frozen=True)
class TrackOptions:
    """How to track.

    Attributes:
        overlap: `none`: each frame is seen in one window; `average`, `weighted`: in every window that holds
            it, and the maps are averaged (weighted: more for the window's middle). L times the work.
        threshold: probability above which a pixel belongs to a ball.
        link: of several candidates take the one on a trajectory, see `linking.link`; then a ball may also be less
            probable than the threshold, or more and yet none. False: each frame's strongest blob.
        batch_size: windows in one step; None: 1 on a CPU or if live, 16 on an accelerator.
        fit: `auto`: stretch to the network's shape if the source's is within a quarter of it, else letterbox.
        live: give every row as soon as it is known, rather than work ahead.
    """

    overlap: Overlap = "none"
    threshold: float = 0.5
    link: bool = True
    batch_size: int | None = None
    fit: Fit = "auto"
    live: bool = False

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
        several = CPU_BATCH if jax.default_backend() == "cpu" else ACCELERATOR_BATCH
        batch = options.batch_size or (1 if options.live else several)
        # The windows pending at the end are decoded as one batch, so it must hold them.
        self._batch = batch if options.overlap == "none" else max(batch, config.outputs)
        self._variables = jax.device_put(release.variables)
        self._ahead: Any = nullcontext if options.live else Prefetch
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
        detect = partial(
            detector.detect_disjoint, self.release.model, self._variables, several=self.options.link
        )

        with self._ahead(self._batches(videos)) as batches:
            results = (
                (batch, detect(batch.windows, self.options.threshold, batch.inside, batch.background))
                for batch in batches
            )
            for batch, candidates in _run_ahead(results, self._in_flight()):
                yield from zip(batch.videos, _read(candidates, batch.keep), strict=True)

    def _batches(self, videos: Iterable[PreparedVideo]) -> Iterator["_Batch"]:
        config = self.release.config

        def windows_of_all() -> Iterator[tuple[PreparedVideo, Window]]:
            for video in videos:
                for window in windows(video.frames, config.frames, config.outputs):
                    yield video, window

        stream = windows_of_all()
        while batch := list(islice(stream, self._batch)):
            yield _Batch.of(batch, self._batch, config.outputs)

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
        for row in tracker.track(PreparedVideo(frames, placement, start, image)):
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


class _Batch(NamedTuple):
    """Windows of one video or several, and whose frames their maps are.

    `windows` (B, L, H, W, 3) uint8, `inside` (B, H, W) bool, `background` (B, H, W, 3) uint8 or None; `keep` are the
    indices (window, output) of the maps of new frames, and `videos` the video of each of these.
    """

    windows: np.ndarray
    inside: np.ndarray
    background: np.ndarray | None
    keep: tuple[np.ndarray, np.ndarray]
    videos: list[PreparedVideo]

    @classmethod
    def of(cls, windows: list[tuple[PreparedVideo, Window]], size: int, outputs: int) -> "_Batch":
        """`size` windows: the last one is repeated where there are fewer."""
        places = [
            (i, output, video)
            for i, (video, window) in enumerate(windows)
            for output in range(outputs - window.new, outputs)
        ]
        windows = windows + windows[-1:] * (size - len(windows))
        frames = np.stack([frame for _, window in windows for frame in window.frames])
        backgrounds = [video.background for video, _ in windows if video.background is not None]
        return cls(
            frames.reshape(size, -1, *frames.shape[1:]),
            np.stack([video.placement.inside() for video, _ in windows]),
            np.stack(backgrounds) if backgrounds else None,
            (np.array([i for i, *_ in places]), np.array([output for _, output, _ in places])),
            [video for *_, video in places],
        )


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
