"""TrackNetV2 on the tennis set as its authors train: Adadelta, discs of radius 2.5, no augmentation.

    tracknet train tracknet_v2_tennis --data.source TENNIS --workdir runs/v2

Not run to its end yet: no score to give.
"""

from tracknet_jax.models.registry import preset
from tracknet_jax.training.config import TrainConfig
from tracknet_jax.training.optimizers import KERAS_ADADELTA


def get_config() -> TrainConfig:
    """30 epochs of the paper; a batch of 8 where the paper, for want of memory, has 2."""
    return TrainConfig(model=preset("tracknet_v2"), optimizer=KERAS_ADADELTA, batch_size=8, epochs=30)
