"""Tracking an archive: many videos through one tracker, shared out among processes, each video once."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.rectification.rectify import Rectification
from tracknet_jax.tracking.frame_tracker import FrameTracker, PreparedVideo
from tracknet_jax.tracking.outputs import ROWS_AHEAD, OutputFiles, Recording, prepare, write_results
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import cannot_write
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.capture import is_address
from tracknet_jax.video.folders import images_in
from tracknet_jax.video.readers import FrameReader

OPENING = 2**20  # bytes, what opening a video counts for when the work is shared out


@dataclass(frozen=True)
class Job:
    """A video and where its results go."""

    source: str | Path
    files: OutputFiles


@dataclass(frozen=True)
class Outcome:
    """What became of a job: a track or an error.

    Attributes:
        promised: frames that the container promises, None if it does not say.
    """

    job: Job
    track: Track | None
    error: UserError | None
    promised: int | None = None


def track_archive(
    tracker: FrameTracker,
    jobs: Iterable[Job],
    open_source: Callable[[str | Path], FrameReader],
    on_row: Callable[[Job, FrameReader, Row], None] = lambda job, reader, row: None,
    background: Path | None = None,
    rectification: Rectification | None = None,
    show: Callable[[np.ndarray], None] | None = None,
) -> Iterator[Outcome]:
    """Tracks videos one after the other and gives the outcome of each, in order; a bad one does not end the rest.

    The next video is opened and read while the rows of this one are written, and the last windows of one share a batch
    with the first of the next.

    Args:
        open_source: gives the frames (BGR) of a source that can be read again.
        on_row: called with every row.
        background: an image for networks that want one, see `find_background`.
        rectification: how gaps are filled.
        show: called with every frame that the overlay is drawn on.
    """
    pending = deque(jobs)
    failures: dict[Job, UserError] = {}
    under_way: dict[Recording, Job] = {}

    def note(job: Job, error: Exception) -> None:
        if not isinstance(error, UserError):  # whatever a decoder raises
            error = UserError(f"{job.source}: cannot be read ({type(error).__name__}: {error})")
        failures[job] = error

    def noted(frames: Iterable[np.ndarray], job: Job) -> Iterator[np.ndarray]:
        try:
            yield from frames
        except Exception as error:
            note(job, error)

    def recordings() -> Iterator[Recording]:
        """Runs in the thread that reads: what goes wrong there is noted, and told when the video's turn comes."""
        for job in list(pending):
            try:
                with closing(open_source(job.source)) as reader:
                    recording = prepare(tracker, reader, job.source, background)
                    recording = replace(recording, frames=noted(recording.frames, job))
                    under_way[recording] = job
                    yield recording
            except Exception as error:
                note(job, error)

    def rows_of(job: Job, group: Iterable[tuple[PreparedVideo, Row]]) -> Iterator[Row]:
        yield from map(itemgetter(1), group)
        if job in failures:
            raise failures[job]

    with Prefetch(tracker.track_videos(recordings()), ROWS_AHEAD) as rows:
        for recording, group in groupby(rows, itemgetter(0)):
            job = under_way.pop(recording)
            while pending[0] is not job:
                yield Outcome(pending[0], None, failures[pending.popleft()])
            pending.popleft()
            track, error = None, None
            try:
                follow = partial(on_row, job, recording.reader)
                track = write_results(rows_of(job, group), recording, job.files, follow, rectification, show)
            except UserError as told:
                error = told
            yield Outcome(job, track, error, recording.reader.frame_count_hint)
    for job in pending:
        yield Outcome(job, None, failures[job])


def share(sources: Sequence[str | Path], index: int, count: int) -> list[int]:
    """Which of `sources` process `index` of `count` tracks; every process gets the same answer for the same files.

    The largest goes first, each to the process that has least to do so far.
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
    """Adds a line to the archive's record (JSON lines).

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
    """How much there is to read, 0 where nobody knows."""
    if is_address(source):
        return 0
    paths = images_in(Path(source)) or [Path(source)]
    return sum(path.stat().st_size for path in paths if path.is_file())
