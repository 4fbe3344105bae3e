r"""V5's ablation V2 + R-STR, on the tennis set: all triplets shuffled, 7 : 3, which leaks.

    tracknet train tracknet_v2_rstr_tennis_random --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v2_rstr_tennis_random --data TENNIS \
        --split-by triplet_random --split val --protocol tracknet_v5

Published (V5's paper, 17,682 outputs): accuracy 97.45, precision 98.85, recall 98.48, F1 98.66.
With V5's maps as gates: `--model.motion mdd --model.no-motion-input --model.fusion eq4`. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v5_tennis_random` with R-STR alone."""
    return replace(load_config("tracknet_v5_tennis_random"), model=preset("tracknet_v2_rstr"))
