r"""TrackNetV4 with the fusion that its code calls type B, on the tennis set, split by game.

    tracknet train tracknet_v4_type_b_tennis --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_type_b_tennis --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published: nothing under this name; which fusion the paper's version 2 was trained with is not known. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis` with the other fusion."""
    base = load_config("tracknet_v4_tennis")
    return replace(base, model=preset("tracknet_v4_official_type_b"))
