r"""TrackNetV5 (MDD and R-STR) on the tennis set, split by game; in bfloat16, for float32 `--model.dtype float32`.

    tracknet train tracknet_v5_tennis --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v5_tennis --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v5

Published: nothing for this split; for the paper's own see `tracknet_v5_tennis_random`. Ablations are one option each:
`--model.attention divided` or `joint`, `--model.layers 2`, `--model.dropout 0 --model.context-masking 0`. Measured:
not yet.
"""

from dataclasses import replace

from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import V5_ADAMW
from tracknet_jax.training.train_config import DataConfig, EvalConfig, TargetConfig, TrainConfig


def get_config() -> TrainConfig:
    """The paper's recipe: AdamW, rates x0.1 at epochs 20 and 25 of 30, V5's masks, batches of 2."""
    return TrainConfig(
        model=replace(preset("tracknet_v5"), dtype="bfloat16"),
        data=DataConfig(split_by="tennis_game_level"),
        optimizer=V5_ADAMW,
        target=TargetConfig("v5"),
        evaluation=EvalConfig(every=5000),
        batch_size=2,
        epochs=30,
        ema_decay=0.0,
    )
