"""The part of `tracknet track` for cameras and streams: it measures their latency and runs until they end."""

import sys
from contextlib import closing, nullcontext
from itertools import chain, count
from typing import TYPE_CHECKING

from tracknet_jax.cli.track_args import TrackArgs
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from tracknet_jax.rectification.rectify import Rectification
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracks.track import Row
    from tracknet_jax.video.live_reader import LiveReader

RECENT = 300  # rows whose latency the progress line shows


def track_camera(
    args: TrackArgs,
    tracker: "FrameTracker",
    rectification: "Rectification | None",
    source: str,
    stem: str,
    seconds: float | None,
) -> int:
    """Tracks a camera or stream, for at most so many seconds, and prints how late its rows were."""
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.tracking.live import Latencies, ending_on_signal, track_live
    from tracknet_jax.video.viewer import Viewer

    files, measured = new_files(args, stem), Latencies()
    with closing(Viewer("tracknet")) if args.show else nullcontext() as viewer:
        live = open_live(args, tracker, rectification, source, seconds)
        with live, ending_on_signal(live.stop), progress_bar() as progress:
            task = progress.add_task(source, total=None)

            def follow(row: "Row") -> None:
                text = f"{source}, {live.dropped} dropped, {measured.summary(RECENT)}"
                progress.update(task, advance=1, description=text)

            def show(frame: "np.ndarray", pause: float) -> None:
                assert viewer is not None
                viewer.show(frame, pause)
                if viewer.closed:
                    live.stop()

            shown = None if viewer is None else show
            track = track_live(tracker, live, files, measured, follow, args.background, rectification, shown)
    lost = f"{live.dropped} of them dropped ({live.dropped / max(1, len(track)):.0%})"
    print(
        f"{source}: {track.summary()}, {lost}, {measured.summary()} -> {', '.join(map(str, files.paths()))}"
    )
    return 0


def open_live(
    args: TrackArgs,
    tracker: "FrameTracker",
    rectification: "Rectification | None",
    source: str,
    seconds: float | None,
) -> "LiveReader":
    """Opens a camera or stream once the tracker is compiled, and prints what its rows will wait for.

    Raises:
        UserError: it cannot be opened, or its rows cannot be as early as asked for.
    """
    from tracknet_jax.tracking.linking import LAG
    from tracknet_jax.tracking.live import plan_latency, step_seconds
    from tracknet_jax.video.live_reader import LiveReader, WaitingFrames
    from tracknet_jax.video.readers import open_frames

    if args.max_latency is not None and not args.max_latency > 0:
        raise UserError(f"--max-latency {args.max_latency:g}: expected seconds above 0, or inf")
    step = step_seconds(tracker)
    reader = open_frames(source, order="bgr")
    latency = plan_latency(tracker, float(reader.fps), step, args.max_latency, rectification)
    width, height = reader.size
    sooner = f"; --no-link {float(LAG / reader.fps):.2f} s sooner" if not (args.no_link or args.model) else ""
    shape = f"{width}x{height}, {float(reader.fps):.4g} frames/s"
    print(f"{source}: {shape}; a row comes after {latency}{sooner}; Ctrl-C ends", file=sys.stderr)
    waiting = WaitingFrames(latency.allowed, tracker.step, latency.window, latency.step)
    return LiveReader(reader, waiting, seconds)


def new_files(args: TrackArgs, stem: str) -> "OutputFiles":
    """Files whose names get a number if they would replace others, because a stream cannot be recorded again."""
    from tracknet_jax.tracking.outputs import OutputFiles

    names = chain([stem], (f"{stem}_{number}" for number in count(2)))
    several = (OutputFiles.of(args.output, name, not args.no_video, not args.no_picture) for name in names)
    return next(
        files for files in several if args.overwrite or not any(path.exists() for path in files.paths())
    )
