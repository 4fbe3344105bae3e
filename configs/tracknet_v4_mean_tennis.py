r"""TrackNetV4's version 2, every map times the mean of the motion maps, on the tennis set, split by game.

    tracknet train tracknet_v4_mean_tennis --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_mean_tennis --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published (V4's paper, Table II, multi-ball tennis, 3,279 outputs, data not published): accuracy
94.7, precision 98.7, recall 95.8, F1 97.2, where eq. 4 has 91.8, 96.6, 94.8, 95.7. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis` with the other fusion."""
    base = load_config("tracknet_v4_tennis")
    return replace(base, model=preset("tracknet_v4_official_mean"))
