"""Training of a rectifier: the loss against its formula, a run that learns, goes on and leaves a release."""

import json
import os
import signal
from dataclasses import replace

import jax
import numpy as np
import pytest

from tracknet_jax.cli.main import main
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig, init_rectifier
from tracknet_jax.rectification.trajectories import Trajectory, write_trajectories
from tracknet_jax.releases.release import RectifierRelease, load_rectifier
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.training.optimizers import make_optimizer, make_schedule
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig, TrajectoryConfig
from tracknet_jax.training.rectifier.rectifier_validation import accuracies
from tracknet_jax.training.rectifier.train_rectifier import (
    load_arrays,
    rectifier_step,
    train_rectifier,
    window_starts,
)
from tracknet_jax.training.state import create_state
from tracknet_jax.utils.errors import UserError

NARROW = RectifierConfig("narrow", widths=(8, 16))


def trajectory(name, split, count=60, seed=0):
    """A ball in flight; the tracker misses one frame in five and is a pixel off elsewhere."""
    rng = np.random.default_rng(seed)
    t = np.arange(count)
    truth = np.stack([100 + 4 * t, 150 + 60 * np.sin(t / 9 + seed)], axis=-1).astype(np.float32)
    found = truth + rng.normal(0, 0.5, truth.shape).astype(np.float32)
    found[rng.random(count) < 0.2] = np.nan
    rows = (
        Row(i, x, y, 1.0, "detected" if np.isfinite(x) else "") for i, (x, y) in enumerate(found.tolist())
    )
    track = Track.of(rows, size=(512, 288))
    return Trajectory(name, "tennis", split, track, truth, np.ones(count, np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trajectories")
    clips = [trajectory(f"game{i}/a", "train", seed=i) for i in range(4)] + [
        trajectory("game9/a", "val", seed=9)
    ]
    list(write_trajectories(folder, clips))
    return folder


def config(folder, **changes) -> RectifierTrainConfig:
    tiny = RectifierTrainConfig(
        model=NARROW, data=TrajectoryConfig(source=str(folder)), batch_size=16, epochs=4, evaluate_every=2
    )
    return replace(tiny, **changes)


def test_the_recipe_is_the_published_one():
    recipe = load_config("inpaintnet")
    assert (recipe.model.length, recipe.batch_size, recipe.epochs) == (16, 32, 300)
    assert recipe.data.mask_ratio == 0.3
    rate = make_schedule(recipe.optimizer, 300)
    for epoch, expected in ((0, 1e-3), (99, 1e-3), (100, 1e-4), (199, 1e-4), (200, 1e-5), (299, 1e-5)):
        assert float(rate(epoch)) == pytest.approx(expected, rel=1e-5)
    assert (recipe.optimizer.name, recipe.optimizer.clip_norm) == ("adam", 1.0)


def test_the_loss_counts_hidden_visible_frames_over_all_elements(folder):
    """Of a network that always says 0.5: the formula by hand, with the mask that the step draws."""
    clip = trajectory("a", "train")
    clip = replace(clip, visibility=np.where(np.arange(60) % 3 == 0, 0, 1).astype(np.uint8))
    run = config(folder, data=TrajectoryConfig(mask_ratio=0.5))
    arrays = load_arrays([clip], run)
    params = jax.tree.map(np.zeros_like, init_rectifier(NARROW, jax.random.key(0))["params"])
    state = create_state({"params": params}, make_optimizer(run.optimizer), jax.random.key(5), averaged=False)
    starts = np.array([0, 3, 17])
    _, loss = jax.jit(rectifier_step, static_argnames=("config", "optimizer"))(
        state, arrays, starts, config=run, optimizer=make_optimizer(run.optimizer)
    )
    hidden = np.asarray(jax.random.bernoulli(jax.random.fold_in(jax.random.key(5), 0), 0.5, (3, 16, 1)))
    total, inside = 0.0, starts[:, None] + np.arange(16)
    for row, frames in enumerate(inside):
        for column, frame in enumerate(frames):
            if hidden[row, column, 0] and frame % 3:
                total += ((0.5 - clip.truth[frame] / (512, 288)) ** 2).sum()
    assert float(loss) == pytest.approx(total / (3 * 16 * 2), rel=1e-5)


def test_windows_stay_inside_their_clip():
    clips = [trajectory("a", "train", 18), trajectory("b", "train", 15), trajectory("c", "train", 16)]
    assert window_starts(clips, 16).tolist() == [0, 1, 2, 33]


def test_validation_counts_what_each_mode_says():
    clip = trajectory("a", "val")
    variables = jax.tree.map(np.zeros_like, init_rectifier(NARROW, jax.random.key(0)))
    counts = accuracies(RectifierRelease(InpaintNet(NARROW), variables, NARROW), [clip])
    found = clip.track.visible
    assert (counts["baseline"].tp, counts["baseline"].fn) == (found.sum(), (~found).sum())
    # This network says the middle of the picture whatever it is asked.
    middle = (np.array([256, 144]) + 0.5) - 0.5
    near = np.hypot(*(clip.truth - middle).T) <= 4
    assert counts["reconstruct"].tp == near.sum()
    assert counts["reconstruct"].fp1 == 60 - near.sum()
    filled = counts["inpaint"].fp1 + counts["inpaint"].tp - found.sum()
    assert filled == counts["baseline"].fn - counts["inpaint"].fn > 0


@pytest.fixture(scope="module")
def whole_run(folder, tmp_path_factory):
    """A run to its end: its result and its folder."""
    whole = tmp_path_factory.mktemp("whole")
    return train_rectifier(config(folder), whole), whole


def test_a_run_learns_goes_on_and_leaves_a_release(folder, whole_run):
    done, whole = whole_run
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [11, 22, 33, 44]  # 4 clips of 45 windows
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert {"val/inpaint", "val/reconstruct", "val/baseline"} <= set(rows[-1])
    assert done.progress.best_step in (22, 44)
    release = load_rectifier(whole / "release")
    assert release.config == NARROW
    assert "validation accuracy" in (whole / "release" / "CARD.md").read_text()

    assert int(train_rectifier(config(folder), whole).state.step) == 44  # finished: nothing to do


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(folder, whole_run, tmp_path, monkeypatch):
    whole, _ = whole_run

    def stop(self, step):
        monkeypatch.undo()
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("tracknet_jax.training.reporting.display.TrainingDisplay.advance", stop)
    first = train_rectifier(config(folder), tmp_path / "parts")
    assert first.stopped
    assert int(first.state.step) in (11, 22)
    again = train_rectifier(config(folder), tmp_path / "parts")
    assert not again.stopped
    jax.tree.map(
        np.testing.assert_array_equal, jax.device_get(whole.state.params), jax.device_get(again.state.params)
    )


def test_from_the_command_line(folder, tmp_path, capsys):
    arguments = ["train", "inpaintnet", "--data.source", str(folder), "--workdir", str(tmp_path / "run")]
    small = ["--model.widths", "4", "8", "--epochs", "1", "--batch-size", "64"]
    assert main([*arguments, *small]) == 0
    assert "finished\nbest inpaint accuracy 0." in capsys.readouterr().out
    assert load_rectifier(tmp_path / "run" / "release").config.widths == (4, 8)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"data": TrajectoryConfig()}, "no data"),
        ({"data": TrajectoryConfig(source="/nowhere")}, "no such folder"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1000}, "180 training windows are no batch of 1000"),
    ],
)
def test_wrong_configs_are_told(folder, tmp_path, changes, match):
    with pytest.raises(UserError, match=match):
        train_rectifier(config(folder, **changes), tmp_path / "run")
