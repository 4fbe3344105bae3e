"""`tracknet calibrate`: turns the confidences of a checkpoint into chances of being right, and writes a release."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tracknet_jax.cli.options import option, split_by_or_runs
from tracknet_jax.data.splits import SplitBy

if TYPE_CHECKING:
    from tracknet_jax.evaluation.clip_score import ClipScore
    from tracknet_jax.evaluation.footage import Footage
    from tracknet_jax.releases.release import Release


@dataclass(frozen=True)
class CalibrateOptions:
    """Make a network's confidences the chance of being right, on labelled clips.

    Fits P(right) = sigmoid(scale * logit + shift) over the strongest blob of every frame. Other logits find other
    blobs, so it scores and fits again until the line no longer changes. The release has these logits. Nothing else is
    trained.

    example:
      tracknet calibrate --checkpoint runs/nano --data clips/ --split val --output releases/nano
    """

    checkpoint: Annotated[str, option("NAME|DIR")]
    """release or training run"""
    data: Annotated[Path, option("DIR")]
    """labelled clips in any layout, or a TFDS dataset"""
    output: Annotated[Path, option("DIR")]
    """where the release goes; replaces one that is there"""
    split: Annotated[str | None, option("NAME")] = None
    """only clips of train, val or test"""
    split_by: Annotated[SplitBy | None, option("NAME")] = None
    """a rule of docs/recipes.md (default: the run's own)"""
    sport: Annotated[str | None, option("NAME")] = None
    """only clips of this sport"""
    format: Annotated[str, option("NAME")] = "auto"
    """layout of the data (default: guessed)"""


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    options = tyro.cli(CalibrateOptions, args=argv, prog="tracknet calibrate")
    from tracknet_jax.evaluation.calibration import (
        Platt,
        calibrate,
        detections,
        expected_calibration_error,
        reliability,
    )
    from tracknet_jax.evaluation.footage import find_footage
    from tracknet_jax.releases.release import CARD, load_release, read_card, save_release
    from tracknet_jax.releases.scale_logits import can_shift, scale_logits

    release = load_release(options.checkpoint)
    scale_logits(release.config, release.variables, 1.0)  # before any work: some networks have no logits
    by: str | None = options.split_by
    if options.split is not None:
        by = split_by_or_runs(by, options.checkpoint, options.data, options.format)
    clips = find_footage(options.data, options.format, options.split, options.sport, by)

    def score(platt: Platt) -> "list[ClipScore]":
        variables = scale_logits(release.config, release.variables, *platt)
        return _strongest_blobs(clips, release._replace(variables=variables))

    found = calibrate(score, shift=can_shift(release.config))
    variables = scale_logits(release.config, release.variables, *found.platt)
    save_release(options.output, release.config, variables, read_card(options.checkpoint))
    count = len(detections(found.after)[1])
    print(f"logit' = {found.platt.scale:.3f} logit {found.platt.shift:+.3f}, from {count} detections")
    before, after = (expected_calibration_error(reliability(clips)) for clips in (found.before, found.after))
    print(f"expected calibration error {before:.1%} -> {after:.1%} on these clips")
    print(f"{options.output}: written; say in its {CARD} which clips it was calibrated on")
    return 0


def _strongest_blobs(clips: "list[Footage]", release: "Release") -> "list[ClipScore]":
    """The strongest blob of every frame, however faint, scored under the protocol `default`."""
    from tracknet_jax.cli.progress import progress_bar
    from tracknet_jax.evaluation.score_release import score_release
    from tracknet_jax.heatmaps.decoding import FLOOR
    from tracknet_jax.scoring.protocols import protocol
    from tracknet_jax.tracking.track_options import TrackOptions

    faintest = TrackOptions(link=False, threshold=FLOOR)
    with progress_bar("clips") as progress:
        scores = score_release(clips, release, protocol("default"), faintest)
        return list(progress.track(scores, len(clips), description="tracking"))
