"""Weights out of a run's checkpoints: which, and that damaged ones are refused."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.helpers.saved_runs import CONFIG, OtherVersion, state_at, variables, with_nan, write
from tests.helpers.tiny_training import MODEL, write_clips
from tracknet_jax.cli.main import main
from tracknet_jax.releases.release import load_release
from tracknet_jax.releases.runs import check_restored, find_checkpoint, restore_for_inference
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError


@pytest.mark.parametrize(("which", "step"), [("best", 2), ("latest", 4)])
def test_restore_for_inference(tmp_path, which, step):
    write(tmp_path, {2: 0.9, 3: None, 4: None}, keep=1)
    config, weights = restore_for_inference(tmp_path, which)
    assert config == MODEL
    jax.tree.map(np.testing.assert_array_equal, weights, state_at(step).ema)


def test_without_an_average_the_weights_themselves(tmp_path):
    config = replace(CONFIG, ema_decay=0.0)
    write(tmp_path, {3: None}, states=lambda step: state_at(step, config), config=config)
    _, weights = restore_for_inference(tmp_path / "checkpoints" / "3")
    jax.tree.map(np.testing.assert_array_equal, weights, variables())


def test_the_config_of_another_version(tmp_path):
    """A field of the training config that is gone is no reason to lose the weights."""
    write(tmp_path, {1: None}, config=OtherVersion(forgotten=1))
    assert restore_for_inference(tmp_path)[0] == MODEL


def test_empty_directory(tmp_path):
    with pytest.raises(UserError, match="no checkpoint here"):
        restore_for_inference(tmp_path)


def test_an_unfinished_checkpoint_is_none(tmp_path):
    write(tmp_path, {1: None})
    (tmp_path / "checkpoints/2.orbax-checkpoint-tmp/state").mkdir(parents=True)
    (tmp_path / "checkpoints/3").mkdir()
    assert find_checkpoint(tmp_path).name == "1"


def test_nothing_readable(tmp_path):
    write(tmp_path, {1: None})
    for file in (tmp_path / "checkpoints/1").glob("*"):
        if file.is_file():
            file.write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        restore_for_inference(tmp_path)


def test_changed_values_are_found(tmp_path, monkeypatch):
    """Finite ones too: the digests are those of other weights."""
    monkeypatch.setattr("tracknet_jax.training.checkpoints.digest", lambda part: digest(variables()))
    write(tmp_path, {1: None})
    with pytest.raises(UserError, match=r"checkpoints/1 cannot be read \(ema is not as it was saved\)"):
        restore_for_inference(tmp_path)


def test_checkpoints_of_version_0_4_0_have_no_digests():
    check_restored({"ema": variables()}, {"config": {}, "progress": {}, "data": None})


def test_weights_that_are_not_finite_are_refused(tmp_path, capsys):
    write(tmp_path, {1: None}, states=lambda step: state_at(step).replace(ema=with_nan(state_at(step).ema)))
    refused = r"checkpoints/1 cannot be read \(ema/params/motion/beta is not finite\); give another one"
    with pytest.raises(UserError, match=refused):
        load_release(tmp_path)
    clips, video = write_clips(tmp_path / "clips", frames=3), tmp_path / "rally.mp4"
    video.touch()
    for command in (["track", str(video)], ["evaluate", "--data", str(clips)]):
        assert main([*command, "--checkpoint", str(tmp_path)]) == 2
        told = capsys.readouterr().err
        assert "ema/params/motion/beta is not finite" in told
        assert told.count("\n") == 1
