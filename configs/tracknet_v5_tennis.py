"""TrackNetV5 (MDD and R-STR) on the tennis set: AdamW, rates x0.1 at epochs 20 and 25 of 30, V5's masks.

    tracknet train tracknet_v5_tennis --data.source TENNIS --workdir runs/v5

Not run to its end yet: no score to give.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.config import TargetConfig, TrainConfig
from tracknet_jax.training.optimizers import V5_ADAMW


def get_config() -> TrainConfig:
    """The paper's recipe in bfloat16; its batch is 2. For float32: `--model.dtype float32`."""
    return TrainConfig(
        model=replace(preset("tracknet_v5"), dtype="bfloat16"),
        optimizer=V5_ADAMW,
        target=TargetConfig("v5"),
        batch_size=2,
        epochs=30,
    )
