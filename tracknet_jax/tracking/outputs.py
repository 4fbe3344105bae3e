"""Tracking straight to files: CSV, overlay video and picture, written while the video streams by."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.rectification.rectify import Rectification, rectified_rows
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.named_videos import CSV_SUFFIX, OVERLAY_SUFFIX, PICTURE_SUFFIX
from tracknet_jax.tracking.placement import Placement
from tracknet_jax.tracking.video_background import find_background
from tracknet_jax.tracks.overlay import Overlay, overlay_video
from tracknet_jax.tracks.picture import write_picture
from tracknet_jax.tracks.track import CsvRows, Row, Track, TrackBuilder
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.capture import is_live
from tracknet_jax.video.live_reader import LiveReader
from tracknet_jax.video.readers import FrameReader, VideoSource, open_frames

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

    def finished(self) -> bool:
        """Whether all of them are there. They are written beside and renamed, so then they are whole."""
        return all(path.is_file() for path in self.paths())


@dataclass(frozen=True, eq=False, kw_only=True)
class Recording(PreparedVideo):
    """A video on its way through a tracker, with what its results are made of.

    Attributes:
        reader: where its frames come from, BGR.
        source: what the reader was opened from.
        middle: has watched the frames.
    """

    reader: FrameReader | LiveReader
    source: VideoSource
    middle: "MiddleFrame"


def prepare(
    tracker: FrameTracker,
    reader: FrameReader | LiveReader,
    source: VideoSource,
    background: Path | None = None,
) -> Recording:
    """The frames of `reader` (BGR, opened from `source`) as `tracker` takes them, and its background if it wants one.

    Args:
        background: an image of it, see `find_background`.
    """
    placement, middle = tracker.place(reader.size), MiddleFrame()
    again = None if is_live(source) else partial(open_frames, source, reader.start, reader.end)
    return Recording(
        prepared(middle.watch(reader), placement),
        placement,
        reader.start,
        find_background(tracker, placement, background, again),
        reader=reader,
        source=source,
        middle=middle,
    )


def prepared(frames: Iterable[np.ndarray | None], placement: Placement) -> Iterator[np.ndarray | None]:
    """BGR frames as the network takes them. Colours change order after the resize, where that is cheap."""
    for frame in frames:
        yield None if frame is None else cv2.cvtColor(placement.to_network(frame), cv2.COLOR_BGR2RGB)


def track_to_files(
    tracker: FrameTracker,
    frames: FrameReader,
    source: VideoSource,
    files: OutputFiles,
    on_row: Callable[[Row], None] = lambda row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
) -> Track:
    """Tracks `frames` (BGR, opened from `source`, which can be read again) and writes the files as the rows come.

    Args:
        on_row: called with every row, in order.
        background: an image for networks that want one, see `find_background`.
        rectification: how gaps are filled.

    Raises:
        UserError: the video cannot be decoded or a file cannot be written; no half-written file stays.
    """
    recording = prepare(tracker, frames, source, background)
    with Prefetch(tracker.track(recording), ROWS_AHEAD) as rows:
        return write_results(rows, recording, files, on_row, rectification)


def write_results(
    rows: Iterable[Row],
    recording: Recording,
    files: OutputFiles,
    on_row: Callable[[Row], None] = lambda row: None,
    rectification: Rectification | None = None,
    show: Callable[[np.ndarray], None] | None = None,
    pictures: Iterator[np.ndarray | None] | None = None,
    times: Iterable[float | None] | None = None,
) -> Track:
    """Writes the files of a video while its rows come.

    Memory does not grow with the video's length but for the rows themselves: the overlay reads the video a second time
    rather than keep full frames until their rows are known.

    Args:
        on_row: called with every row, in order.
        rectification: how gaps are filled. Rows then come about a second later; see `rectified_rows` for why that
            keeps memory constant and needs no further pass.
        show: called with every frame that the overlay is drawn on.
        pictures: the full frames, one for each row, of a source that cannot be read a second time; in place of a
            dropped one (None) the overlay repeats the one before.
        times: seconds at which the rows' frames arrived, for the table.
    """
    reader = recording.reader
    builder = TrackBuilder(reader.fps, reader.size)
    if rectification is not None:
        rows = rectified_rows(rows, reader.size, float(reader.fps), rectification)
    with ExitStack() as stack:
        draw = _drawing(recording, files.video, pictures, show, stack)
        table = stack.enter_context(_csv_rows(files.csv, timed=times is not None))
        for row, time in zip(rows, repeat(None) if times is None else times, strict=False):
            builder.add(row)
            table.write(row, time)
            draw(row)
            on_row(row)
    track = builder.build()
    middle = recording.middle.frame()
    if files.picture and middle is not None:
        write_picture(cv2.cvtColor(middle, cv2.COLOR_BGR2RGB), track, files.picture)
    return track


class MiddleFrame:
    """Watches a stream of unknown length and keeps four frames of it, one of them near its middle."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, np.ndarray]] = []
        self._spacing, self._count = 1, 0

    def watch(self, frames: Iterable[np.ndarray | None]) -> Iterator[np.ndarray | None]:
        """Passes the frames on; None is one that was dropped."""
        for frame in frames:
            if frame is not None and self._count >= (self._kept[-1][0] + self._spacing if self._kept else 0):
                self._kept.append((self._count, frame.copy()))  # the overlay may draw on this one
                if len(self._kept) > 4:
                    self._kept = self._kept[::2]
                    self._spacing *= 2
            self._count += 1
            yield frame

    def frame(self) -> np.ndarray | None:
        """The kept frame nearest to the middle of what was watched; None if nothing was."""
        nearest = sorted(self._kept, key=lambda kept: abs(kept[0] - self._count / 2))
        return nearest[0][1] if nearest else None


def _drawing(
    recording: Recording,
    path: Path | None,
    pictures: Iterator[np.ndarray | None] | None,
    show: Callable[[np.ndarray], None] | None,
    stack: ExitStack,
) -> Callable[[Row], None]:
    """What draws each row on its frame, for the overlay video, for the window, or for both."""
    if path is None and show is None:
        return lambda row: None
    reader = recording.reader
    if pictures is None:
        again = stack.enter_context(closing(open_frames(recording.source, reader.start, order="bgr")))
        pictures = stack.enter_context(Prefetch(again, depth=4))
    overlay = Overlay(reader.fps, reader.size)
    video = None if path is None else stack.enter_context(overlay_video(path, reader.fps, reader.size))

    def draw_next(row: Row) -> None:
        for frame in islice(pictures, 1):  # none if a damaged file decodes to fewer frames the second time
            if frame is not None:
                overlay.draw(frame, row)
                if show:
                    show(frame)
            if video:
                video.write(frame)

    return draw_next


@contextmanager
def _csv_rows(path: Path, timed: bool) -> Iterator[CsvRows]:
    with replacing(path) as partial_path, partial_path.open("w", newline="") as file:
        yield CsvRows(file, timed)
