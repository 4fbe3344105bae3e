"""The training rows of docs/ablations.md: `python tools/ablation.py runs/ablation --data CLIPS RALLIES`.

Each row changes one thing in a run that is otherwise the same for all rows of its table, from nothing or from the same
weights, and is scored on the val split of the first folder. Rows that are finished are not done again, so the command
goes on where it was stopped; it prints every `tracknet` command, and behind each table's rows writes the table.
"""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from statistics import fmean
from string import Template
from typing import Annotated, Any, NamedTuple

import tyro
from blocks import Block

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.utils.markdown import table

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "ablations.md"
BEGIN, END = "<!-- {}: written by tools/ablation.py -->", "<!-- end of {} -->"
CLEAN = "clean.json"  # scores of the clips as they are, by each frame's strongest blob
COPIES = ("blurred", "compressed")  # of tools/degrade.py
FURTHER = ("linked", *COPIES)
# Stand for the folder of the runs, the file of scores, the labelled clips
RUNS, HARD, CLIPS = "$RUNS", "$SCORES", "$CLIPS"
AUGMENT = "--data.augment."
SHORT = "--steps 200 --evaluation.every 0 --checkpoint.every 10000 --optimizer.schedule.warmup-steps 20"


class Rows(NamedTuple):
    """A table: the config, the common options of its rows, what each changes, and how many runs a row is."""

    config: str
    options: str
    changes: Mapping[str, str]
    seeds: int = 1

    def folders(self, runs: Path, name: str) -> list[Path]:
        """Those of a row's runs, in the order of their seeds."""
        folder = runs / slug(name)
        return [folder] if self.seeds == 1 else [folder / f"seed{seed}" for seed in range(self.seeds)]


WEIGHTS = "--data.sport-weights"
UNWATCHED = "--evaluation.every 0 --checkpoint.every 10000"
SCRATCH = Rows(
    "ablation",
    UNWATCHED,
    {
        "nothing": "",
        "radius 2": "--target.radius 2",
        "radius 4": "--target.radius 4",
        "Gaussian": "--target.name gaussian --target.radius 2",
        "V5's mask": "--target.name v5",
        "no average": "--ema-decay 0",
        "longer average": "--ema-decay 0.999",
        "constant rate": "--optimizer.schedule.name constant",
        "half the rate": "--optimizer.lr 2e-3",
        "tennis alone": f"{WEIGHTS} tennis 1 badminton 0 padel 0",
        "badminton alone": f"{WEIGHTS} tennis 0 badminton 1 padel 0",
        "no padel": f"{WEIGHTS} tennis 0.35 badminton 0.5 padel 0",
        "no flip": f"{AUGMENT}flip 0",
        "no zoom": f"{AUGMENT}scale 1 1",
        "shift": f"{AUGMENT}shift 0.1",
        "no light": f"{AUGMENT}brightness 0 {AUGMENT}contrast 0 {AUGMENT}colour 0",
        "no crops round balls": f"{AUGMENT}ball-crop 0",
        "V3's mixup": "--data.mixup.sample 0.5",
        "no motion": "--model.motion none",
        "five frames": "--model.frames 5 --model.outputs 5",
        "five frames, distilled": "--model.frames 5 --model.outputs 5 --distill.teacher tracknet_nano",
    },
    seeds=2,
)
LONG = Rows(
    "ablation",
    f"{UNWATCHED} --steps 3000",
    {
        "nothing": "",
        "radius 2": "--target.radius 2",
        "no motion": "--model.motion none",
        "five frames": "--model.frames 5 --model.outputs 5",
    },
    seeds=2,
)
RESOLUTION = Rows(
    "ablation",
    f"{UNWATCHED} --data.source {CLIPS}",
    {
        "512x288": "",
        "384x224": "--model.width 384 --model.height 224 --target.radius 2.25",
        "256x144": "--model.width 256 --model.height 144 --target.radius 1.5",
    },
    seeds=2,
)
REFINED = "--model.refinement rstr --model.embed-dim 64 --model.layers 2 --model.mlp-dim 128"
REFINEMENT = Rows(
    "ablation",
    f"--init-from {RUNS}/long/nothing/seed1 {SHORT} --batch-size 2 --optimizer.lr 1e-3 {AUGMENT}crop None",
    {
        "none": "",
        "alternating": f"{REFINED} --model.attention alternating",
        "divided": f"{REFINED} --model.attention divided",
        "joint": f"{REFINED} --model.attention joint",
    },
)
SMALL = Rows(
    "ablation",
    f"--init-from {RUNS}/base {SHORT} --optimizer.lr 1e-3",
    {
        "nothing": "",
        "nothing, seed 1": "--seed 1",
        "pasted balls": f"{AUGMENT}paste 0.5",
    },
)
NANO = Rows(
    "tracknet_nano",
    f"--init-from tracknet_nano {SHORT} --optimizer.lr 5e-4 {AUGMENT}crop 96 160 --ema-decay 0.98",
    {
        "nothing": "",
        "pasted balls": f"{AUGMENT}paste 0.3",
        "nothing, seed 1": "--seed 1",
        "JPEG": f"{AUGMENT}jpeg 0.25",
        "hard examples": f"--data.hard-examples {HARD}",
    },
)
DEGRADED = ("nothing", "JPEG")  # rows that are scored on degraded copies, too
TABLES = {
    "scratch": SCRATCH,
    "long": LONG,
    "resolution": RESOLUTION,
    "refinement": REFINEMENT,
    "small": SMALL,
    "nano": NANO,
}


