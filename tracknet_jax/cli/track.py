"""`tracknet track`: videos in, CSV, overlay video and picture out."""

import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from tracknet_jax.cli.options import option
from tracknet_jax.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.tracking.frame_tracker import FrameTracker
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracking.rectify import Rectification
    from tracknet_jax.tracking.track import Track

DESCRIPTION = """Find the ball in every frame of videos.

For each video this writes <stem>_ball.csv (one row a frame), <stem>_track.mp4 (the ball and its trail drawn
on it) and <stem>_track.png (the whole flight in one picture).

example:
  tracknet track rally.mp4 matches/ --output out/"""


@dataclass(frozen=True)
class TrackArgs:
    """The options of `tracknet track`."""

    videos: Annotated[tuple[str, ...], tyro.conf.Positional, option("VIDEO")]
    """files, folders of videos or images, a camera index, stream addresses"""
    checkpoint: Annotated[str, tyro.conf.arg(metavar="C")] = "tracknet_nano"
    """name or folder of a release or run"""
    model: Annotated[Literal["background_subtraction"] | None, option("NAME")] = None
    """instead: background_subtraction, a baseline without weights"""
    runtime: Annotated[Literal["jax", "onnxruntime", "openvino"], tyro.conf.arg(metavar="R")] = "jax"
    """what computes the network: jax, onnxruntime or openvino"""
    output: Annotated[Path, option("DIR")] = Path()
    """folder for the results (default: the current one)"""
    overlap: Annotated[Literal["none", "average", "weighted"], tyro.conf.arg(metavar="HOW")] = "none"
    """average or weighted: see each frame in every window that holds it; slower, steadier"""
    threshold: Annotated[float, tyro.conf.arg(metavar="P")] = 0.5
    """probability above which a pixel is ball"""
    link: Annotated[bool, option()] = True
    """take each frame's strongest blob, on a trajectory or not"""
    fit: Annotated[Literal["auto", "stretch", "letterbox"], tyro.conf.arg(metavar="HOW")] = "auto"
    """stretch or letterbox; auto letterboxes portrait and 4:3, stretches the rest"""
    rectify: Annotated[Literal["none", "physics", "linear", "net"], tyro.conf.arg(metavar="HOW")] = "none"
    """physics, linear or net: fill gaps by arcs of flight, lines or a network"""
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
    """windows in one step (default: 4 on a CPU, 16 on an accelerator)"""
    video: Annotated[bool, option()] = True
    """leave the overlay video out"""
    picture: Annotated[bool, option()] = True
    """leave the picture out"""


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

    from tracknet_jax.releases import load_release
    from tracknet_jax.tracking.outputs import OutputFiles
    from tracknet_jax.tracking.rectify import rectification
    from tracknet_jax.tracking.sources import find_sources, output_stems
    from tracknet_jax.tracking.tracker import Tracker, TrackOptions

    filling = rectification(args.rectify, args.rectifier, args.max_gap)
    options = TrackOptions(args.overlap, args.threshold, args.link, args.batch_size, args.fit)
    sources = find_sources(args.videos)
    tracker: FrameTracker
    if args.model:
        from tracknet_jax.tracking.baseline import BackgroundSubtraction, BaselineOptions

        tracker = BackgroundSubtraction(BaselineOptions(fit=args.fit))
    else:
        release = load_release(args.checkpoint)
        if args.runtime != "jax":
            from tracknet_jax.export.runtime import with_runtime

            release = with_runtime(release, args.runtime)
        tracker = Tracker(release, options)
    failed = []
    for source, stem in zip(sources, output_stems(sources), strict=True):
        files = OutputFiles.of(args.output, stem, args.video, args.picture)
        try:
            track_one(tracker, source, files, start, end, args.background, filling)
        except UserError as error:
            if len(sources) == 1:
                raise
            print(f"tracknet: error: {error}", file=sys.stderr)
            failed.append(str(source))
    if failed:
        print(f"{len(failed)} of {len(sources)} videos failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def track_one(
    tracker: "FrameTracker",
    source: str | Path,
    files: "OutputFiles",
    start: Fraction | None,
    end: Fraction | None,
    background: Path | None = None,
    rectification: "Rectification | None" = None,
) -> None:
    """Tracks one source between two times in seconds, with a progress bar, and prints its summary."""
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.data.video import open_between
    from tracknet_jax.tracking.outputs import track_to_files

    began = time.perf_counter()
    frames = open_between(source, start, end, order="bgr")
    try:
        with progress_bar() as progress:
            task = progress.add_task(Path(str(source)).name, total=frames.frame_count_hint)
            track = track_to_files(
                tracker,
                frames,
                source,
                files,
                lambda row: progress.advance(task),
                background,
                rectification,
            )
    finally:
        frames.close()
    print(summary(source, track, frames.frame_count_hint, time.perf_counter() - began, files))


def summary(
    source: str | Path, track: "Track", promised: int | None, took: float, files: "OutputFiles"
) -> str:
    """One line for the user: what was found, how fast, where it is."""
    found, filled = int(track.visible.sum()), int((track.source == "inpainted").sum())
    share = f", {filled} of them filled in" if filled else ""
    line = (
        f"{source}: {len(track)} frames, ball in {found} ({found / max(1, len(track)):.0%}{share}), "
        f"{len(track) / took:.0f} frames/s -> {', '.join(map(str, files.paths()))}"
    )
    if promised is not None and len(track) < promised:
        line += f" (the file promises {promised} frames; the rest cannot be decoded)"
    return line


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
