r"""The attention U-Net that V5's paper calls TrackNetV3 (alenzenx/TrackNetV3), on the shuttlecock set.

    tracknet train attention_unet_shuttlecock --data.source SHUTTLECOCK
    tracknet evaluate --checkpoint runs/attention_unet_shuttlecock --data SHUTTLECOCK \
        --split-by shuttlecock_v2 --split test --protocol tracknet_v2

Published by its author, on badminton clips of his own: accuracy 90.53, where V2 has 88.49. Measured: not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import V3_ADAM
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2_shuttlecock` with its author's optimizer, the same as V3's, and batches of 4."""
    base = load_config("tracknet_v2_shuttlecock")
    return replace(base, model=preset("attention_unet"), optimizer=V3_ADAM, batch_size=4)
