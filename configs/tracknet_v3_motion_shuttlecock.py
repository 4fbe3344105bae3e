r"""TrackNetV4's motion prompt on TrackNetV3's tracking module, on the shuttlecock set.

    tracknet train tracknet_v3_motion_shuttlecock --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v3_motion_shuttlecock --data SHUTTLECOCK \
        --split-by shuttlecock_v3 --split test --protocol tracknet_v3 --overlap weighted

Published (V4's paper, Table I, 10,836 frames): accuracy 96.4, precision 99.5, recall 96.3, F1 97.9. How the eight
frames are gated is our reading, see the preset. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v3_shuttlecock` with two scalars more."""
    return replace(load_config("tracknet_v3_shuttlecock"), model=preset("tracknet_v3_motion"))
