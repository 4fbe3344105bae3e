"""`tracknet evaluate` for the scripts that write tables, and the table of scores.

Scores that are still right are not made again.
"""

import json
import math
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.markdown import table

Report = Mapping[str, Any]  # the JSON of one evaluation
SCORES = {
    "F1 hit": "f1_hit",
    "F1": "f1",
    "precision": "precision",
    "recall hit": "recall_hit",
    "recall": "recall",
}


class Variant(NamedTuple):
    """A checkpoint scored under some options."""

    checkpoint: str
    options: tuple[str, ...]
    report: Report

    @property
    def title(self) -> str:
        """The options as the tables name them."""
        return f"`{' '.join(self.options)}`" if self.options else "default"


def val_scores(
    checkpoint: str, weights: Path, clips: Path, options: Iterable[str], path: Path, reuse: bool
) -> Report:
    """The scores of a checkpoint on the val split.

    Args:
        checkpoint: its name, or its folder.
        weights: the folder it is in.
        clips: labelled clips with a val split.
        options: more of `tracknet evaluate`.
        path: holds the scores.
        reuse: take those that are there already, if the same command made them after the weights.

    Raises:
        UserError: scoring failed.
    """
    command = ["evaluate", "--checkpoint", checkpoint, "--data", str(clips), "--split", "val", *options]
    command += ["--json", str(path)]
    if not (reuse and _is_current(path, weights, command)) and tracknet(command):
        raise UserError(f"could not score {checkpoint}: {shlex.join(['tracknet', *command])}")
    return json.loads(path.read_text())


def _is_current(path: Path, weights: Path, command: list[str]) -> bool:
    """Whether `path` holds the scores of `command`, no older than any file of the weights but their card."""
    if not path.is_file() or json.loads(path.read_text())["command"] != shlex.join(["tracknet", *command]):
        return False
    files = (file for file in weights.rglob("*") if file.is_file() and file.name != "CARD.md")
    return path.stat().st_mtime >= max((file.stat().st_mtime for file in files), default=math.inf)


def results_table(variants: Iterable[Variant], with_checkpoint: bool = False) -> str:
    """Markdown: a row for each sport and for all of them, of each variant, in per cent."""
    first = ["checkpoint"] if with_checkpoint else []
    rows = []
    for variant in variants:
        groups = dict(variant.report["sports"])
        if len(groups) != 1:
            groups["all"] = variant.report["total"]
        for sport, counts in groups.items():
            name = [f"`{variant.checkpoint}`"] if with_checkpoint else []
            shares = [f"{100 * counts[score]:.1f}" for score in SCORES.values()]
            rows.append([*name, variant.title, sport, str(counts["frames"]), *shares])
    return table([*first, "options", "sport", "frames", *SCORES], rows)
