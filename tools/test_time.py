"""Writes the test-time table of docs/ablations.md: `python tools/test_time.py CLIPS [--checkpoint NAME] [--reuse]`.

Each row is one `tracknet evaluate` with other options, on the val split; its scores stay in build/test_time/.
"""

import sys
from pathlib import Path
from typing import Annotated

import tyro
from blocks import Block
from scoring import val_scores

from tracknet_jax.releases.release import shipped_releases
from tracknet_jax.utils.errors import entry_point
from tracknet_jax.utils.markdown import table

ROOT = Path(__file__).resolve().parents[1]
BLOCK = Block("<!-- test time: written by tools/test_time.py -->", "<!-- end of test time -->")
ROWS = (
    "",
    "--threshold 0.4",
    "--threshold 0.6",
    "--no-link",
    "--no-link --threshold 0.4",
    "--no-link --threshold 0.6",
    "--rectify physics",
    "--rectify linear",
    "--overlap average",
    "--overlap weighted",
    "--overlap weighted --rectify physics",
    "--overlap weighted --no-link",
)


def score(options: str, clips: Path, checkpoint: str, folder: Path, reuse: bool) -> list[str]:
    """A row of the table, its scores in `folder`; raises `UserError` when the evaluation fails."""
    weights = shipped_releases().get(checkpoint, Path(checkpoint))
    path = folder / f"{weights.name}{options.replace(' ', '')}.json"
    scores = val_scores(checkpoint, weights, clips, options.split(), path, reuse)
    total = scores["total"]
    sports = [f"{100 * group['f1_hit']:.1f}" for _, group in sorted(scores["sports"].items())]
    figures = [f"{100 * total[key]:.1f}" for key in ("f1_hit", "f1", "precision", "recall_hit")]
    return [f"`{options}`" if options else "default", figures[0], *sports, *figures[1:]]


@entry_point("test_time")
def main(
    clips: Annotated[Path, tyro.conf.Positional], checkpoint: str = "tracknet_nano", reuse: bool = False
) -> None:
    """Scores what is missing and writes the table.

    Args:
        clips: labelled clips with a val split of badminton and tennis
        checkpoint: release to score
        reuse: take scores that are there already, if they are newer than the weights
    """
    folder, document = ROOT / "build" / "test_time", ROOT / "docs" / "ablations.md"
    BLOCK.replace(document, None)
    rows = [score(options, clips, checkpoint, folder, reuse) for options in ROWS]
    head = ["options", "F1 hit", "badminton", "tennis", "F1", "precision", "recall hit"]
    BLOCK.replace(document, table(head, rows))


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
