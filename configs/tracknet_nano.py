"""The network for CPUs on tennis, badminton and padel clips: crops around the ball, the light varied.

    tracknet train tracknet_nano --data.source CLIPS --workdir runs/nano

The scores it reached, and how long it took, are in the model card beside the shipped weights.
"""

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.train_config import (
    CheckpointConfig,
    DataConfig,
    EvalConfig,
    OptimizerConfig,
    ScheduleConfig,
    TargetConfig,
    TrainConfig,
)


def get_config() -> TrainConfig:
    """The recipe of the shipped checkpoint; the card says how its own run went."""
    crops = AugmentConfig(
        crop=(128, 224), ball_crop=0.4, scale=(0.75, 1.33), flip=0.5, brightness=0.1, contrast=0.2, colour=0.1
    )
    return TrainConfig(
        model=preset("tracknet_nano"),
        data=DataConfig(sport_weights={"tennis": 0.35, "badminton": 0.5, "padel": 0.15}, augment=crops),
        optimizer=OptimizerConfig(lr=2e-3, schedule=ScheduleConfig("cosine", warmup_steps=200, final=0.01)),
        target=TargetConfig(radius=3.0),
        evaluation=EvalConfig(every=2000),
        checkpoint=CheckpointConfig(every=1000),
        batch_size=8,
        steps=20_000,
    )
