"""TrackNetV5 on tennis, badminton and padel clips: the full network of this project.

    tracknet train tracknet_v5 --data.source CLIPS --workdir runs/v5
    python tools/ten_minutes.py CLIPS --output runs/ten

Measured: not yet; written for one accelerator, see launch/README.md.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import TrainConfig


def get_config() -> TrainConfig:
    """`tracknet_v2`'s recipe with half the rate, for the attention of the refinement."""
    v2 = load_config("tracknet_v2")
    return replace(
        v2,
        model=replace(preset("tracknet_v5"), dtype="bfloat16"),
        optimizer=replace(v2.optimizer, lr=5e-4),
    )
