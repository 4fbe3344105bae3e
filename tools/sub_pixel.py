"""Writes the table of positions in docs/ablations.md: `python tools/sub_pixel.py CLIPS [--checkpoint NAME]`.

The same maps, cut at 0.5, and a position in each by the rule of each reference; val split, no linking.
"""

import sys
from pathlib import Path
from typing import Annotated

import tyro
from blocks import Block

from tracknet_jax.evaluation.footage import find_footage
from tracknet_jax.evaluation.published.published_tracker import PublishedTracker
from tracknet_jax.evaluation.score_release import score_tracker
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.releases.release import Release, load_release
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.utils.errors import entry_point
from tracknet_jax.utils.markdown import table

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "ablations.md"
BLOCK = Block("<!-- positions: written by tools/sub_pixel.py -->", "<!-- end of positions -->")
RULES = {
    "centroid": "weighted centroid of the blob with the largest sum of p (WASB; ours)",
    "nms": "weighted centroid of a disc round the peak (WASB's alternative)",
    "bbox": "whole-pixel centre of the largest box (V2, V3, V4)",
    "contour": "whole-pixel centroid of the largest contour (V5's code)",
    "argmax": "pixel of the peak",
}
TOLERANCES = (4.0, 2.0, 1.0)  # pixels


def score(rule: str, clips: Path, release: Release) -> list[str]:
    """A row of the table; raises `UserError` when the clips cannot be read."""
    default = protocol("default")
    footage = find_footage(clips, "auto", "val", None, None)
    scores = Scores(default, tuple(score_tracker(footage, PublishedTracker(release, rule), default)))
    shares = [f"{100 * counts.f1_hit:.1f}" for counts in scores.by_tolerance(TOLERANCES).values()]
    return [RULES[rule], *shares, f"{scores.localisation['median']:.2f}"]


@entry_point("sub_pixel")
def main(clips: Annotated[Path, tyro.conf.Positional], checkpoint: str = "tracknet_nano") -> None:
    """Scores every rule and writes the table.

    Args:
        clips: labelled clips with a val split
        checkpoint: release whose maps are decoded
    """
    BLOCK.replace(DOCUMENT, None)
    release = load_release(checkpoint)
    rows = [score(rule, clips, release) for rule in RULES]
    head = ["position", *(f"F1 hit, {tolerance:g} px" for tolerance in TOLERANCES), "median px"]
    BLOCK.replace(DOCUMENT, table(head, rows))


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
