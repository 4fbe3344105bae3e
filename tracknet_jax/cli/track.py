"""`tracknet track`: videos, a camera or a stream in, CSV, overlay video and picture out."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from tracknet_jax.cli.options import option
from tracknet_jax.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.data.video import FrameReader
    from tracknet_jax.tracking.archive import Outcome
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.track import Row, Track

DESCRIPTION = """Find the ball in every frame of videos, a camera or a stream.

For each video this writes <stem>_ball.csv (one row a frame), <stem>_track.mp4 (the ball and its trail drawn
on it) and <stem>_track.png (the whole flight in one picture).

example:
  tracknet track rally.mp4 matches/ --output out/"""


@dataclass(frozen=True)
class TrackArgs:
    """The options of `tracknet track`."""

    videos: Annotated[tuple[str, ...], tyro.conf.Positional, option("VIDEO")]
    """files, folders, patterns; or a camera's index, a stream"""
    checkpoint: Annotated[str, tyro.conf.arg(metavar="C")] = "tracknet_nano"
    """name or folder of a release or run"""
    model: Annotated[Literal["background_subtraction"] | None, option("NAME")] = None
    """instead: background_subtraction, without any weights"""
    runtime: Annotated[Literal["jax", "onnxruntime", "openvino"], option("R")] = "jax"
    """onnxruntime or openvino compute the network (default: jax)"""
    dtype: Annotated[Literal["float32", "bfloat16"] | None, option("D")] = None
    """of activations, float32 or bfloat16"""
    conv: Annotated[Literal["lax"] | None, option("HOW")] = None
    """lax: XLA's own convolutions on a CPU, too, not Winograd's"""
    output: Annotated[Path, option("DIR")] = Path()
    """folder for the results (default: the current one)"""
    overlap: Annotated[Literal["none", "average", "weighted"], option("HOW")] = "none"
    """average or weighted: several looks at each frame; slow"""
    threshold: Annotated[float, tyro.conf.arg(metavar="P")] = 0.5
    """probability above which a pixel is ball"""
    link: Annotated[bool, option()] = True
    """take each frame's strongest blob, on a trajectory or not"""
    fit: Annotated[Literal["auto", "stretch", "letterbox"], option("HOW")] = "auto"
    """stretch or letterbox (default: letterbox portrait and 4:3)"""
    rectify: Annotated[Literal["none", "physics", "linear", "net"], tyro.conf.arg(metavar="HOW")] = "none"
    """physics, linear or net: fill gaps"""
    rectifier: Annotated[str | None, option("R")] = None
    """name or folder of that network's weights"""
    max_gap: Annotated[float, tyro.conf.arg(metavar="S")] = 0.5
    """longest gap to fill, in seconds"""
    background: Annotated[Path | None, option("F")] = None
    """V3: image of the empty scene (default: the frames' median)"""
    start: Annotated[str | None, option("TIME")] = None
    """from here on: seconds, 1:30 or 1:02:30"""
    end: Annotated[str | None, option("TIME")] = None
    """up to here"""
    batch_size: Annotated[int | None, option("N")] = None
    """windows in a step (default: 1 on a CPU and live, else 16)"""
    video: Annotated[bool, option()] = True
    """leave the overlay video out"""
    picture: Annotated[bool, option()] = True
    """leave the picture out"""
    show: Annotated[bool, option()] = False
    """open a window, too; q ends"""
    max_latency: Annotated[float | None, option("S")] = None
    """live: drop frames rather than be S seconds late; inf: no"""
    shard: Annotated[str | None, option("I/N")] = None
    """process I's share of N; auto: as the cluster says"""
    overwrite: Annotated[bool, option()] = False
    """of several videos track finished ones again, too"""


