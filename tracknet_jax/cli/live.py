"""The live part of `tracknet track`: a camera or stream, with its latency, until it ends or is told to."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tracknet_jax.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracking.track import Row

RECENT = 300  # rows whose latency the progress line tells


def track_camera(
    args: Any,
    tracker: "FrameTracker",
    source: str,
    stem: str,
    start: Fraction | None,
    end: Fraction | None,
) -> int:
    """Tracks a camera or stream, for `end` seconds at most, and tells how late its rows were.

    `args` are the `TrackArgs`.
    """
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.cli.track import counted
    from tracknet_jax.data.video import open_frames
    from tracknet_jax.tracking.linking import LAG
    from tracknet_jax.tracking.live import (
        Latencies,
        ending_on_signal,
        open_live,
        plan_latency,
        step_seconds,
        track_live,
    )
    from tracknet_jax.tracking.rectify import rectification

    if start is not None or args.shard is not None:
        raise UserError(f"{source}: a camera or stream has no --start and no --shard")
    if args.max_latency is not None and not args.max_latency > 0:
        raise UserError(f"--max-latency {args.max_latency:g}: expected seconds above 0, or inf")
    filling = rectification(args.rectify, args.rectifier, args.max_gap)
    files = new_files(args, stem)
    with window(args.show) as show:
        step = step_seconds(tracker)  # compiled before the first frame comes
        reader = open_frames(source, order="bgr")
        latency = plan_latency(tracker, float(reader.fps), step, args.max_latency, filling)
        width, height = reader.size
        sooner = f"; --no-link {float(LAG / reader.fps):.2f} s sooner" if args.link and not args.model else ""
        shape = f"{width}x{height}, {float(reader.fps):.4g} frames/s"
        print(f"{source}: {shape}; a row comes after {latency}{sooner}; Ctrl-C ends", file=sys.stderr)
        measured = Latencies()
        live = open_live(reader, tracker, latency, None if end is None else float(end))
        with live, ending_on_signal(live.stop), progress_bar() as progress:
            task = progress.add_task(source, total=None)

            def follow(row: "Row") -> None:
                told = f"{source}, {live.dropped} dropped, {lateness(measured, RECENT)}"
                progress.update(task, advance=1, description=told)

            def shown(frame: Any, pause: float) -> None:
                assert show is not None
                try:
                    show(frame, pause)
                except KeyboardInterrupt:  # `q` in the window
                    live.stop()

            track = track_live(
                tracker,
                live,
                source,
                files,
                measured,
                follow,
                args.background,
                filling,
                shown if show else None,
            )
    lost = f"{live.dropped} of them dropped ({live.dropped / max(1, len(track)):.0%})"
    print(f"{source}: {counted(track)}, {lost}, {lateness(measured)} -> {', '.join(map(str, files.paths()))}")
    return 0


def lateness(measured: Any, last: int = 0) -> str:
    """Median and 95th percentile of the last rows' `Latencies`, or of all."""
    median, high = (measured.percentile(percent, last) for percent in (50, 95))
    return "" if math.isnan(median) else f"latency {median:.2f} s (95 %: {high:.2f})"


def new_files(args: Any, stem: str) -> "OutputFiles":
    """Files for what cannot be recorded again: numbered where there are some already, unless asked to overwrite."""
    from tracknet_jax.tracking.outputs import OutputFiles

    number = 1
    while True:
        name = stem if number == 1 else f"{stem}_{number}"
        files = OutputFiles.of(args.output, name, args.video, args.picture)
        if args.overwrite or not any(path.exists() for path in files.paths()):
            return files
        number += 1


@contextmanager
def window(wanted: bool) -> Iterator[Callable[..., None] | None]:
    """What shows a frame in a window; `q` there is Ctrl-C. None where no window is wanted."""
    if not wanted:
        yield None
        return
    from tracknet_jax.tracking.viewer import Viewer

    viewer = Viewer("tracknet")

    def show(frame: Any, pause: float = 0.0) -> None:
        viewer.show(frame, pause)
        if viewer.closed:
            raise KeyboardInterrupt

    try:
        yield show
    finally:
        viewer.close()
