"""The smallest run that goes through everything, for tests and for a first look on any machine.

    tracknet train smallest --data.source CLIPS --workdir runs/smallest

Half a minute on two cores, most of it compiling. The scores mean nothing.
"""

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.training.train_config import (
    CheckpointConfig,
    DataConfig,
    EvalConfig,
    OptimizerConfig,
    TrainConfig,
)


def get_config() -> TrainConfig:
    """A network of a few hundred parameters at 64x32, 20 steps."""
    return TrainConfig(
        model=TrackNetConfig(
            name="tiny", height=32, width=64, widths=(4, 4), depths=(1, 1), motion="mdd", upsample="nearest"
        ),
        data=DataConfig(
            augment=AugmentConfig(flip=0.5, brightness=0.1, contrast=0.1, scale=(0.9, 1.1), shift=0.02)
        ),
        optimizer=OptimizerConfig(lr=1e-2),
        evaluation=EvalConfig(every=10, pictures=2),
        checkpoint=CheckpointConfig(every=5),
        batch_size=8,
        steps=20,
        log_every=5,
    )
