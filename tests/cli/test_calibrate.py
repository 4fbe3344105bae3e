"""`tracknet calibrate`: the release it writes has the logits that it prints."""

import json
import re
from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.helpers.labelled_clips import clip_score, flight, make_clip, true_rows, write_csv
from tests.helpers.members import narrow, random_release, windows
from tracknet_jax.cli.main import main
from tracknet_jax.evaluation.calibration import Platt
from tracknet_jax.releases.release import load_release, read_card, save_release
from tracknet_jax.scoring.metrics import FP2, TP


@pytest.fixture
def checkpoint(tmp_path):
    release = random_release(narrow("tracknet_nano"))
    save_release(tmp_path / "ball", release.config, release.variables, "# a card")
    return tmp_path / "ball"


@pytest.fixture
def data(tmp_path):
    clip = make_clip(tmp_path / "data" / "match1" / "rally1", "frames", flight(6), np.ones(6))
    write_csv(clip.frames[0].parent.parent / "ball.csv", true_rows(clip))
    return tmp_path / "data"


def run(checkpoint, data, output, *options):
    arguments = ["--checkpoint", checkpoint, "--data", data, "--output", output, *options]
    return main(["calibrate", *map(str, arguments)])


def stand_in(checkpoint, found, seen):
    """For `score_release`: a random network finds nothing, so `found` stands for that, on the line of its logits."""
    asked = load_release(checkpoint).variables["params"]["head"]["conv"]

    def score_release(clips, release, *_):
        seen.append([footage.clip.name for footage in clips])
        head = release.variables["params"]["head"]["conv"]
        scale = np.linalg.norm(head["kernel"]) / np.linalg.norm(asked["kernel"])
        line = Platt(scale, float((head["bias"] - scale * asked["bias"])[0]))
        return iter([replace(found, confidence=line(found.confidence))])

    return score_release


def test_the_release_gives_the_logits_told(checkpoint, data, tmp_path, capsys, monkeypatch):
    found = clip_score("a", [TP, FP2] * 40, [1, np.nan] * 40)  # half of it right at any confidence
    monkeypatch.setattr(
        "tracknet_jax.evaluation.score_release.score_release", stand_in(checkpoint, found, [])
    )
    assert run(checkpoint, data, tmp_path / "calibrated") == 0
    told = capsys.readouterr().out
    scale, shift = map(float, re.search(r"= (\S+) logit (\S+),", told).groups())
    before, after = load_release(checkpoint), load_release(tmp_path / "calibrated")
    frames = windows(before.config, 1)
    logits = jax.jit(before.model.apply)
    old, new = (np.asarray(logits(release.variables, *frames).logits) for release in (before, after))
    np.testing.assert_allclose(new, scale * old + shift, atol=2e-3 * (1 + np.abs(old).max()))
    assert read_card(tmp_path / "calibrated") == "# a card"
    errors = [float(x) for x in re.search(r"error (\S+)% -> (\S+)%", told).groups()]
    assert errors[0] == pytest.approx(25, abs=1)  # said 0.75 on average, half are right
    assert errors[1] < 5


@pytest.mark.parametrize(
    ("options", "watched"),
    [
        ([], ["match1/rally1", "match2/rally1"]),
        (["--split", "val"], ["match2/rally1"]),  # as the run did
        (["--split", "val", "--split-by", "layout"], None),
    ],
)
def test_clips_are_chosen_as_evaluate_does(checkpoint, data, tmp_path, capsys, monkeypatch, options, watched):
    clip = make_clip(data / "match2" / "rally1", "frames", flight(6), np.ones(6))
    write_csv(clip.frames[0].parent.parent / "ball.csv", true_rows(clip))
    config = {"data": {"split_by": "auto", "val_split": "val"}}
    (checkpoint / "train_config.json").write_text(json.dumps(config))
    seen = []

    found = clip_score("a", [TP, FP2] * 40, [1, np.nan] * 40)
    monkeypatch.setattr(
        "tracknet_jax.evaluation.score_release.score_release", stand_in(checkpoint, found, seen)
    )
    assert run(checkpoint, data, tmp_path / "calibrated", *options) == (2 if watched is None else 0)
    told = capsys.readouterr()
    if watched is None:
        assert "no labelled clip with split val and sport any; give --split-by" in told.err
        return
    assert seen
    assert all(names == watched for names in seen)
    assert ("Split by match" in told.out) == bool(options)


def test_too_few_detections_write_nothing(checkpoint, data, tmp_path, capsys):
    assert run(checkpoint, data, tmp_path / "calibrated") == 2
    assert "expected 20 of each; give more clips" in capsys.readouterr().err
    assert not (tmp_path / "calibrated").exists()
