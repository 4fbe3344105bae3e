r"""TrackNetV2, three frames in and three maps out, on the shuttlecock set of its paper.

    tracknet train tracknet_v2_shuttlecock --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/tracknet_v2_shuttlecock --data SHUTTLECOCK \
        --split-by shuttlecock_v2 --split test --protocol tracknet_v2

Published: accuracy 85.2, precision 97.2, recall 85.4, F1 90.9 (V2's paper, 39,192 outputs); 85.6, 96.6, 85.3, 90.6
(V4's paper, 37,794 outputs); 94.98, 99.64, 94.56, 97.03 (V3's paper, its corrected labels: `--split-by shuttlecock_v3
--protocol tracknet_v3`). Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2_tennis` on the 18 training matches of the paper, the last rally of each held out."""
    base = load_config("tracknet_v2_tennis")
    return replace(base, data=replace(base.data, split_by="shuttlecock_v2"))
