"""V1's class maps and V3's backgrounds from the first step to the track, on networks a few channels wide."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_training import tiny_config
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.releases.release import load_release
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.videos import track_source
from tracknet_jax.training.loop import train
from tracknet_jax.training.train_config import EvalConfig
from tracknet_jax.video.folders import images_in


def narrow(name):
    return replace(preset(name), widths=(4, 4), depths=(1, 1), height=32, width=64)


@pytest.mark.parametrize(
    ("name", "pipeline", "mixup"),
    [
        ("tracknet_v1", "resident", MixupConfig()),
        ("tracknet_v3", "grain", MixupConfig(sample=0.5)),
    ],
)
def test_from_clips_to_a_track(name, pipeline, mixup, clips, dataset, tmp_path):
    config = tiny_config(model=narrow(name), steps=2, evaluation=EvalConfig(every=2, pictures=0))
    source = dataset if pipeline == "grain" else clips
    data = replace(config.data, source=(str(source),), pipeline=pipeline, workers=0, mixup=mixup)
    result = train(replace(config, data=data), tmp_path)
    assert result.progress.best_step == 2
    images = images_in(clips / "val/game2/Clip1")
    tracker = Tracker(load_release(tmp_path), TrackOptions(batch_size=1))
    for count in (12, 5):  # and fewer than V3's window has
        np.testing.assert_array_equal(track_source(tracker, images[:count]).frame, np.arange(count))
