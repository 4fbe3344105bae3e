"""Tracking straight to files: CSV, overlay video and picture, written while the video streams by."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.data.video import FrameReader, VideoSource, is_live, open_frames
from tracknet_jax.files import replacing
from tracknet_jax.prefetch import Prefetch
from tracknet_jax.tracking.background import find_background
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.geometry import Placement
from tracknet_jax.tracking.overlay import OverlayVideo, overlay_video
from tracknet_jax.tracking.plots import write_picture
from tracknet_jax.tracking.rectify import Rectification, rectified_rows
from tracknet_jax.tracking.sources import CSV_SUFFIX, OVERLAY_SUFFIX, PICTURE_SUFFIX
from tracknet_jax.tracking.track import CsvRows, Row, Track, TrackBuilder

ROWS_AHEAD = 64  # rows the tracker may be ahead of the files


@dataclass(frozen=True)
class OutputFiles:
    """Where the results of one video go; None: not wanted."""

    csv: Path
    video: Path | None = None
    picture: Path | None = None

    @classmethod
    def of(cls, folder: Path, stem: str, video: bool = True, picture: bool = True) -> "OutputFiles":
        """The usual names: `<stem>_ball.csv`, `<stem>_track.mp4`, `<stem>_track.png` in `folder`."""
        return cls(
            folder / f"{stem}{CSV_SUFFIX}",
            folder / f"{stem}{OVERLAY_SUFFIX}" if video else None,
            folder / f"{stem}{PICTURE_SUFFIX}" if picture else None,
        )

    def paths(self) -> list[Path]:
        return [path for path in (self.csv, self.video, self.picture) if path]


def track_to_files(
    tracker: FrameTracker,
    frames: FrameReader,
    source: VideoSource,
    files: OutputFiles,
    on_row: Callable[[Row], None] = lambda row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
) -> Track:
    """Tracks `frames` (BGR, opened from `source`) and writes the files as the rows come.

    Memory does not grow with the video's length but for the rows themselves: the overlay reads the video a
    second time rather than keep full frames until their rows are known; of a camera or stream it keeps those
    few. An interrupt ends a camera or stream like an end of file; a file's results are then discarded.

    Args:
        on_row: called with every row, in order.
        background: an image for networks that want one, see `find_background`.
        rectification: how gaps are filled. Rows then come about a second later; see `rectified_rows` for why that
            keeps memory constant and needs no further pass.

    Raises:
        UserError: the video cannot be decoded or a file cannot be written; no half-written file stays.
    """
    builder, middle = TrackBuilder(frames.fps, frames.size), MiddleFrame()
    placement = tracker.place(frames.size)
    with ExitStack() as stack:
        stream, draw = _overlay(middle.watch(frames), frames, source, files.video, stack)
        table = stack.enter_context(_csv_rows(files.csv))
        again = None if is_live(source) else partial(open_frames, source, frames.start, frames.end)
        image = find_background(tracker, placement, background, again)
        rows = tracker.track(PreparedVideo(_prepared(stream, placement), placement, frames.start, image))
        if rectification is not None:
            rows = rectified_rows(rows, frames.size, float(frames.fps), rectification)
        try:
            for row in stack.enter_context(Prefetch(rows, ROWS_AHEAD)):
                builder.add(row)
                table.write(row)
                draw(row)
                on_row(row)
        except KeyboardInterrupt:
            if not is_live(source):
                raise
    track = builder.build()
    if files.picture:
        write_picture(cv2.cvtColor(middle.frame(), cv2.COLOR_BGR2RGB), track, files.picture)
    return track


class MiddleFrame:
    """Watches a stream of unknown length and keeps four frames of it, one of them near its middle."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, np.ndarray]] = []
        self._spacing, self._count = 1, 0

    def watch(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Passes the frames on."""
        for frame in frames:
            if self._count % self._spacing == 0:
                self._kept.append((self._count, frame.copy()))  # the overlay may draw on this one
                if len(self._kept) > 4:
                    self._kept = self._kept[::2]
                    self._spacing *= 2
            self._count += 1
            yield frame

    def frame(self) -> np.ndarray:
        """The kept frame nearest to the middle of what was watched."""
        return min(self._kept, key=lambda kept: abs(kept[0] - self._count / 2))[1]


def _prepared(frames: Iterable[np.ndarray], placement: Placement) -> Iterator[np.ndarray]:
    """Frames as the network takes them. Colours change order after the resize, where that is cheap."""
    for frame in frames:
        yield cv2.cvtColor(placement.to_network(frame), cv2.COLOR_BGR2RGB)


def _overlay(
    stream: Iterator[np.ndarray],
    frames: FrameReader,
    source: VideoSource,
    path: Path | None,
    stack: ExitStack,
) -> tuple[Iterator[np.ndarray], Callable[[Row], None]]:
    """The stream for the tracker, and what draws its rows on the overlay video, if one is wanted."""
    if path is None:
        return stream, lambda row: None
    video = stack.enter_context(overlay_video(path, frames.fps, frames.size))
    stream, pictures = _twice(stream, frames, source, stack)
    return stream, partial(_draw_next, video, pictures)


def _twice(
    stream: Iterator[np.ndarray], frames: FrameReader, source: VideoSource, stack: ExitStack
) -> tuple[Iterator[np.ndarray], Iterator[np.ndarray]]:
    """The stream for the tracker, and the same frames once more for the overlay."""
    if not is_live(source):
        again = stack.enter_context(closing(open_frames(source, frames.start, order="bgr")))
        return stream, stack.enter_context(Prefetch(again, depth=4))
    kept: deque[np.ndarray] = deque()

    def keep() -> Iterator[np.ndarray]:
        for frame in stream:
            kept.append(frame)
            yield frame

    return keep(), (kept.popleft() for _ in count())


def _draw_next(video: OverlayVideo, pictures: Iterator[np.ndarray], row: Row) -> None:
    frame = next(pictures, None)
    if frame is not None:  # a damaged file may decode to fewer frames the second time
        video.write(frame, row)


@contextmanager
def _csv_rows(path: Path) -> Iterator[CsvRows]:
    with replacing(path) as partial_path, partial_path.open("w", newline="") as file:
        yield CsvRows(file)
