"""TrackNetV4 (motion prompt, eq. 4) on the tennis set: V2's recipe, two scalars more.

    tracknet train tracknet_v4_tennis --data.source TENNIS --workdir runs/v4
    tracknet train tracknet_v4_tennis --data.source TENNIS --workdir runs/v4 --init-from runs/v2   # fine-tuned

Not run to its end yet: no score to give.
"""

from tracknet_jax.models.registry import preset
from tracknet_jax.training.config import TrainConfig
from tracknet_jax.training.optimizers import KERAS_ADADELTA


def get_config() -> TrainConfig:
    """30 epochs of the paper; a batch of 8 where the paper, for want of memory, has 2."""
    return TrainConfig(model=preset("tracknet_v4"), optimizer=KERAS_ADADELTA, batch_size=8, epochs=30)
