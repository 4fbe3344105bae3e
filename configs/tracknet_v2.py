"""TrackNetV2 on tennis, badminton and padel clips: the plain U-Net that `tracknet_v5` is compared with.

    tracknet train tracknet_v2 --data.source CLIPS --workdir runs/v2
    python tools/ten_minutes.py CLIPS --output runs/ten

Measured: not yet; written for one accelerator, see launch/README.md.
"""

from dataclasses import replace

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import EvalConfig, OptimizerConfig, ScheduleConfig, TrainConfig


def get_config() -> TrainConfig:
    """What was measured for `tracknet_nano` (sports together, discs of radius 3, a cosine), on whole frames.

    Whole frames, because V5's refinement has weights for each place, and because a whole frame of 512x288 costs the
    full networks no more than a few crops in training. Batches are four times nano's and the rate is lower: the
    networks are wider. The padel clips are one match; its first set is held out.
    """
    nano = load_config("tracknet_nano")
    return replace(
        nano,
        model=replace(preset("tracknet_v2"), dtype="bfloat16"),
        data=replace(
            nano.data,
            split_by="padel_first_set",
            augment=AugmentConfig(
                scale=(0.75, 1.33), shift=0.05, flip=0.5, brightness=0.1, contrast=0.2, colour=0.1
            ),
        ),
        optimizer=OptimizerConfig(lr=1e-3, schedule=ScheduleConfig("cosine", warmup_steps=100, final=0.01)),
        evaluation=EvalConfig(every=1000),
        batch_size=32,
        steps=10_000,
    )
