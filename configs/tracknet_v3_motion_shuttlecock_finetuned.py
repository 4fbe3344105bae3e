r"""TrackNetV4's motion prompt on a finished `tracknet_v3_shuttlecock`, three epochs at a tenth of its rate.

    tracknet train tracknet_v3_shuttlecock --data.source SHUTTLECOCK
    tracknet train tracknet_v3_motion_shuttlecock_finetuned --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v3_motion_shuttlecock_finetuned --data SHUTTLECOCK \
        --split-by shuttlecock_v3 --split test --protocol tracknet_v3 --overlap weighted

Published: V4's paper does not say whether its row for V3 was fine-tuned; see `tracknet_v3_motion_shuttlecock`.
Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v3_motion_shuttlecock` from V3; `--init-from` names another run or a release."""
    base = load_config("tracknet_v3_motion_shuttlecock")
    optimizer = replace(base.optimizer, lr=1e-4)
    return replace(base, optimizer=optimizer, epochs=3, init_from="runs/tracknet_v3_shuttlecock")
