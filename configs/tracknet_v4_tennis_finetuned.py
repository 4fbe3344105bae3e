r"""TrackNetV4 from the weights of a finished `tracknet_v2_tennis`, at a rate of 1e-3.

    tracknet train tracknet_v2_tennis --data.source TENNIS
    tracknet train tracknet_v4_tennis_finetuned --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_tennis_finetuned --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published (V4's paper, Table II, multi-ball tennis, 3,279 outputs, data not published): accuracy
92.8, precision 98.2, recall 94.3, F1 96.2; with `--optimizer.lr 1e-4` 94.3, 97.8, 96.2, 97.0; with 1e-5 90.7, 98.0,
92.2, 95.0. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis` from V2; `--init-from` names another run or a release."""
    base = load_config("tracknet_v4_tennis")
    return replace(base, optimizer=replace(base.optimizer, lr=1e-3), init_from="runs/tracknet_v2_tennis")
