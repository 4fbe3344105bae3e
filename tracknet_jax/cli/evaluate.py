"""`tracknet evaluate`: the paper-style table of a checkpoint, or of another tracker's CSV files."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from tracknet_jax.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracknet_jax.evaluation.clip_score import ClipScore
    from tracknet_jax.evaluation.footage import Footage
    from tracknet_jax.protocols import Protocol

DEFAULT_CHECKPOINT = "tracknet_nano"

DESCRIPTION = """Score a checkpoint, or another tracker's CSV files, on labelled clips.

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
    predictions: Path | None = None
    """Instead: folder of <clip>_ball.csv files with Frame,Visibility,X,Y."""
    protocol: str = "default"
    """default, tracknet_v1 ... tracknet_v5, wasb, yastrebksv, chgyglin, chang, asigatchov."""
    split: str | None = None
    """Only clips of this split (train, val, test)."""
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
    _check(options, rule)
    clips = find_footage(options.data, options.format, options.split, options.sport)
    scores = Scores(rule, tuple(_with_progress(_scored(options, clips, rule), len(clips))))
    counting = "frames" if options.predictions else rule.counting

    # A pipe has no width of its own; a table squeezed into 80 columns would lose its figures.
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    print_report(scores, options.protocol, counting, console)
    if options.json:
        run = {
            "command": shlex.join(["tracknet", "evaluate", *argv]),
            "checkpoint": _checkpoint(options),
            "predictions": str(options.predictions) if options.predictions else None,
            "data": str(options.data),
            "split": options.split,
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
        reason, unused = "--predictions scores existing files", ["checkpoint", "overlap", "save_predictions"]
    elif rule.counting == "windows":
        reason, unused = f"{options.protocol} scores every window by itself", ["overlap", "save_predictions"]
    else:
        return
    for name in unused:
        if getattr(options, name) not in (None, "none"):
            raise UserError(f"{reason}: leave --{name.replace('_', '-')} out")


def _checkpoint(options: EvaluateOptions) -> str | None:
    return None if options.predictions else options.checkpoint or DEFAULT_CHECKPOINT


def _links(options: EvaluateOptions) -> bool:
    return options.link and options.protocol == "default" and not options.predictions


def _scored(options: EvaluateOptions, clips: "list[Footage]", rule: "Protocol") -> "Iterator[ClipScore]":
    if options.predictions is not None:
        from tracknet_jax.evaluation.predictions import score_predictions

        return score_predictions(clips, options.predictions, rule, options.allow_missing_rows)

    from tracknet_jax.evaluation.release import score_release
    from tracknet_jax.releases import load_release
    from tracknet_jax.tracking.tracker import TrackOptions

    release = load_release(options.checkpoint or DEFAULT_CHECKPOINT)
    tracking = TrackOptions(overlap=options.overlap, link=_links(options))
    return score_release(clips, release, rule, tracking, options.save_predictions)


def _with_progress(scores: "Iterator[ClipScore]", total: int) -> "Iterator[ClipScore]":
    """Passes scored clips on, with a progress bar."""
    from tracknet_jax.cli.progress import progress_bar

    with progress_bar("clips") as progress:
        yield from progress.track(scores, total, description="scoring")
