"""The small network of the ablations in docs/ablations.md: tracknet_nano's recipe, cut to runs of minutes.

tracknet train ablation --data.source CLIPS RALLIES --workdir runs/ablation
"""

from dataclasses import replace

from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import CheckpointConfig, EvalConfig, TrainConfig


def get_config() -> TrainConfig:
    """Three frames, half the widths, smaller crops; validated once, at its end."""
    nano = load_config("tracknet_nano")
    return replace(
        nano,
        model=replace(nano.model, frames=3, outputs=3, widths=(12, 16, 32, 48)),
        data=replace(nano.data, augment=replace(nano.data.augment, crop=(96, 160))),
        optimizer=replace(nano.optimizer, lr=4e-3),
        evaluation=EvalConfig(every=1000),
        checkpoint=CheckpointConfig(every=10_000, keep=1),
        ema_decay=0.99,
        steps=1000,
    )