def main(argv: list[str]) -> int:
    """Runs `tracknet track`; 0: all tracked, 1: some of several failed. One that fails alone raises."""
    args = tyro.cli(
        TrackArgs,
        args=argv,
        prog="tracknet track",
        description=DESCRIPTION,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    if not args.videos:
        raise UserError("no video given, for example: tracknet track rally.mp4")
    start, end = parse_time(args.start), parse_time(args.end)

    from tracknet_jax.data.capture import is_live
    from tracknet_jax.tracking.sources import find_sources, output_stems

    sources = find_sources(args.videos)
    live = [source for source in sources if is_live(source)]
    if live and len(sources) > 1:
        raise UserError(f"{live[0]}: a camera or stream is tracked alone; give each a command of its own")
    if args.max_latency is not None and not live:
        raise UserError("--max-latency is for cameras and streams: of a recording no frame is dropped")
    stems = output_stems(sources)
    if live:
        from tracknet_jax.cli.live import track_camera

        return track_camera(args, make_tracker(args, live=True), str(live[0]), stems[0], start, end)
    with joined_if(args.shard):
        return track_videos(args, sources, stems, start, end)


def make_tracker(args: TrackArgs, live: bool = False) -> "FrameTracker":
    """The tracker that the options ask for."""
    from tracknet_jax.tracking.options import TrackOptions
    from tracknet_jax.tracking.tracker import Tracker

    options = TrackOptions(args.overlap, args.threshold, args.link, args.batch_size, args.fit, live)
    if args.model:
        from tracknet_jax.tracking.baseline import BackgroundSubtraction, BaselineOptions

        return BackgroundSubtraction(BaselineOptions(fit=args.fit))
    from tracknet_jax.releases import in_dtype, load_release, with_convolutions

    release = load_release(args.checkpoint)
    if args.conv:
        release = with_convolutions(release, args.conv)
    if args.dtype:
        release = in_dtype(release, args.dtype)
    if args.runtime != "jax":
        if args.conv or args.dtype:
            raise UserError(
                f"--runtime {args.runtime} has its own convolutions: leave --conv and --dtype out"
            )
        from tracknet_jax.export.runtime import with_runtime

        release = with_runtime(release, args.runtime)
    return Tracker(release, options)


def track_videos(
    args: TrackArgs,
    sources: "list[str | Path]",
    stems: list[str],
    start: Fraction | None,
    end: Fraction | None,
) -> int:
    """Tracks this process's share of the videos, each between two times in seconds, and tells of each."""
    from tracknet_jax.cli.live import window
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.data.video import open_between
    from tracknet_jax.tracking.archive import Job, append_outcome, share, track_archive
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracking.rectify import rectification

    filling = rectification(args.rectify, args.rectifier, args.max_gap)
    tracker = make_tracker(args)
    index, count = parse_shard(args.shard)
    files = [OutputFiles.of(args.output, stem, args.video, args.picture) for stem in stems]
    mine = [Job(sources[i], files[i]) for i in share(sources, index, count)]
    alone = len(sources) == 1
    jobs = [job for job in mine if alone or args.overwrite or not job.files.finished()]
    record = args.output / ("tracks.jsonl" if count == 1 else f"tracks_{index}_of_{count}.jsonl")
    failed, tracked, frames, began = [], 0, 0, time.perf_counter()
    with progress_bar() as progress, window(args.show) as show:
        task = progress.add_task("", total=None)

        def follow(job: Job, reader: "FrameReader", row: "Row") -> None:
            if row.frame == reader.start:
                title = f"{jobs.index(job) + 1}/{len(jobs)} {Path(str(job.source)).name}"
                progress.reset(task, total=reader.frame_count_hint, description=title)
            progress.advance(task)

        def open_source(source: str | Path) -> "FrameReader":
            return open_between(source, start, end, order="bgr")

        outcomes = track_archive(tracker, jobs, open_source, follow, args.background, filling, show)
        for outcome in outcomes:
            if not alone:
                append_outcome(record, outcome)
            if outcome.track is not None:
                tracked += 1
                frames += len(outcome.track)
                print(summary(outcome, time.perf_counter() - began if alone else None))
                continue
            assert outcome.error is not None
            if alone:
                raise outcome.error
            print(f"tracknet: error: {outcome.error}", file=sys.stderr)
            failed.append(str(outcome.job.source))
    if tracked and not alone:
        speed = frames / (time.perf_counter() - began)
        print(f"{tracked} videos, {frames} frames, {speed:.0f} frames/s; {record} has a line for each")
    if len(jobs) < len(mine):
        print(
            f"{len(mine) - len(jobs)} of {len(mine)} videos were tracked before: --overwrite tracks them again"
        )
    if failed:
        print(f"{len(failed)} of {len(mine)} videos failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def parse_shard(text: str | None) -> tuple[int, int]:
    """Which process this is, and of how many, of `I/N`, or of `auto` as JAX says; None is one alone.

    Raises:
        UserError: it is none of these.
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
    """With `auto` the processes of a cluster know each other, and leave it together; else nothing is done."""
    if shard != "auto":
        yield
        return
    from tracknet_jax.training.processes import joined, wait_for_all

    with ExitStack() as stack:
        try:
            stack.enter_context(joined("auto"))
        except UserError as error:
            raise UserError(
                f"--shard auto: no cluster here; give I/N to each of N processes ({error})"
            ) from error
        yield
        wait_for_all("all videos are tracked")


def summary(outcome: "Outcome", took: float | None) -> str:
    """One line for the user: what was found, how fast if it `took` so many seconds alone, where it is."""
    track, promised = outcome.track, outcome.promised
    assert track is not None
    speed = "" if took is None else f", {len(track) / took:.0f} frames/s"
    files = ", ".join(map(str, outcome.job.files.paths()))
    line = f"{outcome.job.source}: {counted(track)}{speed} -> {files}"
    if promised is not None and len(track) < promised:
        line += f" (the file promises {promised} frames; the rest cannot be decoded)"
    return line


def counted(track: "Track") -> str:
    """How many frames, how many of them with a ball."""
    found, filled = int(track.visible.sum()), int((track.source == "inpainted").sum())
    share = f", {filled} of them filled in" if filled else ""
    return f"{len(track)} frames, ball in {found} ({found / max(1, len(track)):.0%}{share})"


def parse_time(text: str | None) -> Fraction | None:
    """Seconds, exactly, of `90`, `1:30` or `0:01:30.5`; None stays None.

    Raises:
        UserError: it is none of these.
    """
    if text is None:
        return None
    try:
        parts = [Fraction(part) for part in text.split(":")]
    except (ValueError, ZeroDivisionError):
        parts = []
    if not 1 <= len(parts) <= 3 or min(parts) < 0:
        raise UserError(f"time {text!r}: expected seconds, m:ss or h:mm:ss")
    return sum((part * 60**power for power, part in enumerate(reversed(parts))), Fraction(0))
