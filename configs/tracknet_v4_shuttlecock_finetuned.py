r"""TrackNetV4 from the weights of a finished `tracknet_v2_shuttlecock`, three epochs.

    tracknet train tracknet_v2_shuttlecock --data.source SHUTTLECOCK
    tracknet train tracknet_v4_shuttlecock_finetuned --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v4_shuttlecock_finetuned --data SHUTTLECOCK \
        --split-by shuttlecock_v2 --split test --protocol tracknet_v4

Published (V4's paper, Table I, 37,794 outputs; the rate is not said): accuracy 86.2, precision 96.3, recall 86.4,
F1 91.1. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_shuttlecock` from V2, at the rate of `tracknet_v4_tennis_finetuned`."""
    base = load_config("tracknet_v4_shuttlecock")
    optimizer = replace(base.optimizer, lr=1e-3)
    return replace(base, optimizer=optimizer, epochs=3, init_from="runs/tracknet_v2_shuttlecock")
