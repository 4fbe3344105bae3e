"""`tracknet evaluate`: the paper-style table of a checkpoint, of the baseline, or of another tracker's files."""

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import tyro

from tracknet_jax.cli.options import option, refuse_options, split_by_or_runs
from tracknet_jax.data.splits import RANDOM_WINDOWS, SplitBy
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracknet_jax.evaluation.clip_score import ClipScore
    from tracknet_jax.evaluation.footage import Footage
    from tracknet_jax.scoring.protocols import Protocol

DEFAULT_CHECKPOINT = "tracknet_nano"


@tyro.conf.configure(tyro.conf.FlagCreatePairsOff)
@dataclass(frozen=True)
class EvaluateOptions:
    """Score a checkpoint, or another tracker's files, on labelled clips.

    example:
      tracknet evaluate --checkpoint tracknet_nano --data clips/ --split val --report report/
      tracknet evaluate --predictions csv/ --data clips/ --protocol tracknet_v3
    """

    data: Annotated[Path, option("DIR")]
    """labelled clips in any layout, or a TFDS dataset"""
    checkpoint: Annotated[str | None, option("NAME|DIR")] = None
    """release or training run (default: tracknet_nano)"""
    model: Annotated[Literal["background_subtraction"] | None, option("NAME")] = None
    """score background_subtraction instead"""
    predictions: Annotated[Path | None, option("PATH")] = None
    """score CSVs, YOLO's label files or COCO's .json instead"""
    box_class: Annotated[int | None, option("N")] = None
    """class of the ball, if boxes have several"""
    first_frame: Annotated[int | None, option("N")] = None
    """number of frame 0 in box files (default: read, or 1)"""
    allow_missing_rows: Annotated[bool, option()] = False
    """count a frame without a row as nothing found"""
    protocol: Annotated[str, option("NAME")] = "default"
    """default, tracknet_v1 ... v5, wasb, yastrebksv, chgyglin, chang, asigatchov"""
    split: Annotated[str | None, option("NAME")] = None
    """only clips of train, val or test"""
    split_by: Annotated[Literal[SplitBy, "triplet_random"] | None, option("NAME")] = None
    """a rule of docs/recipes.md (default: the run's own)"""
    sport: Annotated[str | None, option("NAME")] = None
    """only clips of this sport"""
    format: Annotated[str, option("NAME")] = "auto"
    """layout of the data (default: guessed)"""
    dtype: Annotated[Literal["float32", "bfloat16"] | None, option("D")] = None
    """of activations, float32 or bfloat16"""
    conv: Annotated[Literal["lax"] | None, option("HOW")] = None
    """lax: XLA's own convolutions on a CPU, too, not Winograd's"""
    overlap: Annotated[Literal["none", "average", "weighted"], tyro.conf.arg(metavar="HOW")] = "none"
    """average or weighted: see each frame in every window that holds it"""
    threshold: Annotated[float | None, option("P")] = None
    """least probability of a ball's pixels (default: 0.5)"""
    no_link: Annotated[bool, option()] = False
    """take each frame's strongest blob, as in the papers"""
    rectify: Annotated[Literal["none", "physics", "linear", "net"], tyro.conf.arg(metavar="HOW")] = "none"
    """physics, linear or net: fill gaps"""
    rectifier: Annotated[str | None, option("R")] = None
    """name or folder of weights for --rectify net"""
    json: Annotated[Path | None, option("FILE")] = None
    """write the scores here as well"""
    report: Annotated[Path | None, option("DIR")] = None
    """write a page of scores, charts and errors here"""
    worst: Annotated[Path | None, option("FILE")] = None
    """write a sheet (.png) of the worst errors here"""
    save_predictions: Annotated[Path | None, option("DIR")] = None
    """write the track of each clip here"""


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    given = tyro.cli(EvaluateOptions, args=argv, prog="tracknet evaluate")

    from rich.console import Console

    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.evaluation.footage import find_footage
    from tracknet_jax.evaluation.report.page import write_page
    from tracknet_jax.evaluation.report.score_table import print_report, to_json, write_json
    from tracknet_jax.evaluation.report.worst import error_sheet, worst_errors
    from tracknet_jax.evaluation.scores import Scores
    from tracknet_jax.scoring.protocols import protocol
    from tracknet_jax.utils.images import write_picture

    options = _resolved(given)
    rule = protocol(options.protocol)
    if options.split_by == RANDOM_WINDOWS:
        rule = replace(rule, counting="windows")  # they are what is split
    _check(given, rule)
    clips = find_footage(options.data, options.format, *_part(options))
    with progress_bar("clips") as progress:
        scored = progress.track(_scored(options, clips, rule), len(clips), description="scoring")
        scores = Scores(rule, tuple(scored))
    # A pipe has no width of its own; a table squeezed into 80 columns would lose its figures.
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    run = _run(options, rule, argv)
    print_report(scores, run, console)
    if options.json:
        write_json(options.json, to_json(scores, run))
    if options.report:
        page = write_page(options.report, scores, run)
        console.print(f"Report: {page}", soft_wrap=True, markup=False)
    if options.worst:
        write_picture(options.worst, error_sheet(worst_errors(scores.clips)))
    return 0


