"""The part of `tracknet track` for cameras and streams: with their latency, until they end or are told to."""

import math
import sys
from typing import TYPE_CHECKING

from tracknet_jax.cli.track_args import TrackArgs
from tracknet_jax.cli.track_report import counted, window
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from tracknet_jax.rectification.rectify import Rectification
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.live import Latencies
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracks.track import Row
    from tracknet_jax.video.live_reader import LiveReader

RECENT = 300  # rows whose latency the progress line tells


def track_camera(
    args: TrackArgs,
    tracker: "FrameTracker",
    filling: "Rectification | None",
    source: str,
    stem: str,
    seconds: float | None,
) -> int:
    """Tracks a camera or stream, for so many seconds at most, and tells how late its rows were."""
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.tracking.live import Latencies, ending_on_signal, track_live

    files, measured = new_files(args, stem), Latencies()
    with window(args.show) as viewer:
        live = opened(args, tracker, filling, source, seconds)
        with live, ending_on_signal(live.stop), progress_bar() as progress:
            task = progress.add_task(source, total=None)

            def follow(row: "Row") -> None:
                told = f"{source}, {live.dropped} dropped, {lateness(measured, RECENT)}"
                progress.update(task, advance=1, description=told)

            def show(frame: "np.ndarray", pause: float) -> None:
                assert viewer is not None
                viewer.show(frame, pause)
                if viewer.closed:
                    live.stop()

            shown = None if viewer is None else show
            track = track_live(
                tracker, live, source, files, measured, follow, args.background, filling, shown
            )
    lost = f"{live.dropped} of them dropped ({live.dropped / max(1, len(track)):.0%})"
    print(f"{source}: {counted(track)}, {lost}, {lateness(measured)} -> {', '.join(map(str, files.paths()))}")
    return 0


def opened(
    args: TrackArgs,
    tracker: "FrameTracker",
    filling: "Rectification | None",
    source: str,
    seconds: float | None,
) -> "LiveReader":
    """The frames of a camera or stream, once the tracker is compiled; tells what its rows will wait for.

    Raises:
        UserError: it cannot be opened, or its rows cannot be as early as asked for.
    """
    from tracknet_jax.tracking.linking import LAG
    from tracknet_jax.tracking.live import open_live, plan_latency, step_seconds
    from tracknet_jax.video.readers import open_frames

    if args.max_latency is not None and not args.max_latency > 0:
        raise UserError(f"--max-latency {args.max_latency:g}: expected seconds above 0, or inf")
    step = step_seconds(tracker)
    reader = open_frames(source, order="bgr")
    latency = plan_latency(tracker, float(reader.fps), step, args.max_latency, filling)
    width, height = reader.size
    sooner = f"; --no-link {float(LAG / reader.fps):.2f} s sooner" if args.link and not args.model else ""
    shape = f"{width}x{height}, {float(reader.fps):.4g} frames/s"
    print(f"{source}: {shape}; a row comes after {latency}{sooner}; Ctrl-C ends", file=sys.stderr)
    return open_live(reader, tracker, latency, seconds)


def lateness(measured: "Latencies", last: int = 0) -> str:
    """Median and 95th percentile of the last rows' latencies, or of all."""
    median, high = (measured.percentile(percent, last) for percent in (50, 95))
    return "" if math.isnan(median) else f"latency {median:.2f} s (95 %: {high:.2f})"


def new_files(args: TrackArgs, stem: str) -> "OutputFiles":
    """Files for what cannot be recorded again: numbered where there are some already, unless asked to overwrite."""
    from tracknet_jax.tracking.outputs import OutputFiles

    number = 1
    while True:
        name = stem if number == 1 else f"{stem}_{number}"
        files = OutputFiles.of(args.output, name, args.video, args.picture)
        if args.overwrite or not any(path.exists() for path in files.paths()):
            return files
        number += 1
