"""Cuts `signals.npz` of this folder out of the full fixtures: backgrounds, ensembles, losses and V5's discs.

python tests/golden/make_signals.py FIXTURES_DIR
"""

import sys
from pathlib import Path

import numpy as np

ENSEMBLES = ("L8_F21", "L8_F10", "L8_F8", "L3_F11", "L3_F4")
CORNER = (slice(None), slice(None), slice(0, 2), slice(0, 2))  # of windows (S, L, H, W)


def main(fixtures: Path) -> None:
    """Writes the slice; `fixtures` is the folder of the full files."""
    background, ensemble, motion, v1, truth, losses, keras = (
        np.load(fixtures / f"{name}.npz")
        for name in ("background", "ensemble", "motion", "v1", "ground_truth", "losses", "functions_keras")
    )
    arrays = {"motion/penalty": motion["v5repo_v4_penalty_lambda1"]}  # of the maps in `functions.npz`
    arrays |= {"v1/target": v1["small/target"], "v1/cross_entropy": v1["small/cross_entropy"]}
    arrays |= {f"losses/v5repo/{k}": losses[f"v5repo/{k}"] for k in ("target_0_255", "grad")}
    for kind in ("hard", "soft"):
        arrays[f"losses/keras/{kind}/grad"] = keras[f"wbce/{kind}/grad_of_mean"]
    for source in ("720p_png", "1080p_png"):
        for part in ("offsets", "index", "points"):
            arrays[f"v5_disc/{source}/{part}"] = truth[f"v5_disc/{source}/{part}"]
    for name in ("frames", "median_float", "concat/window3", "subtract/window3", "subtract_concat/window3"):
        arrays[f"background/{name}"] = background[f"same_size/{name}"]
    for length in (3, 8):
        arrays[f"ensemble/weight_L{length}"] = ensemble[f"weight/weight_L{length}"]
    for case in ENSEMBLES:
        arrays[f"ensemble/{case}/windows"] = ensemble[f"{case}/windows"][CORNER]
        for overlap in ("average", "weight"):
            arrays[f"ensemble/{case}/{overlap}"] = ensemble[f"{case}_{overlap}/frames"][CORNER[1:]]
    np.savez_compressed(Path(__file__).with_name("signals.npz"), meta="{}", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
