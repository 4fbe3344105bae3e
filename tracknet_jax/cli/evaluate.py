"""`tracknet evaluate`: the paper-style table of a checkpoint, of the baseline, or of another tracker's files."""

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from tracknet_jax.data.splits import RANDOM_WINDOWS, SplitBy
from tracknet_jax.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracknet_jax.evaluation.clip_score import ClipScore
    from tracknet_jax.evaluation.footage import Footage
    from tracknet_jax.protocols import Protocol

DEFAULT_CHECKPOINT = "tracknet_nano"

DESCRIPTION = """Score a checkpoint, or another tracker's files, on labelled clips.

example:
  tracknet evaluate --checkpoint tracknet_nano --data clips/ --split val --json scores.json
  tracknet evaluate --predictions csv/ --data clips/ --protocol tracknet_v3
"""


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of `tracknet evaluate`."""

    data: Path
    """Folder of labelled clips in any known layout, or a TFDS directory."""
    checkpoint: str | None = None
    """Release name, or directory of a release or training run [tracknet_nano]."""
    model: Literal["background_subtraction"] | None = None
    """Instead: the baseline, which has no weights."""
    predictions: Path | None = None
    """Instead: folder of <clip>_ball.csv files, of YOLO's labels/*.txt, or COCO's results .json."""
    protocol: str = "default"
    """default, tracknet_v1 ... tracknet_v5, wasb, yastrebksv, chgyglin, chang, asigatchov."""
    split: str | None = None
    """Only clips of this split (train, val, test)."""
    split_by: Literal[SplitBy, "triplet_random"] | None = None
    """Split the clips anew, as a recipe does."""
    sport: str | None = None
    """Only clips of this sport."""
    format: str = "auto"
    """Layout of the data, if it should not be guessed."""
    overlap: Literal["none", "average", "weighted"] = "none"
    """Windows over each frame: one, or all of them averaged."""
    link: bool = True
    """Choose among candidates by trajectory; the papers' protocols never do."""
    json: Path | None = None
    """Write the scores here as well."""
    worst: Path | None = None
    """Write a contact sheet (.png) of the worst errors here."""
    save_predictions: Path | None = None
    """Write the checkpoint's track of each clip into this folder."""
    allow_missing_rows: bool = False
    """Count labelled frames without a row in the CSV as nothing found."""
    box_class: int | None = None
    """Class number of the ball, where boxes have several."""
    first_frame: int | None = None
    """Number in the name of the first frame's boxes, if not the first image's or, of a video, 1."""


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    options = tyro.cli(EvaluateOptions, args=argv, prog="tracknet evaluate", description=DESCRIPTION)

    from rich.console import Console

    from tracknet_jax.evaluation.footage import find_footage
    from tracknet_jax.evaluation.report import print_report, to_json, write_json
    from tracknet_jax.evaluation.scores import Scores
    from tracknet_jax.evaluation.worst import error_sheet, worst_errors
    from tracknet_jax.pictures import write_picture
    from tracknet_jax.protocols import protocol

    rule = protocol(options.protocol)
    if options.split_by == RANDOM_WINDOWS:
        rule = replace(rule, counting="windows")  # they are what is split
    _check(options, rule)
    clips = find_footage(options.data, options.format, *_part(options))
    scores = Scores(rule, tuple(_with_progress(_scored(options, clips, rule), len(clips))))
    counting = rule.counting if _checkpoint(options) else "frames"

    # A pipe has no width of its own; a table squeezed into 80 columns would lose its figures.
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    print_report(scores, options.protocol, counting, console)
    if options.json:
        run = {
            "command": shlex.join(["tracknet", "evaluate", *argv]),
            "checkpoint": _checkpoint(options),
            "model": options.model,
            "predictions": str(options.predictions) if options.predictions else None,
            "data": str(options.data),
            "split": options.split,
            "split_by": options.split_by,
            "overlap": options.overlap,
            "link": _links(options),
        }
        write_json(options.json, to_json(scores, options.protocol, counting, run))
    if options.worst:
        write_picture(options.worst, error_sheet(worst_errors(scores.clips)))
    return 0


def _check(options: EvaluateOptions, rule: "Protocol") -> None:
    """Raises `UserError` for options that cannot be followed, before any work is done."""
    from tracknet_jax.pictures import check_picture_name

    if options.worst:
        check_picture_name(options.worst)
    if options.predictions:
        reason = "--predictions scores existing files"
        unused = ["checkpoint", "model", "overlap", "save_predictions"]
    elif options.model:
        reason, unused = f"{options.model} has no weights and no windows", ["checkpoint", "overlap"]
    elif rule.counting == "windows":
        reason, unused = f"{options.protocol} scores every window by itself", ["overlap", "save_predictions"]
    else:
        return
    for name in unused:
        if getattr(options, name) not in (None, "none"):
            raise UserError(f"{reason}: leave --{name.replace('_', '-')} out")


def _part(options: EvaluateOptions) -> tuple[str | None, str | None, str | None]:
    """The split, sport and way to split that clips are chosen by; random windows are of all clips."""
    if options.split_by != RANDOM_WINDOWS:
        return options.split, options.sport, options.split_by
    if options.sport or not _checkpoint(options):
        raise UserError(
            f"{RANDOM_WINDOWS} splits the windows of all clips: score a checkpoint, without --sport"
        )
    return None, None, None


def _checkpoint(options: EvaluateOptions) -> str | None:
    """The checkpoint to score, None where something else is scored."""
    return None if options.predictions or options.model else options.checkpoint or DEFAULT_CHECKPOINT


def _links(options: EvaluateOptions) -> bool:
    return options.link and options.protocol == "default" and not options.predictions


def _scored(options: EvaluateOptions, clips: "list[Footage]", rule: "Protocol") -> "Iterator[ClipScore]":
    if options.predictions is not None:
        from tracknet_jax.evaluation.detections import BoxOptions
        from tracknet_jax.evaluation.predictions import score_predictions

        boxes = BoxOptions(options.box_class, options.first_frame)
        return score_predictions(clips, options.predictions, rule, options.allow_missing_rows, boxes)

    from tracknet_jax.evaluation.footage import windows_of
    from tracknet_jax.evaluation.release import score_release, score_tracker
    from tracknet_jax.releases import load_release
    from tracknet_jax.tracking.tracker import TrackOptions

    if options.model:
        from tracknet_jax.tracking.baseline import BackgroundSubtraction

        return score_tracker(clips, BackgroundSubtraction(), rule, options.save_predictions)
    release = load_release(options.checkpoint or DEFAULT_CHECKPOINT)
    if options.split_by == RANDOM_WINDOWS:
        clips = windows_of(clips, options.split, release.config.frames)
    tracking = TrackOptions(overlap=options.overlap, link=_links(options))
    return score_release(clips, release, rule, tracking, options.save_predictions)


def _with_progress(scores: "Iterator[ClipScore]", total: int) -> "Iterator[ClipScore]":
    """Passes scored clips on, with a progress bar."""
    from tracknet_jax.cli.progress import progress_bar

    with progress_bar("clips") as progress:
        yield from progress.track(scores, total, description="scoring")
