"""The network for CPUs on tennis, badminton and padel clips: crops around the ball, the light varied.

tracknet train tracknet_nano --data.source CLIPS --workdir runs/nano
"""

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.config import (
    CheckpointConfig,
    DataConfig,
    EvalConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainConfig,
)


def get_config() -> TrainConfig:
    """The run that made the shipped checkpoint."""
    return TrainConfig(
        model=preset("tracknet_nano"),
        data=DataConfig(
            augment=AugmentConfig(
                crop=(144, 256),
                ball_crop=0.8,
                scale=(0.8, 1.25),
                flip=0.5,
                brightness=0.1,
                contrast=0.2,
                colour=0.1,
            ),
        ),
        optimizer=OptimizerConfig(lr=2e-3, schedule=ScheduleConfig("cosine", warmup_steps=200, final=0.01)),
        evaluation=EvalConfig(every=1000),
        checkpoint=CheckpointConfig(every=200),
        batch_size=8,
        steps=30_000,
    )
