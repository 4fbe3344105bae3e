r"""TrackNetV2 as V5's paper trains it, on the tennis set: all triplets shuffled, 7 : 3, which leaks.

    tracknet train tracknet_v2_tennis_random --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v2_tennis_random --data TENNIS \
        --split-by triplet_random --split val --protocol tracknet_v5

Published (V5's paper, 17,682 outputs): accuracy 93.96, precision 99.19, recall 94.46, F1 96.77. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v5_tennis_random` with V2's network."""
    return replace(load_config("tracknet_v5_tennis_random"), model=preset("tracknet_v2"))
