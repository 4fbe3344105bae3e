"""Scores the shipped checkpoints and writes the tables of README.md and the model cards: `make results CLIPS=clips/`.

python tools/results.py clips/ [--reuse]

Each checkpoint is scored on the val split under the default protocol, once for each of OPTIONS. The scores stay in
build/results/. docs/images/NAME_reliability.png shows how often its confidences are right.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from blocks import Block
from scoring import Report, Variant, results_table, val_scores

from tracknet_jax.releases.release import CARD, shipped_releases
from tracknet_jax.utils.errors import entry_point
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.markdown import table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
BLOCK = Block("<!-- results: written by `make results` -->", "<!-- end of results -->")
OPTIONS = {"default": (), "weighted": ("--overlap", "weighted"), "no-link": ("--no-link",)}


def write_results(clips: Path, root: Path, reuse: bool) -> None:
    """Scores the shipped checkpoints and writes the block of README.md and of every card.

    Args:
        clips: labelled clips with a val split.
        root: holds README.md and build/results/.
        reuse: take scores that are in build/results/ already, made by the same command after the weights.

    Raises:
        UserError: a document has no block, which is seen before anything is scored; or scoring failed.
    """
    releases = shipped_releases()
    readme, cards = root / "README.md", {name: folder / CARD for name, folder in releases.items()}
    for document in (readme, *cards.values()):
        BLOCK.read(document)
    scores = root / "build" / "results"
    variants = [
        Variant(
            name, options, val_scores(name, folder, clips, options, scores / f"{name}-{label}.json", reuse)
        )
        for name, folder in releases.items()
        for label, options in OPTIONS.items()
    ]
    BLOCK.replace(readme, results_table(variants, with_checkpoint=len(releases) > 1))
    for name, card in cards.items():
        own = [variant for variant in variants if variant.checkpoint == name]
        parts = [results_table(own), class_table(own[0].report), calibration_errors(own)]
        BLOCK.replace(card, "\n\n".join(part for part in parts if part))
        if own[0].report["calibration"] is not None:
            with replacing(root / "docs" / "images" / f"{name}_reliability.png") as partial:
                reliability_picture(own[0].report["calibration"]).savefig(partial, format="png")


def class_table(report: Report) -> str:
    """Markdown: frames scored right by visibility class and by ball speed."""
    rows = [
        [kind, name, str(counts["frames"]), f"{100 * counts['accuracy']:.1f}"]
        for kind, key in (("visibility", "visibility"), ("px a frame at 512x288", "speed"))
        for name, counts in report[key].items()
    ]
    return table(["by", "class", "frames", "right"], rows)


def calibration_errors(variants: Iterable[Variant]) -> str:
    """Markdown: how far confidences are off under each set of options; empty where there are none."""
    errors = {
        variant.title: calibration["expected_calibration_error"]
        for variant in variants
        if (calibration := variant.report["calibration"]) is not None
    }
    if not errors:
        return ""
    shares = ", ".join(f"{title} {100 * error:.1f}" for title, error in errors.items())
    return f"Expected calibration error of the confidences, per cent: {shares}."


def reliability_picture(calibration: Mapping[str, Any]) -> "Figure":
    """The share of right detections over their confidence, and how many there are of each."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bins = [b for b in calibration["bins"] if b["count"]]
    total = sum(b["count"] for b in bins)
    figure = Figure((5.0, 4.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    centres, width = [(b["low"] + b["high"]) / 2 for b in bins], 0.09
    upper.bar(centres, [b["right"] for b in bins], width, color="#7aa6d8", label="share in the right place")
    upper.plot(
        [b["confidence"] for b in bins], [b["right"] for b in bins], "o-", color="#c8641e", markersize=4
    )
    upper.plot([0, 1], [0, 1], "--", color="grey", label="a confidence that means what it says")
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="right")
    upper.legend(loc="upper left", fontsize=8, frameon=False)
    lower.bar(centres, [b["count"] / total for b in bins], width, color="#b5b5b5")
    lower.set(xlabel="confidence", ylabel="share", ylim=(0, None))
    error = 100 * calibration["expected_calibration_error"]
    figure.suptitle(f"{total} detections, expected calibration error {error:.1f} %", fontsize=10)
    return figure


@entry_point("results")
def main(clips: Annotated[Path, tyro.conf.Positional], reuse: bool = False) -> None:
    """Scores the shipped checkpoints and writes the tables of results.

    Args:
        clips: labelled clips with a val split
        reuse: take scores that are there already, if they are newer than the weights
    """
    write_results(clips, ROOT, reuse)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
