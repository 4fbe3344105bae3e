"""`tracknet demo`: renders a rally, tracks its ball, and scores the track against the exact labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    from tracknet_jax.data.clips import Labels
    from tracknet_jax.scoring.metrics import Counts
    from tracknet_jax.synthetic.rally import Rally
    from tracknet_jax.tracks.track import Track

DESCRIPTION = """Render a rally, find the ball in it, and score the track against the exact labels.

Writes rally.mp4, its labels rally_truth.csv, and the files of `tracknet track`: rally_ball.csv,
rally_track.mp4 and rally_track.png.

example:
  tracknet demo --sport badminton --seed 7 --output demo/"""


@dataclass(frozen=True)
class DemoArgs:
    """The options of `tracknet demo`."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("demo")
    """folder for the files"""
    sport: Literal["tennis", "badminton", "padel"] = "tennis"
    """what is played"""
    seconds: Annotated[float, tyro.conf.arg(metavar="S")] = 6.0
    """length of the rally"""
    seed: int = 31
    """each seed gives its own rally, court and light"""
    size: Annotated[tuple[int, int], tyro.conf.arg(metavar="W H")] = (1280, 720)
    """width and height of the video"""
    checkpoint: Annotated[str, tyro.conf.arg(metavar="NAME|DIR")] = "tracknet_nano"
    """name of a shipped release, or folder of a release or a training run"""


def main(argv: list[str]) -> int:
    """Runs `tracknet demo`."""
    args = tyro.cli(DemoArgs, args=argv, prog="tracknet demo", description=DESCRIPTION)
    if not 0 < args.seconds <= 600:
        raise UserError(f"--seconds {args.seconds}: expected more than 0, at most 600")

    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.releases.release import load_release
    from tracknet_jax.synthetic.rally import RallyConfig, render_rally
    from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
    from tracknet_jax.tracking.tracker import Tracker

    width, height = args.size
    frames = max(1, round(args.seconds * 30))
    config = RallyConfig(args.sport, args.seed, frames, width, height)
    tracker = Tracker(load_release(args.checkpoint))  # first: a wrong name stops the demo before any work
    rally = render_rally(config)
    video, truth = args.output / "rally.mp4", args.output / "rally_truth.csv"
    files = OutputFiles.of(args.output, "rally")
    with progress_bar() as progress:
        rendering = progress.add_task("rendering", total=frames)
        write_rally(rally, video, lambda: progress.advance(rendering))
        write_truth(rally.labels, truth)
        tracking = progress.add_task("tracking", total=frames)
        track = track_to_files(tracker, video, files, lambda row: progress.advance(tracking))
    print(report(args, score(rally, track)))
    print("\n".join(f"  {path}" for path in (video, truth, *files.paths())))
    return 0


def write_rally(rally: "Rally", path: Path, on_frame=lambda: None) -> None:
    """Writes the rendered frames as an mp4; `on_frame` is called after each."""
    import cv2

    from tracknet_jax.video.writer import new_video

    with new_video(path, rally.fps, (rally.config.width, rally.config.height)) as writer:
        for frame in rally.frames():
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            on_frame()


def write_truth(labels: "Labels", path: Path) -> None:
    """Writes labels as `Frame,Visibility,X,Y` in pixels; X and Y are empty where the picture has no ball."""
    from tracknet_jax.utils.files import replacing

    rows = zip(labels.frame.tolist(), labels.visibility.tolist(), labels.xy.tolist(), strict=True)
    with replacing(path) as partial, partial.open("w", newline="") as file:
        file.write("Frame,Visibility,X,Y\n")
        for frame, visibility, (x, y) in rows:
            place = f"{x:.2f},{y:.2f}" if visibility else ","
            file.write(f"{frame},{visibility},{place}\n")


def score(rally: "Rally", track: "Track") -> "Counts":
    """Compares the track with the rally's labels under the default protocol."""
    from tracknet_jax.scoring.metrics import Counts
    from tracknet_jax.scoring.protocols import outcomes, protocol, reference_points, to_pixels

    rule, size = protocol("default"), (rally.config.width, rally.config.height)
    labels = rally.labels
    reference = reference_points(labels.xy, size, rule)
    return Counts.from_codes(outcomes(to_pixels(track.xy, size, rule), reference, labels.visibility, rule))


def report(args: DemoArgs, counts: "Counts") -> str:
    """Two lines that say what was tracked, and how well."""
    return (
        f"{args.sport} rally, seed {args.seed}, {counts.frames} frames of {args.size[0]}x{args.size[1]}, "
        f"tracked with {args.checkpoint}. A ball is found if it is at most 4 px off at 512x288.\n"
        f"F1 {counts.f1:.3f}, precision {counts.precision:.3f}, recall {counts.recall:.3f} "
        f"(found {counts.tp}, wrong place {counts.fp1}, missed {counts.fn}, "
        f"false alarm {counts.fp2}, no ball and none reported {counts.tn})"
    )
