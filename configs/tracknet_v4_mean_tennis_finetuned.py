r"""TrackNetV4's version 2 from the weights of a finished `tracknet_v2_tennis`, at a rate of 1e-3.

    tracknet train tracknet_v2_tennis --data.source TENNIS
    tracknet train tracknet_v4_mean_tennis_finetuned --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_mean_tennis_finetuned --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published (V4's paper, Table II, multi-ball tennis, 3,279 outputs, data not published): accuracy
94.8, precision 98.3, recall 96.3, F1 97.3; with `--optimizer.lr 1e-4` 84.9, 98.5, 85.7, 91.7; with 1e-5 93.8, 96.5,
97.0, 97.0. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis_finetuned` with the other fusion."""
    base = load_config("tracknet_v4_tennis_finetuned")
    return replace(base, model=preset("tracknet_v4_official_mean"))
