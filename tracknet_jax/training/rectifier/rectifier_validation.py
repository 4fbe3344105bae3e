"""Validation of a rectifier as TrackNetV3 has it: gaps inpainted, everything reconstructed, nothing done."""

from collections.abc import Iterable

import numpy as np

from tracknet_jax.rectification.gaps import DEFAULT_RULE, inpaint_mask
from tracknet_jax.rectification.inpaint import inpaint
from tracknet_jax.rectification.rectify import USUAL_FPS, Rectification, fill
from tracknet_jax.rectification.trajectories import Trajectory
from tracknet_jax.releases.release import RectifierRelease
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import outcomes, protocol, to_pixels
from tracknet_jax.training.rectifier.rectifier_config import MODES, Mode

RULE = protocol("default")
CORNER = 50 / np.hypot(512, 288)  # TrackNetV3's code: a reconstructed point with x and y below it is no ball


def accuracies(release: RectifierRelease, trajectories: Iterable[Trajectory]) -> dict[Mode, Counts]:
    """Counts under the default protocol of all trajectories, by mode.

    `inpaint`: the track with its gaps filled, as `tracknet track --rectify net` does. `reconstruct`: what the network
    says of every frame, gap or not. `baseline`: the track as it is.
    """
    totals = dict.fromkeys(MODES, Counts())
    how = Rectification("net", release=release)
    for trajectory in trajectories:
        found, size = trajectory.found.astype(np.float64), trajectory.size
        filled = fill(found, size, USUAL_FPS, how)
        tracks: dict[Mode, np.ndarray] = {
            "inpaint": np.where(np.isfinite(filled), filled, found),
            "reconstruct": _reconstructed(release, found, size),
            "baseline": found,
        }
        for mode, xy in tracks.items():
            totals[mode] += _count(trajectory, xy)
    return totals


def _reconstructed(release: RectifierRelease, found: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    mask = inpaint_mask(found, size, USUAL_FPS, DEFAULT_RULE)
    xy = inpaint(release, found, mask, size, wanted=np.ones(len(found), bool))
    return np.where((xy < CORNER * np.array(size)).all(-1, keepdims=True), np.nan, xy)


def _count(trajectory: Trajectory, xy: np.ndarray) -> Counts:
    predicted, truth = (to_pixels(points, trajectory.size, RULE) for points in (xy, trajectory.truth))
    return Counts.from_codes(outcomes(predicted, truth, trajectory.visibility, RULE))
