"""TrackNetV2 on the shuttlecock set; otherwise `tracknet_v2_tennis`.

    tracknet train tracknet_v2_shuttlecock --data.source SHUTTLECOCK --workdir runs/v2_shuttlecock

Not run to its end yet: no score to give.
"""

from tracknet_jax.models.registry import preset
from tracknet_jax.training.config import DataConfig, TrainConfig
from tracknet_jax.training.optimizers import KERAS_ADADELTA


def get_config() -> TrainConfig:
    """The layout's own split: professional and amateur matches to train on, one match in ten held out."""
    return TrainConfig(
        model=preset("tracknet_v2"),
        data=DataConfig(split_by="match"),
        optimizer=KERAS_ADADELTA,
        batch_size=8,
        epochs=30,
    )
