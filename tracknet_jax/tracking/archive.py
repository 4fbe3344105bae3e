"""Tracking an archive: many videos through one tracker, divided among processes, each video once."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from tracknet_jax.rectification.rectify import Rectification
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.outputs import ROWS_AHEAD, OutputFiles, write_results
from tracknet_jax.tracking.prepared_video import Frame, PreparedVideo, prepare
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import cannot_write
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.capture import is_address
from tracknet_jax.video.folders import images_in
from tracknet_jax.video.readers import FrameReader

OPENING = 2**20  # bytes that opening a video counts for when the work is divided


@dataclass(frozen=True)
class Job:
    """A video and where its results go."""

    source: str | Path
    files: OutputFiles


@dataclass(frozen=True)
class Outcome:
    """The result of a job: a track or an error.

    Attributes:
        promised: how many frames the container says it has; None if it does not say.
    """

    job: Job
    track: Track | None
    error: UserError | None
    promised: int | None = None


@dataclass
class Reading:
    """A job while its video is read.

    Attributes:
        video: the prepared video, once it is open.
        error: what ended the reading early.
    """

    job: Job
    video: PreparedVideo | None = None
    error: UserError | None = None

    def frames(
        self, tracker: FrameTracker, open_source: Callable[[str | Path], FrameReader], background: Path | None
    ) -> Iterator[Frame]:
        """Opens the video and gives its frames. An error ends them here, so that other videos can follow."""
        try:
            with closing(open_source(self.job.source)) as reader:
                self.video = prepare(tracker.view, reader, background)
                yield from self.video
        except UserError as error:
            self.error = error
        except Exception as error:  # whatever a decoder raises
            self.error = UserError(f"{self.job.source}: cannot be read ({type(error).__name__}: {error})")

    def checked(self, tracked: Iterable[tuple[Frame, Row]]) -> Iterator[tuple[Frame, Row]]:
        """Passes the rows on, and raises `error` behind the last one."""
        yield from tracked
        if self.error is not None:
            raise self.error


def track_archive(
    tracker: FrameTracker,
    jobs: Iterable[Job],
    open_source: Callable[[str | Path], FrameReader],
    on_row: Callable[[Job, Frame, Row], None] = lambda job, frame, row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
    show: Callable[[Frame], None] | None = None,
) -> Iterator[Outcome]:
    """Tracks videos one after the other and gives the outcome of each, in order; a bad video does not end the others.

    The next video is opened and read while the rows of this one are written, and the last windows of one may share a
    batch with the first of the next.

    Args:
        open_source: gives the frames (BGR) of a source that can be read again.
        on_row: called with every frame and its row.
        background: an image for networks that take one, see `prepare`.
        rectification: how gaps are filled.
        show: called with every frame after the overlay is drawn on its picture.
    """
    readings = [Reading(job) for job in jobs]
    frames = (reading.frames(tracker, open_source, background) for reading in readings)
    with Prefetch(tracker.track(chain.from_iterable(frames)), ROWS_AHEAD) as tracked:
        by_video = groupby(tracked, lambda each: each[0].video)
        video: PreparedVideo | None = None
        rows: Iterable[tuple[Frame, Row]] = ()
        for reading in readings:
            if video is None:
                video, rows = next(by_video, (None, ()))
            # By now every video before `video` has been read, to its end or to its error.
            is_next = video is not None and video is reading.video
            follow = partial(on_row, reading.job)
            outcome = _outcome(reading, rows if is_next else (), follow, rectification, show)
            video = None if is_next else video
            reading.video = None  # it holds pictures, and an archive may have thousands of videos
            yield outcome


def _outcome(
    reading: Reading,
    tracked: Iterable[tuple[Frame, Row]],
    on_row: Callable[[Frame, Row], None],
    rectification: Rectification | None,
    show: Callable[[Frame], None] | None,
) -> Outcome:
    if reading.video is None:
        return Outcome(reading.job, None, reading.error)
    checked = reading.checked(tracked)
    try:
        track = write_results(checked, reading.video, reading.job.files, on_row, rectification, show)
    except UserError as error:
        return Outcome(reading.job, None, error)
    return Outcome(reading.job, track, None, reading.video.reader.frame_count_hint)


def share(sources: Sequence[str | Path], index: int, count: int) -> list[int]:
    """Positions of the sources that process `index` of `count` tracks; all processes divide the same files alike.

    The sources are dealt out from the largest to the smallest, each to the process that has least to do so far.
    """
    sizes = [_bytes(source) + OPENING for source in sources]
    load, mine = [0] * count, []
    for i in sorted(range(len(sources)), key=lambda i: (-sizes[i], i)):
        process = load.index(min(load))
        load[process] += sizes[i]
        if process == index:
            mine.append(i)
    return sorted(mine)


def append_outcome(path: Path, outcome: Outcome) -> None:
    """Appends a line to the archive's record (JSON lines).

    Raises:
        UserError: it cannot be written.
    """
    track = outcome.track
    line: dict[str, Any] = {"video": str(outcome.job.source)}
    if track is None:
        line |= {"error": str(outcome.error)}
    else:
        files = [str(file) for file in outcome.job.files.paths()]
        line |= {"files": files, "frames": len(track), "ball": int(track.visible.sum())}
        line |= {"fps": float(track.fps or 0), "size": track.size}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def _bytes(source: str | Path) -> int:
    """How much there is to read; 0 if that is unknown."""
    if is_address(source):
        return 0
    paths = images_in(Path(source)) or [Path(source)]
    return sum(path.stat().st_size for path in paths if path.is_file())
