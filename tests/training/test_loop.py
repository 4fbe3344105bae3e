"""Whole runs on three little clips: what they write, how they stop, go on and end."""

import json
import os
import shutil
import signal
from dataclasses import replace

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh
from orbax.checkpoint import v1 as ocp

from tests.helpers.float64 import largest_difference
from tests.helpers.tiny_training import MODEL, SMOOTH, SMOOTH_TOLERANCE, tiny_config
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.releases.runs import find_checkpoint, restore_for_inference
from tracknet_jax.training.cluster.mesh import AXIS
from tracknet_jax.training.loop import Progress, total_steps, train
from tracknet_jax.training.reporting.display import TrainingDisplay
from tracknet_jax.training.train_config import CheckpointConfig, EvalConfig
from tracknet_jax.utils.errors import UserError


def config_for(source, pipeline="resident", **changes):
    config = tiny_config(
        optimizer=SMOOTH,
        evaluation=EvalConfig(every=3, pictures=2),
        checkpoint=CheckpointConfig(every=2),
        steps=8,
    )
    data = replace(
        config.data, source=(str(source),), pipeline=pipeline, workers=0 if pipeline == "grain" else 1
    )
    return replace(config, data=data, **changes)


def stop_at(monkeypatch, step):
    """SIGTERM while step number `step` runs."""
    advance = TrainingDisplay.advance

    def advance_and_stop(self, done):
        advance(self, done)
        if done == step:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(TrainingDisplay, "advance", advance_and_stop)


def assert_equal_states(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key):
            x, y = jax.random.key_data(x), jax.random.key_data(y)
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def assert_the_same_training(a, b):
    """In other programs: of several steps, another driver, another number of devices."""
    assert largest_difference(a.state.params, b.state.params) <= SMOOTH_TOLERANCE


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(clips, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole")
    return workdir, train(config_for(clips), workdir)


def test_what_a_run_writes(whole):
    workdir, result = whole
    assert not result.stopped
    assert int(result.state.step) == 8
    start = init_variables(MODEL, jax.random.key(0))["params"]
    assert largest_difference(result.state.params, start) > 100 * SMOOTH_TOLERANCE  # so that others are seen
    rows = lines(workdir)
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 9))
    scored = {row["step"]: row["val/f1_hit"] for row in rows if "val/f1_hit" in row}
    assert sorted(scored) == [3, 6, 8]
    assert {row["val/frames"] for row in rows if "val/frames" in row} == {12}
    assert result.progress.best_score == max(scored.values())
    assert sorted(p.name for p in (workdir / "pictures").iterdir()) == [
        f"step_{step:07d}.png" for step in (3, 6, 8)
    ]
    assert json.loads((workdir / "train_config.json").read_text())["model"]["name"] == "tiny"
    assert list((workdir / "tensorboard").iterdir())
    model, weights = restore_for_inference(workdir, "latest")
    assert model == MODEL
    assert_equal_states(weights, result.state.ema)


def test_the_loss_falls(clips, tmp_path):
    config = config_for(
        clips, steps=60, evaluation=EvalConfig(every=0), checkpoint=CheckpointConfig(every=60)
    )
    train(replace(config, optimizer=tiny_config().optimizer), tmp_path)
    losses = [row["loss"] for row in lines(tmp_path)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:3])


def test_a_finished_run_stays_as_it_is(whole, clips):
    workdir, result = whole
    again = train(config_for(clips), workdir)
    assert_equal_states(again.state, result.state)
    assert again.progress == result.progress
    assert len(lines(workdir)) == 11


def stop_and_go_on(config, workdir, monkeypatch):
    stop_at(monkeypatch, 5)
    first = train(config, workdir)
    assert first.stopped
    assert int(first.state.step) == 5
    assert (workdir / "checkpoints/5").is_dir()
    monkeypatch.undo()
    return train(config, workdir)


def assert_equal_runs(workdir, result, expected_workdir, expected):
    assert not result.stopped
    assert_equal_states(result.state, expected.state)
    assert result.progress == expected.progress
    for a, b in zip(lines(workdir), lines(expected_workdir), strict=True):
        assert a | {"frames_per_second": 0} == b | {"frames_per_second": 0}


