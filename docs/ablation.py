"""The training rows of docs/recipe.md: `python docs/ablation.py runs/ablation --data CLIPS RALLIES`.

Each row goes on for a few steps from weights that are the same for all rows of its table, changes one thing, and is
scored on the val split of the first folder. Rows that are finished are not done again, so the command goes on where it
was stopped; it prints every `tracknet` command, and at the end writes the tables.
"""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import tyro
from blocks import Block

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.errors import UserError
from tracknet_jax.markdown import table

DOCUMENT = Path(__file__).resolve().parent / "recipe.md"
BEGIN, END = "<!-- {}: written by docs/ablation.py -->", "<!-- end of {} -->"
CLEAN = "clean.json"  # scores of the clips as they are, by each frame's strongest blob
COPIES = ("blurred", "compressed")  # of docs/degrade.py
FURTHER = ("linked", *COPIES)
RUNS, HARD = "RUNS", "SCORES"  # stand for the folder of the runs, the file of scores
AUGMENT = "--data.augment."
SHORT = "--steps 200 --evaluation.every 0 --checkpoint.every 10000 --optimizer.schedule.warmup-steps 20"


class Rows(NamedTuple):
    """A table: the config, the weights that its rows go on from, their common options, and what each changes."""

    config: str
    start: str
    options: str
    changes: Mapping[str, str]


SMALL = Rows(
    "ablation",
    f"{RUNS}/base",
    f"{SHORT} --optimizer.lr 1e-3",
    {
        "nothing": "",
        "nothing, seed 1": "--seed 1",
        "pasted balls": f"{AUGMENT}paste 0.5",
    },
)
NANO = Rows(
    "tracknet_nano",
    "tracknet_nano",
    f"{SHORT} --optimizer.lr 5e-4 {AUGMENT}crop 96 160 --ema-decay 0.98",
    {
        "nothing": "",
        "pasted balls": f"{AUGMENT}paste 0.3",
        "nothing, seed 1": "--seed 1",
        "JPEG": f"{AUGMENT}jpeg 0.25",
        "hard examples": f"--data.hard-examples {HARD}",
    },
)
DEGRADED = ("nothing", "JPEG")  # rows that are scored on degraded copies, too
TABLES = {"small": SMALL, "nano": NANO}


def run(command: str) -> None:
    """Runs a `tracknet` command; raises `UserError` when it fails."""
    print(f"$ tracknet {command}", flush=True)
    if tracknet(shlex.split(command)):
        raise UserError(f"failed: tracknet {command}")


def train(command: str, folder: Path) -> None:
    """A training run in `folder`, unless it is finished."""
    if not (folder / "finished").is_file():
        run(f"train {command} --workdir {folder}")
        (folder / "finished").touch()


def score(checkpoint: Path, clips: Path, path: Path, options: str = "--no-link") -> Any:
    """The scores of weights on the val split of `clips`, kept in `path`."""
    if not path.is_file():
        run(f"evaluate --checkpoint {checkpoint} --data {clips} --split val {options} --json {path}")
    return json.loads(path.read_text())


def rows_table(rows: Rows, folder: Path) -> str:
    """Markdown: the scores of the rows that are there, in per cent; of further clips and with linking F1 hit."""
    files = {name: folder / slug(name) for name in rows.changes if (folder / slug(name) / CLEAN).is_file()}
    further = [name for name in FURTHER if any((run / f"{name}.json").is_file() for run in files.values())]
    lines, sports = [], []
    for name, run_folder in files.items():
        scores = json.loads((run_folder / CLEAN).read_text())
        sports = sorted(scores["sports"])
        figures = [percent(scores["sports"][sport]["f1_hit"]) for sport in sports]
        figures += [percent(scores["total"][key]) for key in ("precision", "recall_hit")]
        for path in (run_folder / f"{name}.json" for name in further):
            figures.append(percent(json.loads(path.read_text())["total"]["f1_hit"]) if path.is_file() else "")
        change = f"`{rows.changes[name]}`" if rows.changes[name] else ""
        lines.append([name, change, percent(scores["total"]["f1_hit"]), *figures])
    return table(["row", "change", "F1 hit", *sports, "precision", "recall hit", *further], lines)


def percent(share: float) -> str:
    """As the tables give it."""
    return f"{100 * share:.1f}"


def slug(name: str) -> str:
    """A row's folder."""
    return name.replace(", ", "-").replace(" ", "-").lower()


def measure(
    runs: Path, data: list[Path], cache: Path | None, hard: Path | None, degraded: Path | None
) -> None:
    """Trains and scores what is missing, and writes the tables; raises `UserError` when a command fails."""
    common = f"--data.source {shlex.join(map(str, data))}"
    if cache:
        common += f" --data.cache {cache}"
    train(f"ablation {common}", runs / "base")
    for label, rows in TABLES.items():
        for name, change in rows.changes.items():
            if HARD in change and hard is None:
                continue
            folder, start = runs / label / slug(name), rows.start.replace(RUNS, str(runs))
            options = f"{rows.options} {change.replace(HARD, str(hard))}"
            train(f"{rows.config} {common} --init-from {start} {options}", folder)
            score(folder, data[0], folder / CLEAN)
            if rows is NANO:
                score(folder, data[0], folder / "linked.json", "")
            if degraded and name in DEGRADED:
                for copy in COPIES:
                    score(folder, degraded / copy, folder / f"{copy}.json")
        block = Block(BEGIN.format(label), END.format(label))
        block.replace(DOCUMENT, rows_table(rows, runs / label))


def main(
    runs: Annotated[Path, tyro.conf.Positional],
    data: list[Path],
    cache: Path | None = None,
    hard: Path | None = None,
    degraded: Path | None = None,
) -> int:
    """Trains and scores what is missing, and writes the tables.

    Args:
        runs: folder of the runs
        data: labelled clips with a val split, then whatever else is trained on
        cache: folder of decoded frames
        hard: scores of training clips, from `tracknet evaluate --split train --json`, for the row of hard examples
        degraded: folder that docs/degrade.py wrote, for more columns
    """
    try:
        measure(runs, data, cache, hard, degraded)
    except UserError as error:
        print(f"ablation: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
