r"""TrackNetV2 on the tennis set, split by clip.

    tracknet train tracknet_v2_tennis_clip_level --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v2_tennis_clip_level --data TENNIS \
        --split-by tennis_clip_level --split test --protocol tracknet_v4

Published (V4's paper, Table I, 17,769 outputs): accuracy 93.4, precision 98.9, recall 94.2, F1 96.4. The split is
the list of V4's repository, which gives 17,718 outputs. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2_tennis` on other clips."""
    base = load_config("tracknet_v2_tennis")
    return replace(base, data=replace(base.data, split_by="tennis_clip_level"))
