"""The table of the ablation: one row a run that is there, columns only for what was scored."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import ablation
from ablation import DOCUMENT, NANO, REFINEMENT, SCRATCH, rows_table, slug


def write_scores(folder, name: str, total: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"f1_hit": total, "precision": 0.9, "recall_hit": 0.8}
    sports = {"tennis": {"f1_hit": 0.95}, "badminton": {"f1_hit": 0.85}}
    (folder / f"{name}.json").write_text(
        json.dumps({"total": counts, "sports": sports, "localisation_px": {"median": 1.24}})
    )


def test_the_table_has_the_rows_that_were_run(tmp_path):
    write_scores(tmp_path / slug("nothing"), "clean", 0.9)
    write_scores(tmp_path / slug("nothing, seed 1"), "clean", 0.911)
    write_scores(tmp_path / slug("nothing, seed 1"), "linked", 0.922)
    head, _, *rows = rows_table(NANO, tmp_path).splitlines()
    assert head == "| row | change | F1 hit | badminton | tennis | precision | recall hit | px | linked |"
    assert rows == [
        "| nothing |  | 90.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |  |",
        "| nothing, seed 1 | `--seed 1` | 91.1 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 | 92.2 |",
    ]


def test_several_runs_of_a_row_are_averaged(tmp_path):
    write_scores(tmp_path / "nothing" / "seed0", "clean", 0.6)
    write_scores(tmp_path / "nothing" / "seed1", "clean", 0.7)
    write_scores(tmp_path / "v5s-mask" / "seed1", "clean", 0.5)
    head, _, *rows = rows_table(SCRATCH, tmp_path).splitlines()
    assert head == "| row | change | F1 hit | each run | badminton | tennis | precision | recall hit | px |"
    assert rows == [
        "| nothing |  | 65.0 | 60.0, 70.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |",
        "| V5's mask | `--target.name v5` | 50.0 | 50.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |",
    ]


def test_paths_may_hold_spaces_and_the_words_that_stand_for_paths(tmp_path, monkeypatch):
    runs, clips = tmp_path / "SCORES of $CLIPS", tmp_path / "our clips"
    commands = []

    def tracknet(words):
        options = dict(pairwise(words))
        commands.append(options)
        if "train" in words:
            Path(options["--workdir"]).mkdir(parents=True)
        else:
            path = Path(options["--json"])
            write_scores(path.parent, path.stem, 0.5)
        return 0

    monkeypatch.setattr(ablation, "tracknet", tracknet)
    monkeypatch.setattr(ablation, "DOCUMENT", Path(shutil.copy(DOCUMENT, tmp_path)))
    ablation.measure(runs, [clips], cache=None, hard=None, degraded=None)
    assert {options["--data"] for options in commands if "--data" in options} == {str(clips)}
    assert {options["--data.source"] for options in commands if "--data.source" in options} == {str(clips)}
    starts = [options["--init-from"] for options in commands if "--init-from" in options]
    assert starts.count(str(runs / "long" / "nothing" / "seed1")) == len(REFINEMENT.changes)
