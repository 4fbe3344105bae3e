r"""TrackNetV2 in its first form, three frames in and the last one's map out, on the tennis set, split by game.

    tracknet train tracknet_v2_3to1_tennis --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v2_3to1_tennis --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published: nothing for tennis. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2_tennis` with one map out, and the batches of 3 of that form's own code."""
    base = load_config("tracknet_v2_tennis")
    return replace(base, model=preset("tracknet_v2_official_3to1"), batch_size=3)