def test_sigterm_saves_and_the_same_call_goes_on(whole, clips, tmp_path, monkeypatch):
    result = stop_and_go_on(config_for(clips), tmp_path, monkeypatch)
    assert_equal_runs(tmp_path, result, *whole)


def test_a_second_sigterm_does_not_end_the_last_write(clips, tmp_path, monkeypatch):
    stop_at(monkeypatch, 3)
    wait, sent, ended = ocp.training.Checkpointer.wait, [], []

    def wait_and_stop_again(self):
        sent.append(self.is_saving_in_progress())
        os.kill(os.getpid(), signal.SIGTERM)
        wait(self)

    monkeypatch.setattr(ocp.training.Checkpointer, "wait", wait_and_stop_again)
    before = signal.signal(signal.SIGTERM, lambda *_: ended.append("here the process would end"))
    try:
        assert train(config_for(clips, evaluation=EvalConfig(every=0)), tmp_path).stopped
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(sent) == 1
    assert not ended
    assert find_checkpoint(tmp_path, "latest").name == "3"


def test_several_steps_a_dispatch(whole, clips, tmp_path, monkeypatch):
    """The same run, logged and saved where it is due, stopped and gone on with; up to the order of sums."""
    config = config_for(
        clips,
        steps_per_dispatch=2,
        log_every=2,
        evaluation=EvalConfig(every=4),
        checkpoint=CheckpointConfig(2),
    )
    stop_at(monkeypatch, 6)
    assert int(train(config, tmp_path).state.step) == 6
    monkeypatch.undo()
    result = train(config, tmp_path)
    assert_the_same_training(result, whole[1])
    losses = {row["step"]: row["loss"] for row in lines(whole[0]) if "loss" in row}
    means = {row["step"]: row["loss"] for row in lines(tmp_path) if "loss" in row}
    expected = {step: (losses[step - 1] + losses[step]) / 2 for step in (2, 4, 6, 8)}
    assert means == pytest.approx(expected, rel=SMOOTH_TOLERANCE)
    assert [row["step"] for row in lines(tmp_path) if "val/f1_hit" in row] == [4, 8]
    with pytest.raises(UserError, match="saved after step 8, which steps_per_dispatch 3 must divide"):
        train(
            replace(
                config,
                steps_per_dispatch=3,
                steps=9,
                log_every=3,
                checkpoint=CheckpointConfig(3),
                evaluation=EvalConfig(every=0),
            ),
            tmp_path,
        )


def test_a_run_begins_with_divided_frames_and_goes_on_with_streamed_ones(
    whole, clips, tmp_path, monkeypatch, caplog
):
    """The windows are the same, so everything is; up to the order of sums in another program."""

    def config(megabytes):
        data = config_for(clips).data
        return replace(config_for(clips), data=replace(data, device_memory=megabytes / 1e3))

    stop_at(monkeypatch, 5)
    assert int(train(config(0.1), tmp_path).state.step) == 5  # 24 frames of 6 kB, on 8 devices
    assert "streamed" not in caplog.text
    monkeypatch.undo()
    result = train(config(0.01), tmp_path)
    assert "streamed" in caplog.text
    assert_the_same_training(result, whole[1])
    for a, b in zip(lines(tmp_path), lines(whole[0]), strict=True):
        assert a.keys() == b.keys()
        assert a.get("loss", 0) == pytest.approx(b.get("loss", 0), rel=SMOOTH_TOLERANCE)


def test_a_run_goes_on_with_the_other_driver(whole, clips, tmp_path, monkeypatch):
    stop_at(monkeypatch, 3)
    train(config_for(clips), tmp_path)
    monkeypatch.undo()
    result = train(config_for(clips, parallel="pmap"), tmp_path)
    assert_the_same_training(result, whole[1])


def copy_of(clips, folder):
    """With other paths and times."""
    shutil.copytree(clips, folder, copy_function=shutil.copyfile)
    return folder


