r"""TrackNetV2 in its first form, three frames in and the last one's map out, on the shuttlecock set of its paper.

    tracknet train tracknet_v2_3to1_shuttlecock --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v2_3to1_shuttlecock --data SHUTTLECOCK \
        --split-by shuttlecock_v2 --split test --protocol tracknet_v2

Published (V2's paper, 13,064 frames): accuracy 83.9, precision 90.7, recall 89.2, F1 89.9. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2_3to1_tennis` on other clips."""
    base = load_config("tracknet_v2_3to1_tennis")
    return replace(base, data=replace(base.data, split_by="shuttlecock_v2"))
