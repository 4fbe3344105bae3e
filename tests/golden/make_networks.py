"""Cuts the golden files of the networks, losses and motion maps out of the full fixtures.

python tests/golden/make_networks.py FIXTURES_DIR
"""

import json
import sys
from pathlib import Path

import numpy as np

EVERY = 37  # of the values of a large array, this fraction is kept
PIXELS = 8  # of V1's, all 256 logits of each
NETWORKS = (
    "v1",
    "v2_keras_channel",
    "v2_keras_width",
    "v2_wasb",
    "v3_concat_L8",
    "v3_plain_L3",
    "v3_subtract_L3",
    "v3_subtract_concat_L3",
    "v4_keras_channel",
    "v4_keras_width",
    "v5repo_v2",
    "v5repo_v2_mdd",
    "v5repo_v2_rstr",
    "v5repo_v4",
    "v5repo_v5",
)
SMALL = ("logits", "visual_logits", "draft_logits", "attention", "residual", "output_typeA", "output_typeB")
TRAIN = (
    "target_xy",
    "loss_curve",
    "total_grad_norm_curve",
    "grad_norm",
    "adamw_step1_delta_norm",
    "running_after_1_step",
)


def cut_network(source: Path, target: Path) -> None:
    """The sampled small case, and the training facts where the fixture has them."""
    with np.load(source) as full:
        meta = json.loads(str(full["meta"]))
        arrays = {f"small/{k}": full[f"small/{k}"].ravel()[::EVERY] for k in SMALL if f"small/{k}" in full}
        arrays |= {f"train/{k}": full[f"train/{k}"] for k in TRAIN if f"train/{k}" in full}
        if "small/argmax" in full:
            arrays["small/argmax"] = full["small/argmax"].ravel()[::EVERY]
            arrays["small/margin"] = full["small/top1_top2_margin"].ravel()[::EVERY]
            arrays["small/logits_at_pixels"] = full["small/logits_at_pixels"][:, :PIXELS]
    kept = {key: meta[key] for key in ("seed", "source", "tensors", "inputs")}
    kept["train"] = {key: meta.get("train", {}).get(key) for key in ("parameters", "running")}
    np.savez_compressed(target, meta=json.dumps(kept), **arrays)


def main(fixtures: Path) -> None:
    """Writes one file a network, and one with the loss and motion functions."""
    here = Path(__file__).parent
    for name in NETWORKS:
        cut_network(fixtures / f"{name}.npz", here / f"{name}.npz")
    losses, motion, keras = (np.load(fixtures / f"{n}.npz") for n in ("losses", "motion", "functions_keras"))
    with losses, motion, keras:
        np.savez_compressed(
            here / "functions.npz",
            meta="{}",
            p=losses["p"],
            **{
                f"qaz/{kind}/{k}": losses[f"qaz/{kind}/{k}"]
                for kind in ("hard", "soft")
                for k in ("y", "loss", "grad")
            },
            **{f"wasb/{k}": losses[f"wasb/{k}"] for k in ("logits", "hard/wbce", "soft/wbce")},
            **{k: motion[k] for k in ("x", "ab", "v5repo_v4", "v5repo_mdd", "v5repo_mdd_grad_ab_of_sum")},
            **{f"keras_{k}": keras[f"motion/{k}"] for k in ("x", "ab", "official_v4")},
        )
    with np.load(fixtures / "ground_truth.npz") as truth:
        names = ("v3_disc_288x512", "v2_disc_288x512", "v5_gauss/720p_png", "v5_gauss/1080p_png")
        keep = {f"{n}/{k}": truth[f"{n}/{k}"] for n in names for k in ("offsets", "index", "points")}
        v1 = {k: truth[k] for k in ("v1/kernel_41x41", "v1/points_1280x720")}
        v1 |= {f"v1/class_map/{k}": truth[f"v1/class_map_360x640/{k}"] for k in ("offsets", "index", "value")}
        np.savez_compressed(here / "targets.npz", meta="{}", **keep, **v1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
