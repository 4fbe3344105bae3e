"""`tracknet train`: runs, goes on, explains itself, and tells wrong input in one line."""

import re

import cv2
import numpy as np
import pytest

from tracknet_jax.cli.main import main
from tracknet_jax.cli.train import read


@pytest.fixture
def clips(tmp_path):
    """One clip to train on and one to validate on, six frames each, a white dot at (10 + i, 9)."""
    root = tmp_path / "clips"
    for clip in ("train/a", "val/b"):
        folder = root / clip
        folder.mkdir(parents=True)
        rows = ["file name,visibility,x-coordinate,y-coordinate,status"]
        for i in range(6):
            image = np.full((32, 64, 3), 40, np.uint8)
            cv2.circle(image, (10 + i, 9), 2, (255, 255, 255), -1)
            cv2.imwrite(str(folder / f"{i:04d}.png"), image)
            rows.append(f"{i:04d}.png,1,{10 + i},9,0")
        (folder / "Label.csv").write_text("\n".join(rows) + "\n")
    return root


RECIPE = """
from dataclasses import replace
from tests.helpers.tiny_training import MODEL, tiny_config
from tracknet_jax.training.train_config import DataConfig
VARIANTS = {"still": tiny_config(model=replace(MODEL, motion="none"), data=DataConfig())}
"""


def test_trains_and_goes_on(clips, tmp_path, monkeypatch, capsys, quick_compiling):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(RECIPE)
    command = ["train", "mine.py:still", "--data.source", str(clips)]
    short = ["--evaluation.every", "2", "--evaluation.pictures", "1"]
    assert main([*command, *short, "--steps", "2"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"runs/mine_still: step 2, finished\nbest f1_hit \d\.\d{4} at step 2", told)
    assert main([*command, *short, "--steps", "3"]) == 0
    assert "step 3, finished" in capsys.readouterr().out
    lines = (tmp_path / "runs/mine_still/metrics.jsonl").read_text().splitlines()
    assert len(lines) == 5  # 3 steps, 2 evaluations


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tracknet_v9"], "no config 'tracknet_v9': no such file"),
        (["tracknet_v1:clay"], "config tracknet_v1:clay: no variant 'clay'; known are tennis"),
        (["smallest"], "no data: give a folder with --data.source DIR"),
        (["smallest", "--data.source", "/nowhere"], "data.source /nowhere: no such folder"),
        (["smallest", "--data.source", ".", "--batch-size", "7"], "batch_size 7 is not divisible by the 8"),
        (["smallest", "--data.source", ".", "--model.height", "33"], "must be divisible by 2"),
        (["smallest", "--data.source", ".", "--init-from", "nothing"], "init_from nothing"),
    ],
)
def test_wrong_input_is_one_line(words, message, tmp_path, capsys):
    assert main(["train", *words, "--workdir", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "words", [["--optimizer.lrr", "3"], ["--optimizer.name", "sgd"], ["--steps", "many"]]
)
def test_wrong_overrides_are_told(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "smallest", *words, "--workdir", str(tmp_path / "run")])
    assert end.value.code == 2
    assert words[0].lstrip("-") in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_help_fits_a_screen(capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "tracknet train tracknet_nano" in text
    assert len(text.splitlines()) <= 24


def test_help_of_a_config_lists_every_override(capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "smallest", "--help"])
    assert end.value.code == 0
    assert "--optimizer.schedule.warmup-steps" in capsys.readouterr().out


def test_shares_are_given_anew_with_any_name(capsys):
    words = ["tracknet_nano", "--data.sport-weights", "tennis", "0.3", "unlabelled", ".2", "--steps", "5"]
    _, config = read(words)
    assert config.data.sport_weights == {"tennis": 0.3, "unlabelled": 0.2}
    assert config.steps == 5
    _, unchanged = read(["tracknet_nano"])
    assert unchanged.data.sport_weights == {"tennis": 0.35, "badminton": 0.5, "padel": 0.15}
    with pytest.raises(SystemExit) as stop:
        read(["tracknet_nano", "--data.sport-weights", "tennis", "0.3", "padel"])
    assert stop.value.code == 2
    assert "padel has no share" in capsys.readouterr().err
