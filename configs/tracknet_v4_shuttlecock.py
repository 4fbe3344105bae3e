r"""TrackNetV4 (motion prompt, eq. 4) on the shuttlecock set of V2's paper.

    tracknet train tracknet_v4_shuttlecock --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v4_shuttlecock --data SHUTTLECOCK \
        --split-by shuttlecock_v2 --split test --protocol tracknet_v4

Published (V4's paper, Table I, 37,794 outputs): accuracy 86.6, precision 94.9, recall 88.1, F1 91.4. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis` on other clips."""
    base = load_config("tracknet_v4_tennis")
    return replace(base, data=replace(base.data, split_by="shuttlecock_v2"))
