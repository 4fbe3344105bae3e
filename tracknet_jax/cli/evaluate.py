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

DESCRIPTION = """Score a checkpoint, or another tracker's files, on labelled clips.

example:
  tracknet evaluate --checkpoint tracknet_nano --data clips/ --split val --report report/
  tracknet evaluate --predictions csv/ --data clips/ --protocol tracknet_v3
"""


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of `tracknet evaluate`."""

    data: Annotated[Path, option("DIR")]
    """labelled clips in any layout, or a TFDS dataset"""
    checkpoint: Annotated[str | None, option("NAME|DIR")] = None
    """release or training run (default: tracknet_nano)"""
    model: Annotated[Literal["background_subtraction"] | None, option("NAME")] = None
    """instead: background_subtraction, without weights"""
    predictions: Annotated[Path | None, option("PATH")] = None
    """instead: <clip>_ball.csv, YOLO's labels/*.txt, COCO's .json"""
    box_class: Annotated[int | None, option("N")] = None
    """class of the ball, where boxes have several"""
    first_frame: Annotated[int | None, option("N")] = None
    """number in files of boxes (default: image's or 1)"""
    allow_missing_rows: Annotated[bool, option()] = False
    """labelled frames without a row: nothing was found"""
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
    """probability of a ball's pixels (default: 0.5)"""
    no_link: Annotated[bool, option()] = False
    """each frame's strongest blob, as the papers have it"""
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
    options = tyro.cli(
        EvaluateOptions,
        args=argv,
        prog="tracknet evaluate",
        description=DESCRIPTION,
        config=(tyro.conf.FlagCreatePairsOff,),
    )

    from rich.console import Console

    from tracknet_jax.evaluation.footage import find_footage
    from tracknet_jax.evaluation.report.page import write_page
    from tracknet_jax.evaluation.report.score_table import print_report, to_json, write_json
    from tracknet_jax.evaluation.report.worst import error_sheet, worst_errors
    from tracknet_jax.evaluation.scores import Scores
    from tracknet_jax.scoring.protocols import protocol
    from tracknet_jax.utils.images import write_picture

    options = _with_split_rule(options)
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
    run = _run(options, argv)
    if options.json:
        write_json(options.json, to_json(scores, options.protocol, counting, run))
    if options.report:
        page = write_page(options.report, scores, options.protocol, counting, run)
        console.print(f"Report: {page}", soft_wrap=True, markup=False)
    if options.worst:
        write_picture(options.worst, error_sheet(worst_errors(scores.clips)))
    return 0


def _run(options: EvaluateOptions, argv: list[str]) -> dict[str, Any]:
    """What was scored with what, as the JSON and the page tell it."""
    return {
        "command": shlex.join(["tracknet", "evaluate", *argv]),
        "checkpoint": _checkpoint(options),
        "model": options.model,
        "dtype": options.dtype,
        "conv": options.conv,
        "predictions": str(options.predictions) if options.predictions else None,
        "data": str(options.data),
        "split": options.split,
        "split_by": options.split_by,
        "overlap": options.overlap,
        "threshold": options.threshold,
        "link": _links(options),
        "rectify": options.rectify,
        "rectifier": options.rectifier,
    }


def _with_split_rule(options: EvaluateOptions) -> EvaluateOptions:
    """The options with the run's own way to split, where a split of its data is asked for and no other way."""
    checkpoint = _checkpoint(options)
    if checkpoint is None or options.split is None:
        return options
    by = split_by_or_runs(options.split_by, checkpoint, options.data, options.format)
    return replace(options, split_by=cast(Any, by))


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
    if options.sport or not _checkpoint(options):
        raise UserError(
            f"{RANDOM_WINDOWS} splits the windows of all clips: score a checkpoint, without --sport"
        )
    return None, None, None


def _checkpoint(options: EvaluateOptions) -> str | None:
    """The checkpoint to score, None where something else is scored."""
    return None if options.predictions or options.model else options.checkpoint or DEFAULT_CHECKPOINT


def _links(options: EvaluateOptions) -> bool:
    return not options.no_link and options.protocol == "default" and _checkpoint(options) is not None


def _scored(options: EvaluateOptions, clips: "list[Footage]", rule: "Protocol") -> "Iterator[ClipScore]":
    if options.predictions is not None:
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
    release = load_release(options.checkpoint or DEFAULT_CHECKPOINT)
    if options.conv:
        release = with_convolutions(release, options.conv)
    if options.dtype:
        release = in_dtype(release, options.dtype)
    if options.split_by == RANDOM_WINDOWS:
        clips = windows_of(clips, options.split, release.config.frames)
    threshold = TrackOptions.threshold if options.threshold is None else options.threshold
    tracking = TrackOptions(options.overlap, threshold, _links(options))
    return score_release(clips, release, rule, tracking, options.save_predictions, filling)


def _with_progress(scores: "Iterator[ClipScore]", total: int) -> "Iterator[ClipScore]":
    """Passes scored clips on, with a progress bar."""
    from tracknet_jax.cli.progress import progress_bar

    with progress_bar("clips") as progress:
        yield from progress.track(scores, total, description="scoring")
