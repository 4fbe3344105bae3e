"""TrackNet (V1) on its tennis set, trained as in its code: 500 epochs of 200 steps, no validation clips.

    tracknet train tracknet_v1:VARIANT --data.source CLIPS
    tracknet evaluate --checkpoint runs/tracknet_v1_VARIANT --data CLIPS --split-by BY --split PART --protocol PROTOCOL

VARIANT  BY              PART  PROTOCOL     published precision, recall, F1 (5 px at 1280x720)
tennis   triplet_random  val   tracknet_v1  99.7 97.3 98.5 (V1's paper, one match)
                                            95.3 75.7 84.3 (with nine more videos, tenfold cross-validation)

The split leaks, see `published_splits.random_windows`. V1's own list leaves out frames with an occluded ball; this
recipe trains on them. The network starts with Keras' weights and norm constants, but normalises over channels.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import KERAS_ADADELTA
from tracknet_jax.training.train_config import DataConfig, EvalConfig, TrainConfig

VARIANTS = {
    "tennis": TrainConfig(
        model=replace(preset("tracknet_v1"), kernel_init="uniform", bn_eps=1e-3, bn_decay=0.99),
        data=DataConfig(split_by="triplet_random"),
        optimizer=KERAS_ADADELTA,
        evaluation=EvalConfig(every=0),
        batch_size=2,
        steps=500 * 200,
        ema_decay=0.0,
    )
}
