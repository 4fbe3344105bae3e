r"""The attention U-Net that V5's paper calls TrackNetV3 (alenzenx/TrackNetV3).

    tracknet train attention_unet:VARIANT --data.source CLIPS
    tracknet evaluate --checkpoint runs/attention_unet_VARIANT --data CLIPS \
        --split-by BY --split PART --protocol PROTOCOL

VARIANT      BY              PART  PROTOCOL     published accuracy
shuttlecock  shuttlecock_v2  test  tracknet_v2  90.53 by its author on his own badminton clips; V2 has 88.49 there

It trains as `tracknet_v2:shuttlecock`, with its author's optimizer, the same as V3's, and batches of 4.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import V3_ADAM
from tracknet_jax.training.presets import load_config

VARIANTS = {
    "shuttlecock": replace(
        load_config("tracknet_v2:shuttlecock"),
        model=preset("attention_unet"),
        optimizer=V3_ADAM,
        batch_size=4,
    )
}
