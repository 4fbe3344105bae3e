r"""TrackNetV4 as V5's paper trains it, on the tennis set: all triplets shuffled, 7 : 3, which leaks.

    tracknet train tracknet_v4_tennis_random --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_tennis_random --data TENNIS \
        --split-by triplet_random --split val --protocol tracknet_v5

Published (V5's paper, 17,682 outputs): accuracy 92.24, precision 99.65, recall 92.25, F1 95.81. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v5_tennis_random` with V4's network."""
    return replace(load_config("tracknet_v5_tennis_random"), model=preset("tracknet_v4"))
