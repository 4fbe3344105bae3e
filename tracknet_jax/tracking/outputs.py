"""Tracking straight to files: CSV, overlay video and picture, written while the frames come."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.rectification.rectify import Rectification, rectified_rows
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.named_videos import CSV_SUFFIX, OVERLAY_SUFFIX, PICTURE_SUFFIX
from tracknet_jax.tracking.prepared_video import Frame, PreparedVideo, prepare
from tracknet_jax.tracks.flight_picture import write_flight_picture
from tracknet_jax.tracks.overlay import Overlay, overlay_video
from tracknet_jax.tracks.track import Row, Track, csv_rows
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.readers import VideoSource, open_frames

ROWS_AHEAD = 64  # rows that the tracker may be ahead of the files


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
        """Whether all of them exist. A file appears only when it is complete."""
        return all(path.is_file() for path in self.paths())


def track_to_files(
    tracker: FrameTracker,
    source: VideoSource,
    files: OutputFiles,
    on_row: Callable[[Row], None] = lambda row: None,
    start: int = 0,
    end: int | None = None,
) -> Track:
    """Tracks the frames of a recording from `start` up to `end` and writes the files as the rows come.

    Args:
        on_row: called with every row, in order.

    Raises:
        UserError: the video cannot be decoded or a file cannot be written; no half-written file stays.
    """
    with closing(open_frames(source, start, end, order="bgr")) as reader:
        video = prepare(tracker.view, reader)
        with Prefetch(tracker.track(video), ROWS_AHEAD) as tracked:
            return write_results(tracked, video, files, lambda frame, row: on_row(row))


def write_results(
    tracked: Iterable[tuple[Frame, Row]],
    video: PreparedVideo,
    files: OutputFiles,
    on_row: Callable[[Frame, Row], None] = lambda frame, row: None,
    rectification: Rectification | None = None,
    show: Callable[[Frame], None] | None = None,
) -> Track:
    """Writes the files of a video while its rows come.

    Memory does not grow with the video's length, except for the rows themselves. The frames of a recording are read a
    second time for the overlay, because keeping them until their rows are known would take too much memory.

    Args:
        on_row: called with every frame and its row, in order.
        rectification: how gaps are filled. The rows then come about a second later, see `rectified_rows`.
        show: called with every frame after the overlay is drawn on its picture.
    """
    reader = video.reader
    if rectification is not None:
        tracked = rectified_rows(tracked, reader.size, float(reader.fps), rectification)
    with ExitStack() as stack:
        if not video.live and (files.video or show):
            tracked = _with_pictures(tracked, video, stack)
        draw = _drawing(video, files.video, show, stack)
        table = stack.enter_context(csv_rows(files.csv, video.live))

        def written() -> Iterator[Row]:
            for frame, row in tracked:
                on_row(frame, row)
                table.write(row, frame.time)
                draw(frame, row)
                yield row

        track = Track.of(written(), reader.fps, reader.size)
    middle = video.middle.frame()
    if files.picture and middle is not None:
        write_flight_picture(cv2.cvtColor(middle, cv2.COLOR_BGR2RGB), track, files.picture)
    return track


def _with_pictures(
    tracked: Iterable[tuple[Frame, Row]], video: PreparedVideo, stack: ExitStack
) -> Iterator[tuple[Frame, Row]]:
    """Reads a recording again; a damaged one may give fewer frames than the first time."""
    again = video.reader.again()
    assert again is not None
    pictures: Iterator[np.ndarray] = stack.enter_context(
        Prefetch(stack.enter_context(closing(again)), depth=4)
    )
    return ((frame._replace(picture=next(pictures, None)), row) for frame, row in tracked)


def _drawing(
    video: PreparedVideo, path: Path | None, show: Callable[[Frame], None] | None, stack: ExitStack
) -> Callable[[Frame, Row], None]:
    """What draws each row on its frame's picture, for the overlay video, for the window, or for both."""
    if path is None and show is None:
        return lambda frame, row: None
    fps, size = video.reader.fps, video.reader.size
    overlay = Overlay(fps, size)
    write = None if path is None else stack.enter_context(overlay_video(path, fps, size))

    def draw(frame: Frame, row: Row) -> None:
        if frame.picture is not None:
            overlay.draw(frame.picture, row)
            if show:
                show(frame)
        if write:
            write(frame.picture)

    return draw