def test_changed_data_are_told(clips, tmp_path, caplog):
    """A moved folder is no change, a clip less is one."""
    config = config_for(clips, steps=1, evaluation=EvalConfig(every=0))
    train(config, tmp_path / "run")
    moved = copy_of(clips, tmp_path / "moved")
    config = replace(config, data=replace(config.data, source=(str(moved),)))
    train(config, tmp_path / "run")
    assert "data.source was" in caplog.text
    assert "clips, labels, weights of sports" not in caplog.text
    shutil.rmtree(moved / "train/game1/Clip1")
    train(config, tmp_path / "run")
    assert "are not those of step 1" in caplog.text


def test_a_checkpoint_without_a_digest_of_the_data_goes_on(clips, tmp_path, caplog):
    config = config_for(clips, steps=1, evaluation=EvalConfig(every=0))
    train(config, tmp_path)
    file = tmp_path / "checkpoints/1/_CHECKPOINT_METADATA"
    metadata = json.loads(file.read_text())
    assert len(metadata["custom_metadata"].pop("data")) == 16
    file.write_text(json.dumps(metadata))
    assert int(train(config, tmp_path).state.step) == 1
    assert not caplog.records


@pytest.mark.parametrize("parallel", ["jit", "pmap"])
def test_a_run_goes_on_with_another_number_of_devices(whole, clips, tmp_path, monkeypatch, parallel):
    """Begun on two, ended on four: as on eight, the same windows; up to the order of sums."""

    def use(count):
        mesh = Mesh(np.array(jax.devices()[:count]), (AXIS,), axis_types=(AxisType.Auto,))
        monkeypatch.setattr("tracknet_jax.training.cluster.mesh.data_mesh", lambda: mesh)

    config = config_for(clips, parallel=parallel)
    use(2)
    stop_at(monkeypatch, 3)
    half = train(config, tmp_path).state
    assert int(half.step) == 3
    assert len(half.step.sharding.device_set) == 2
    monkeypatch.undo()
    use(4)
    result = train(config, tmp_path)
    assert len(result.state.step.sharding.device_set) == 4
    assert_the_same_training(result, whole[1])
    for a, b in zip(lines(tmp_path), lines(whole[0]), strict=True):
        assert a.keys() == b.keys()
        assert a.get("loss", 0) == pytest.approx(b.get("loss", 0), rel=SMOOTH_TOLERANCE)


def test_lost_weights_are_told_and_not_saved(clips, tmp_path):
    config = config_for(clips, max_skipped=3, evaluation=EvalConfig(every=0))
    config = replace(config, optimizer=replace(config.optimizer, lr=float("inf")))
    with pytest.raises(UserError, match="not been finite for 3 steps"):
        train(config, tmp_path)
    with pytest.raises(UserError, match="no checkpoint here"):
        find_checkpoint(tmp_path)


def test_patience_ends_a_run(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(Progress, "after", lambda self, step, score: Progress(0, 1.0, step))  # never better
    config = config_for(clips, evaluation=EvalConfig(every=1, pictures=0, patience=2))
    assert int(train(config, tmp_path).state.step) == 2
    assert int(train(config, tmp_path).state.step) == 2  # and it does not begin again


def test_of_equal_scores_the_later_is_the_best():
    progress = Progress().after(1, 0.5).after(2, 0.5)
    assert progress == Progress(2, 0.5, 0)
    assert progress.after(3, 0.4).after(4, 0.3) == Progress(2, 0.5, 2)


def test_weights_of_another_run_to_begin_with(whole, clips, tmp_path):
    result = train(config_for(clips, steps=1, init_from=str(whole[0]), ema_decay=0.5), tmp_path)
    start = restore_for_inference(whole[0])[1]["params"]
    differences = jax.tree.map(
        lambda a, b: float(np.abs(a - np.asarray(b)).max()), start, result.state.params
    )
    assert 0 < max(jax.tree.leaves(differences)) < 0.1  # one step of 1e-2 away


def test_validation_needs_clips(clips, tmp_path):
    config = config_for(clips / "train")
    config = replace(config, data=replace(config.data, split_by="layout"))
    with pytest.raises(UserError, match="no clip with split 'val'"):
        train(config, tmp_path)


def test_epochs_are_passes_over_the_windows(clips):
    config = config_for(clips, steps=None, epochs=1.5)
    assert total_steps(config, windows=20) == 4  # 30 windows in batches of 8
