r"""TrackNetV2, three frames in and three maps out, on the tennis set, split by game.

    tracknet train tracknet_v2_tennis --data.source TENNIS
    tracknet evaluate --checkpoint runs/tracknet_v2_tennis --data TENNIS \
        --split-by tennis_game_level --split test --protocol tracknet_v4

Published (V4's paper, Table I, 17,193 outputs): accuracy 94.6, precision 99.0, recall 95.3, F1 97.1. Its seven
training games are `--data.train-split train+val --evaluation.every 0`. Measured: not yet.
"""

from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import KERAS_ADADELTA
from tracknet_jax.training.train_config import DataConfig, EvalConfig, TrainConfig


def get_config() -> TrainConfig:
    """As V2's authors train: Adadelta, discs of radius 2.5, batches of 2, no augmentation, nothing averaged."""
    return TrainConfig(
        model=preset("tracknet_v2_official"),
        data=DataConfig(split_by="tennis_game_level"),
        optimizer=KERAS_ADADELTA,
        evaluation=EvalConfig(every=5000),
        batch_size=2,
        epochs=30,
        ema_decay=0.0,
    )
