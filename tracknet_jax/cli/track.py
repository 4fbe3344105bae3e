"""`tracknet track`: videos, a camera or a stream in; CSV, overlay video and picture out."""

from typing import TYPE_CHECKING

import tyro

from tracknet_jax.cli.track_args import TrackArgs, parse_time
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.rectification.rectify import Rectification
    from tracknet_jax.tracking.frame_tracker import FrameTracker

DEFAULT_CHECKPOINT = "tracknet_nano"

DESCRIPTION = """Find the ball in every frame of videos, a camera or a stream.

For each video this writes <stem>_ball.csv (one row a frame), <stem>_track.mp4 (the ball and its trail drawn
on it) and <stem>_track.png (the whole flight in one picture).

example:
  tracknet track rally.mp4 matches/ --output out/"""


def main(argv: list[str]) -> int:
    """Runs `tracknet track`; 0: all were tracked, 1: some of several failed. Raises if a single video fails."""
    args = tyro.cli(
        TrackArgs,
        args=argv,
        prog="tracknet track",
        description=DESCRIPTION,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    args.check()
    start, end = parse_time(args.start), parse_time(args.end)

    from tracknet_jax.tracking.named_videos import find_sources, output_stems
    from tracknet_jax.video.capture import is_live

    sources = find_sources(args.videos)
    live = [source for source in sources if is_live(source)]
    if live and len(sources) > 1:
        raise UserError(f"{live[0]}: a camera or stream is tracked alone; give each a command of its own")
    if args.max_latency is not None and not live:
        raise UserError("--max-latency is for cameras and streams: no frame of a recording is dropped")
    stems = output_stems(sources)
    if live:
        from tracknet_jax.cli.track_live import track_camera

        if start is not None or args.shard is not None:
            raise UserError(f"{live[0]}: a camera or stream has no --start and no --shard")
        tracker = make_tracker(args, live=True)
        seconds = None if end is None else float(end)
        return track_camera(args, tracker, make_rectification(args), str(live[0]), stems[0], seconds)
    from tracknet_jax.cli.track_archive import joined_if, track_videos, work_of

    with joined_if(args.shard):
        work, rectification = work_of(args, sources, stems), make_rectification(args)
        return track_videos(args, make_tracker(args), rectification, work, start, end)


def make_tracker(args: TrackArgs, live: bool = False) -> "FrameTracker":
    """The tracker that the options ask for."""
    from tracknet_jax.tracking.track_options import TrackOptions
    from tracknet_jax.tracking.tracker import Tracker

    if args.model:
        from tracknet_jax.tracking.baseline.background_subtraction import BackgroundSubtraction

        return BackgroundSubtraction(args.fit)
    from tracknet_jax.releases.release import in_dtype, load_release, with_convolutions

    threshold = TrackOptions.threshold if args.threshold is None else args.threshold
    options = TrackOptions(args.overlap, threshold, not args.no_link, args.batch_size, args.fit, live)
    release = load_release(args.checkpoint or DEFAULT_CHECKPOINT)
    if args.conv:
        release = with_convolutions(release, args.conv)
    if args.dtype:
        release = in_dtype(release, args.dtype)
    if args.runtime != "jax":
        from tracknet_jax.export.runtime import with_runtime

        release = with_runtime(release, args.runtime)
    return Tracker(release, options)


def make_rectification(args: TrackArgs) -> "Rectification | None":
    """The way to fill gaps that the options ask for."""
    from tracknet_jax.rectification.gaps import DEFAULT_RULE
    from tracknet_jax.rectification.rectify import rectification

    longest = DEFAULT_RULE.longest if args.max_gap is None else args.max_gap
    return rectification(args.rectify, args.rectifier, longest)