def _resolved(given: EvaluateOptions) -> EvaluateOptions:
    """The options as they are followed: with the checkpoint and how its run split the data; linking where it is done.

    Only a checkpoint under the protocol `default` links. Where a split is asked for, a run's own way to split holds
    unless another one is given.
    """
    if given.predictions or given.model:
        return replace(given, checkpoint=None, no_link=True)
    options = replace(
        given,
        checkpoint=given.checkpoint or DEFAULT_CHECKPOINT,
        no_link=given.no_link or given.protocol != "default",
    )
    if given.split is None:
        return options
    by = split_by_or_runs(given.split_by, str(options.checkpoint), given.data, given.format)
    return replace(options, split_by=cast(Any, by))


def _run(options: EvaluateOptions, rule: "Protocol", argv: list[str]) -> dict[str, Any]:
    """What was scored with what, for the JSON and the page."""
    left_out = ("json", "report", "worst", "save_predictions", "no_link")
    values = {name: value for name, value in vars(options).items() if name not in left_out}
    return {
        "command": shlex.join(["tracknet", "evaluate", *argv]),
        **{name: str(value) if isinstance(value, Path) else value for name, value in values.items()},
        "link": not options.no_link,
        "counting": rule.counting if options.checkpoint else "frames",
    }


def _check(options: EvaluateOptions, rule: "Protocol") -> None:
    """Raises `UserError` for options that cannot be followed, before any work is done."""
    from tracknet_jax.utils.images import check_picture_name

    if options.worst:
        check_picture_name(options.worst)
    inference = ["dtype", "conv", "overlap", "threshold", "no_link"]
    files = ["box_class", "first_frame", "allow_missing_rows"]
    tracks = ["rectify", "rectifier", "save_predictions"]
    if options.predictions:
        reason, unused = "--predictions scores existing files", ["checkpoint", "model", *inference, *tracks]
        refuse_options(options, unused, reason)
        return
    refuse_options(options, files, "without --predictions there are no files to read")
    if options.model:
        refuse_options(options, ["checkpoint", *inference], f"{options.model} has no weights and no windows")
    elif rule.counting == "windows":
        reason = f"{options.protocol} scores every window by itself"
        refuse_options(options, ["overlap", "threshold", *tracks], reason)


def _part(options: EvaluateOptions) -> tuple[str | None, str | None, str | None]:
    """The split, sport and way to split that clips are chosen by; random windows are of all clips."""
    if options.split_by != RANDOM_WINDOWS:
        return options.split, options.sport, options.split_by
    if options.sport or not options.checkpoint:
        raise UserError(
            f"{RANDOM_WINDOWS} splits the windows of all clips: score a checkpoint, without --sport"
        )
    return None, None, None


def _scored(options: EvaluateOptions, clips: "list[Footage]", rule: "Protocol") -> "Iterator[ClipScore]":
    if options.predictions:
        from tracknet_jax.evaluation.others.detections import BoxOptions
        from tracknet_jax.evaluation.others.predictions import score_predictions

        boxes = BoxOptions(options.box_class, options.first_frame)
        return score_predictions(clips, options.predictions, rule, options.allow_missing_rows, boxes)

    from tracknet_jax.evaluation.footage import windows_of
    from tracknet_jax.evaluation.score_release import score_release, score_tracker
    from tracknet_jax.rectification.rectify import rectification
    from tracknet_jax.releases.release import in_dtype, load_release, with_convolutions
    from tracknet_jax.tracking.track_options import TrackOptions

    filling = rectification(options.rectify, options.rectifier)
    if options.model:
        from tracknet_jax.tracking.baseline.background_subtraction import BackgroundSubtraction

        return score_tracker(clips, BackgroundSubtraction(), rule, options.save_predictions, filling)
    release = load_release(str(options.checkpoint))
    if options.conv:
        release = with_convolutions(release, options.conv)
    if options.dtype:
        release = in_dtype(release, options.dtype)
    if options.split_by == RANDOM_WINDOWS:
        clips = windows_of(clips, options.split, release.config.frames)
    threshold = TrackOptions.threshold if options.threshold is None else options.threshold
    tracking = TrackOptions(options.overlap, threshold, not options.no_link)
    return score_release(clips, release, rule, tracking, options.save_predictions, filling)