def quoted(path: Path | str) -> str:
    """`path` as a word of a command."""
    return shlex.quote(str(path))


def run(command: str) -> None:
    """Runs a `tracknet` command; raises `UserError` when it fails."""
    print(f"$ tracknet {command}", flush=True)
    if tracknet(shlex.split(command)):
        raise UserError(f"failed: tracknet {command}")


def train(command: str, folder: Path) -> None:
    """A training run in `folder`, unless it is finished."""
    if not (folder / "finished").is_file():
        run(f"train {command} --workdir {quoted(folder)}")
        (folder / "finished").touch()


def score(checkpoint: Path, clips: Path, path: Path, options: str = "--no-link") -> Any:
    """The scores of weights on the val split of `clips`, kept in `path`."""
    if not path.is_file():
        of_what = f"--checkpoint {quoted(checkpoint)} --data {quoted(clips)}"
        run(f"evaluate {of_what} --split val {options} --json {quoted(path)}")
    return json.loads(path.read_text())


def rows_table(rows: Rows, runs: Path) -> str:
    """Markdown: the scores of the rows that are there, in per cent, of several runs their mean."""
    scored = {
        name: [folder for folder in rows.folders(runs, name) if (folder / CLEAN).is_file()]
        for name in rows.changes
    }
    scored = {name: folders for name, folders in scored.items() if folders}
    every_run = list(chain.from_iterable(scored.values()))
    further = [file for file in FURTHER if any((run / f"{file}.json").is_file() for run in every_run)]
    sports = sorted(read_scores(every_run[0], CLEAN)["sports"]) if every_run else []
    changes = {
        name: f"`{change.replace('$', '')}`" if change else "" for name, change in rows.changes.items()
    }
    lines = [
        [name, changes[name], *cells(folders, sports, further, each_run=rows.seeds > 1)]
        for name, folders in scored.items()
    ]
    runs_of_row = ["each run"] if rows.seeds > 1 else []
    return table(
        ["row", "change", "F1 hit", *runs_of_row, *sports, "precision", "recall hit", "px", *further], lines
    )


def cells(folders: list[Path], sports: list[str], further: list[str], each_run: bool) -> list[str]:
    """The figures of a row's runs; of further clips, and with linking, F1 hit of the first of them."""
    scores = [read_scores(folder, CLEAN) for folder in folders]
    totals = [each["total"] for each in scores]
    figures = [percent(total["f1_hit"] for total in totals)]
    if each_run:
        figures.append(", ".join(percent([total["f1_hit"]]) for total in totals))
    figures += [percent(each["sports"][sport]["f1_hit"] for each in scores) for sport in sports]
    figures += [percent(total[key] for total in totals) for key in ("precision", "recall_hit")]
    figures.append(f"{fmean(each['localisation_px']['median'] for each in scores):.1f}")
    for file in (f"{name}.json" for name in further):
        there = (folders[0] / file).is_file()
        figures.append(percent([read_scores(folders[0], file)["total"]["f1_hit"]]) if there else "")
    return figures


def read_scores(folder: Path, file: str) -> Any:
    """What `tracknet evaluate` wrote."""
    return json.loads((folder / file).read_text())


def percent(shares: Iterable[float]) -> str:
    """Their mean as the tables give it."""
    return f"{100 * fmean(shares):.1f}"


def slug(name: str) -> str:
    """A row's folder."""
    return name.replace(", ", "-").replace(" ", "-").replace("'", "").lower()


def measure(
    runs: Path, data: list[Path], cache: Path | None, hard: Path | None, degraded: Path | None
) -> None:
    """Trains and scores what is missing, and writes the tables; raises `UserError` when a command fails."""
    common = f"--data.source {' '.join(map(quoted, data))}"
    if cache:
        common += f" --data.cache {quoted(cache)}"
    paths = {"RUNS": quoted(runs), "SCORES": quoted(hard or ""), "CLIPS": quoted(data[0])}
    train(f"ablation {common}", runs / "base")
    for label, rows in TABLES.items():
        for name, change in rows.changes.items():
            if HARD in change and hard is None:
                continue
            options = Template(f"{rows.options} {change}").substitute(paths)
            for seed, folder in enumerate(rows.folders(runs / label, name)):
                of_seed = f"--seed {seed}" if seed else ""
                train(f"{rows.config} {common} {options} {of_seed}", folder)
                score(folder, data[0], folder / CLEAN)
            if rows is NANO:
                score(folder, data[0], folder / "linked.json", "")
            if degraded and name in DEGRADED:
                for copy in COPIES:
                    score(folder, degraded / copy, folder / f"{copy}.json")
        block = Block(BEGIN.format(label), END.format(label))
        block.replace(DOCUMENT, rows_table(rows, runs / label))


@entry_point("ablation")
def main(
    runs: Annotated[Path, tyro.conf.Positional],
    data: list[Path],
    cache: Path | None = None,
    hard: Path | None = None,
    degraded: Path | None = None,
) -> None:
    """Trains and scores what is missing, and writes the tables.

    Args:
        runs: folder of the runs
        data: labelled clips with a val split, then whatever else is trained on
        cache: folder of decoded frames
        hard: scores of training clips, from `tracknet evaluate --split train --json`, for the row of hard examples
        degraded: folder that tools/degrade.py wrote, for more columns
    """
    measure(runs, data, cache, hard, degraded)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
