"""The part of `tracknet track` for recordings: a single video, or an archive that is divided and resumed."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tracknet_jax.cli.track_args import TrackArgs
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.rectification.rectify import Rectification
    from tracknet_jax.tracking.archive import Job, Outcome
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.prepared_video import Frame
    from tracknet_jax.tracks.track import Row


@dataclass(frozen=True)
class Work:
    """What this process has to do.

    Attributes:
        jobs: the videos to track.
        finished: how many videos of its share were tracked before.
        record: the file that gets a line for each video; None for a single video.
    """

    jobs: "list[Job]"
    finished: int
    record: Path | None


def work_of(args: TrackArgs, sources: "list[str | Path]", stems: list[str]) -> Work:
    """This process's share of the sources, without the finished ones. A single video is tracked in any case.

    Raises:
        UserError: `--shard` is neither I/N nor auto.
    """
    from tracknet_jax.tracking.archive import Job, share
    from tracknet_jax.tracking.outputs import OutputFiles

    index, count = parse_shard(args.shard)
    files = [OutputFiles.of(args.output, stem, not args.no_video, not args.no_picture) for stem in stems]
    mine = [Job(sources[i], files[i]) for i in share(sources, index, count)]
    if len(sources) == 1 and Path(sources[0]) == Path(args.videos[0]):  # not the only one of a folder
        return Work(mine, 0, None)
    jobs = [job for job in mine if args.overwrite or not job.files.finished()]
    name = "tracks.jsonl" if count == 1 else f"tracks_{index}_of_{count}.jsonl"
    return Work(jobs, len(mine) - len(jobs), args.output / name)


def track_videos(
    args: TrackArgs,
    tracker: "FrameTracker",
    rectification: "Rectification | None",
    work: Work,
    start: Fraction | None,
    end: Fraction | None,
) -> int:
    """Tracks videos, each between two times in seconds, and prints a line for each; 1 if some of several failed.

    Raises:
        UserError: a single video failed, or the record cannot be written.
    """
    from tracknet_jax.tracking.archive import append_outcome

    began, frames, failed = time.perf_counter(), 0, []
    for outcome in outcomes_of(args, tracker, rectification, work, start, end):
        frames += len(outcome.track or ())
        speed = f"{frames / (time.perf_counter() - began):.0f} frames/s"
        if work.record is not None:
            append_outcome(work.record, outcome)
        if outcome.error is None:
            print(summary(outcome, "" if work.record else f", {speed}"))
        elif work.record is None:
            raise outcome.error
        else:
            failed.append(str(outcome.job.source))
            print(f"tracknet: error: {outcome.error}", file=sys.stderr)
    if work.record is None:
        return 0
    mine, tracked = f"{len(work.jobs) + work.finished} videos", len(work.jobs) - len(failed)
    if tracked:
        print(f"{tracked} of {mine}, {frames} frames, {speed}; {work.record} has a line for each")
    if work.finished:
        print(f"{work.finished} of {mine} were tracked before: --overwrite tracks them again")
    if failed:
        print(f"{len(failed)} of {mine} failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def outcomes_of(
    args: TrackArgs,
    tracker: "FrameTracker",
    rectification: "Rectification | None",
    work: Work,
    start: Fraction | None,
    end: Fraction | None,
) -> "Iterator[Outcome]":
    """Tracks the videos with a progress bar and, if asked for, a window; closing it has the effect of Ctrl-C."""
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.tracking.archive import track_archive
    from tracknet_jax.video.readers import open_between
    from tracknet_jax.video.viewer import Viewer

    with progress_bar() as progress, closing(Viewer("tracknet")) if args.show else nullcontext() as viewer:
        task = progress.add_task("", total=None)

        def follow(job: "Job", frame: "Frame", row: "Row") -> None:
            reader = frame.video.reader
            if frame.number == reader.start:
                title = f"{work.jobs.index(job) + 1}/{len(work.jobs)} {Path(str(job.source)).name}"
                progress.reset(task, total=reader.frame_count_hint, description=title)
            progress.advance(task)

        def show(frame: "Frame") -> None:
            assert viewer is not None
            assert frame.picture is not None
            viewer.show(frame.picture)
            if viewer.closed:
                raise KeyboardInterrupt

        open_source = partial(open_between, start=start, end=end, order="bgr")
        shown = show if viewer else None
        yield from track_archive(
            tracker, work.jobs, open_source, follow, args.background, rectification, shown
        )


def summary(outcome: "Outcome", speed: str) -> str:
    """One line: what was found, at what speed, and the files."""
    track, promised = outcome.track, outcome.promised
    assert track is not None
    files = ", ".join(map(str, outcome.job.files.paths()))
    line = f"{outcome.job.source}: {track.summary()}{speed} -> {files}"
    if promised is not None and len(track) < promised:
        line += f" (the file promises {promised} frames; the rest cannot be decoded)"
    return line


def parse_shard(text: str | None) -> tuple[int, int]:
    """This process's number and the number of processes, from `I/N`, or from JAX for `auto`; None: 0 of 1.

    Raises:
        UserError: the text is neither.
    """
    if text is None:
        return 0, 1
    if text == "auto":
        import jax

        return jax.process_index(), jax.process_count()
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or int(match[1]) >= int(match[2]):
        raise UserError(f"--shard {text}: expected I/N, 0/4 to 3/4 for four processes, or auto on a cluster")
    return int(match[1]), int(match[2])


@contextmanager
def joined_if(shard: str | None) -> Iterator[None]:
    """With `auto`, the processes of a cluster connect at the start and wait for each other at the end."""
    if shard != "auto":
        yield
        return
    from tracknet_jax.training.cluster.processes import joined, wait_for_all

    with ExitStack() as stack:
        try:
            stack.enter_context(joined("auto"))
        except UserError as error:
            raise UserError(
                f"--shard auto: no cluster here; give I/N to each of N processes ({error})"
            ) from error
        yield
        wait_for_all("all videos are tracked")
