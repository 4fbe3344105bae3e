"""The ablation: rows are read from the document, trained and scored once, and written back with their scores."""

import json
from itertools import pairwise
from pathlib import Path

import ablation
import pytest
import scoring
from ablation import DOCUMENT, TABLES, block, read_changes, rows_table

from tracknet_jax.utils.errors import UserError


def report(total: float) -> dict:
    return {
        "total": {"f1_hit": total, "precision": 0.9, "recall_hit": 0.8},
        "sports": {"tennis": {"f1_hit": 0.95}, "badminton": {"f1_hit": 0.85}},
        "localisation_px": {"median": 1.24},
    }


def test_a_row_is_the_mean_of_its_runs():
    changes = {"nothing": "", "V5's mask": "--target.name v5"}
    head, _, *rows = rows_table(
        changes, {"nothing": [report(0.6), report(0.7)], "V5's mask": [report(0.5), report(0.5)]}
    ).splitlines()
    assert head == "| row | change | F1 hit | each run | badminton | tennis | precision | recall hit | px |"
    assert rows == [
        "| nothing |  | 65.0 | 60.0, 70.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |",
        "| V5's mask | `--target.name v5` | 50.0 | 50.0, 50.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |",
    ]


def test_our_document_names_the_rows():
    scratch = read_changes(block("scratch").read(DOCUMENT))
    assert scratch["nothing"] == ""
    assert scratch["radius 2"] == "--target.radius 2"
    assert all(read_changes(block(name).read(DOCUMENT)) for name in TABLES)


@pytest.fixture
def commands(monkeypatch):
    """The commands that were run; training leaves a folder, scoring its scores."""
    commands = []

    def tracknet(words):
        options = dict(pairwise(words))
        commands.append(words)
        if "train" in words:
            Path(options["--workdir"]).mkdir(parents=True)
        else:
            Path(options["--json"]).write_text(json.dumps(report(0.5) | {"command": ""}))
        return 0

    monkeypatch.setattr(ablation, "tracknet", tracknet)
    monkeypatch.setattr(scoring, "tracknet", tracknet)
    return commands


def write_document(path):
    blocks = (f"{block(name).begin}\n{TABLE}\n{block(name).end}\n" for name in TABLES)
    path.write_text("before\n" + "".join(blocks))
    return path


TABLE = "| row | change | F1 hit |\n| --- | --- | --- |\n| nothing |  | 1.0 |\n| two, more | `--batch-size 2` | 1.0 |"


def test_every_row_is_trained_once_and_scored(tmp_path, commands):
    # Folders may hold spaces, and the words that stand for folders.
    runs, clips, document = (
        tmp_path / "RUNS of $CLIPS",
        tmp_path / "our clips",
        write_document(tmp_path / "a.md"),
    )
    ablation.write_ablation(runs, [clips, tmp_path / "rallies"], document)
    trained = [words for words in commands if words[0] == "train"]
    assert len(trained) == 2 * sum(rows.seeds for rows in TABLES.values())
    where = {words[-1]: words for words in trained}
    words = where[str(runs / "scratch" / "two-more" / "seed1")]
    assert words[2:5] == ["--data.source", str(clips), str(tmp_path / "rallies")]
    assert words[words.index("--batch-size") :][:4] == ["--batch-size", "2", "--seed", "1"]
    resolution = where[str(runs / "resolution" / "nothing" / "seed0")]
    assert resolution[-4:-2] == ["--data.source", str(clips)]
    starts = [words[words.index("--init-from") + 1] for words in trained if "--init-from" in words]
    assert set(starts) == {
        str(runs / "long" / "nothing" / "seed1"),
        str(runs / "scratch" / "nothing" / "seed0"),
        "tracknet_nano",
    }
    row = "| two, more | `--batch-size 2` | 50.0 | 50.0, 50.0 | 85.0 | 95.0 | 90.0 | 80.0 | 1.2 |"
    assert row in block("long").read(document)
    assert document.read_text().startswith("before\n")

    del commands[:]
    ablation.write_ablation(runs, [clips], document)
    assert not [words for words in commands if words[0] == "train"]


def test_a_document_without_its_tables_is_told_before_anything_is_trained(tmp_path, commands):
    (tmp_path / "a.md").write_text("no table")
    with pytest.raises(UserError, match=r"a\.md: expected one block"):
        ablation.write_ablation(tmp_path, [tmp_path], tmp_path / "a.md")
    assert not commands
