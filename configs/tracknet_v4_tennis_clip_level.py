r"""TrackNetV4 (motion prompt, eq. 4) on the tennis set, split by clip.

    tracknet train tracknet_v4_tennis_clip_level --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v4_tennis_clip_level --data TENNIS \
        --split-by tennis_clip_level --split test --protocol tracknet_v4

Published (V4's paper, Table I, 17,769 outputs): accuracy 94.4, precision 98.7, recall 95.5, F1 97.0. The split is
the list of V4's repository, which gives 17,718 outputs. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v4_tennis` on other clips."""
    base = load_config("tracknet_v4_tennis")
    return replace(base, data=replace(base.data, split_by="tennis_clip_level"))
