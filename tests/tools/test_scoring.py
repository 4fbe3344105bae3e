"""Scores that the documents' commands keep: when they are taken, and when they are made anew."""

import json
import os
import shlex

import pytest
import scoring

from tracknet_jax.utils.errors import UserError

OPTIONS = ("--threshold", "0.4")


@pytest.fixture
def scored(monkeypatch):
    """The commands that were run; each leaves scores that tell its command and how many ran before."""
    commands = []

    def evaluate(command):
        total = {"f1_hit": len(commands) / 10}
        report = {"command": shlex.join(["tracknet", *command]), "total": total}
        with open(command[-1], "w") as file:
            json.dump(report, file)
        commands.append(command)
        return 0

    monkeypatch.setattr(scoring, "tracknet", evaluate)
    return commands


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "dot"
    folder.mkdir()
    for name in ("config.json", "CARD.md"):
        (folder / name).write_text("{}")
        os.utime(folder / name, (1, 1))
    return folder


def test_what_is_there_is_taken_while_command_and_weights_are_the_same(scored, weights, tmp_path):
    def scores(options=OPTIONS, clips=tmp_path, reuse=True):
        return scoring.val_scores("dot", weights, clips, options, tmp_path / "a.json", reuse)["total"][
            "f1_hit"
        ]

    assert scores() == scores() == 0
    command = ["evaluate", "--checkpoint", "dot", "--data", str(tmp_path), "--split", "val", *OPTIONS]
    assert scored == [[*command, "--json", str(tmp_path / "a.json")]]
    assert scores(reuse=False) == 0.1
    assert scores(options=()) == 0.2
    assert scores(options=(), clips=tmp_path / "b") == 0.3
    newer = (tmp_path / "a.json").stat().st_mtime + 10
    os.utime(weights / "CARD.md", (newer, newer))
    assert scores(options=(), clips=tmp_path / "b") == 0.3  # a card is written after its scores
    os.utime(weights / "config.json", (newer, newer))
    assert scores(options=(), clips=tmp_path / "b") == 0.4


def test_a_failed_evaluation_is_told(monkeypatch, weights, tmp_path):
    monkeypatch.setattr(scoring, "tracknet", lambda command: 2)
    with pytest.raises(UserError, match="could not score dot: tracknet evaluate --checkpoint dot"):
        scoring.val_scores("dot", weights, tmp_path, (), tmp_path / "a.json", reuse=True)
