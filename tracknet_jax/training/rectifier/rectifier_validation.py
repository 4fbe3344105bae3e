"""Validation of a rectifier in TrackNetV3's three modes: gaps filled, everything reconstructed, nothing done."""

from collections.abc import Iterable

import numpy as np

from tracknet_jax.rectification.gaps import DEFAULT_RULE, inpaint_mask
from tracknet_jax.rectification.inpaint import inpaint
from tracknet_jax.rectification.rectify import USUAL_FPS, Rectification, fill
from tracknet_jax.rectification.trajectories import Trajectory
from tracknet_jax.releases.release import RectifierRelease
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import outcomes, protocol, to_pixels

RULE = protocol("default")
CORNER = 50 / np.hypot(512, 288)  # TrackNetV3's code: a reconstructed point with x and y below it is no ball


def accuracies(release: RectifierRelease, trajectories: Iterable[Trajectory]) -> dict[str, Counts]:
    """Counts of all trajectories under the default protocol, by mode.

    `inpaint`: the track with its gaps filled, as `tracknet track --rectify net` does. `reconstruct`: the network's
    positions in every frame. `baseline`: the track as it is.
    """
    totals = dict.fromkeys(("inpaint", "reconstruct", "baseline"), Counts())
    how = Rectification("net", release=release)
    for trajectory in trajectories:
        found, size = trajectory.track.xy.astype(np.float64), trajectory.size
        filled = fill(found, size, USUAL_FPS, how)
        mask = inpaint_mask(found, size, USUAL_FPS, DEFAULT_RULE)
        said = inpaint(release, found, mask, size, wanted=np.ones(len(found), bool))
        tracks = {
            "inpaint": np.where(np.isfinite(filled), filled, found),
            "reconstruct": np.where((said < CORNER * np.array(size)).all(-1, keepdims=True), np.nan, said),
            "baseline": found,
        }
        truth = to_pixels(trajectory.truth, size, RULE)
        for mode, xy in tracks.items():
            codes = outcomes(to_pixels(xy, size, RULE), truth, trajectory.visibility, RULE)
            totals[mode] += Counts.from_codes(codes)
    return totals
