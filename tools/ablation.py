"""Trains and scores the rows of docs/ablations.md: `make ablation CLIPS=clips RUNS=runs/ablation`.

The tables of that page name their rows and what each changes; a new line with these two cells is a new row. The runs
of a table are alike in all else. Each is scored on the val split of the clips, by each frame's strongest blob. The
command prints every `tracknet train`. It skips what is finished, so it can be stopped and started again.
"""

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from string import Template
from typing import Annotated, NamedTuple

import tyro
from blocks import Block
from scoring import Report, val_scores

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.utils.markdown import table

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "ablations.md"
UNWATCHED = "--evaluation.every 0 --checkpoint.every 10000"
SHORT = f"--steps 200 {UNWATCHED} --optimizer.schedule.warmup-steps 20"


class Rows(NamedTuple):
    """What the rows of a table have in common: the recipe, more options, and the number of runs of each."""

    recipe: str
    options: str  # $RUNS is the folder of the runs, $CLIPS the labelled clips
    seeds: int = 1


TABLES = {
    "scratch": Rows("ablation", UNWATCHED, seeds=2),
    "long": Rows("ablation", f"{UNWATCHED} --steps 3000", seeds=2),
    "resolution": Rows("ablation", f"{UNWATCHED} --data.source $CLIPS", seeds=2),
    "refinement": Rows(
        "ablation",
        f"--init-from $RUNS/long/nothing/seed1 {SHORT} --batch-size 2 --optimizer.lr 1e-3 --data.augment.crop None",
    ),
    "small": Rows("ablation", f"--init-from $RUNS/scratch/nothing/seed0 {SHORT} --optimizer.lr 1e-3"),
    "nano": Rows(
        "tracknet_nano",
        f"--init-from tracknet_nano {SHORT} --optimizer.lr 5e-4 --data.augment.crop 96 160 --ema-decay 0.98",
    ),
}


def block(name: str) -> Block:
    """The part of the document that holds a table."""
    return Block(f"<!-- {name}: written by `make ablation` -->", f"<!-- end of {name} -->")


def write_ablation(runs: Path, data: Sequence[Path], document: Path = DOCUMENT) -> None:
    """Trains and scores what is missing, and writes each table when its rows are there.

    Args:
        runs: the folder of the runs; `frames` in it holds the decoded clips that they share.
        data: the labelled clips with a val split, then whatever else is trained on.
        document: holds the tables.

    Raises:
        UserError: the document lacks a table, which is seen before anything is trained; or a command failed.
    """
    changes = {name: read_changes(block(name).read(document)) for name in TABLES}
    for name, rows in TABLES.items():
        reports = {
            row: measure(rows, change, runs, runs / name / slug(row), data)
            for row, change in changes[name].items()
        }
        block(name).replace(document, rows_table(changes[name], reports))


def read_changes(text: str) -> dict[str, str]:
    """What each row of a table changes, by the name of the row."""
    cells = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()[2:]]
    return {name: change.strip("`") for _, name, change, *_ in cells}


def measure(rows: Rows, change: str, runs: Path, folder: Path, data: Sequence[Path]) -> list[Report]:
    """The scores of the runs of a row; raises `UserError` when one cannot be trained or scored."""
    common = ["--data.source", *map(str, data), "--data.cache", str(runs / "frames")]
    words = shlex.split(f"{rows.options} {change}")
    options = [Template(word).substitute(RUNS=runs, CLIPS=data[0]) for word in words]
    reports = []
    for seed in range(rows.seeds):
        run = folder / f"seed{seed}"
        train([rows.recipe, *common, *options, *(["--seed", str(seed)] if seed else [])], run)
        scores = run / "scores.json"
        reports.append(val_scores(str(run), run, data[0], ["--no-link"], scores, reuse=True))
    return reports


def train(options: Sequence[str], run: Path) -> None:
    """A training run in the folder `run`, unless it is finished."""
    if (run / "finished").is_file():
        return
    command = ["train", *options, "--workdir", str(run)]
    print(f"$ {shlex.join(['tracknet', *command])}", flush=True)
    if tracknet(command):
        raise UserError(f"failed: {shlex.join(['tracknet', *command])}")
    (run / "finished").touch()


def rows_table(changes: Mapping[str, str], reports: Mapping[str, Sequence[Report]]) -> str:
    """Markdown: the scores of each row in per cent, the mean of its runs; px is the median distance."""
    first = next(iter(reports.values()))
    sports, each_run = sorted(first[0]["sports"]), ["each run"] if len(first) > 1 else []
    lines = []
    for name, row in reports.items():
        f1_hit = [report["total"]["f1_hit"] for report in row]
        lines.append(
            [
                name,
                f"`{changes[name]}`" if changes[name] else "",
                percent(f1_hit),
                *(", ".join(percent([share]) for share in f1_hit) for _ in each_run),
                *(percent(report["sports"][sport]["f1_hit"] for report in row) for sport in sports),
                *(percent(report["total"][key] for report in row) for key in ("precision", "recall_hit")),
                f"{fmean(report['localisation_px']['median'] for report in row):.1f}",
            ]
        )
    return table(["row", "change", "F1 hit", *each_run, *sports, "precision", "recall hit", "px"], lines)


def percent(shares: Iterable[float]) -> str:
    """The mean of some shares in per cent."""
    return f"{100 * fmean(shares):.1f}"


def slug(name: str) -> str:
    """The folder of a row."""
    return name.replace(", ", "-").replace(" ", "-").replace("'", "").lower()


@entry_point("ablation")
def main(runs: Annotated[Path, tyro.conf.Positional], data: tuple[Path, ...]) -> None:
    """Trains and scores what is missing, and writes the tables.

    Args:
        runs: folder of the runs
        data: labelled clips with a val split, then whatever else is trained on
    """
    write_ablation(runs, data)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
