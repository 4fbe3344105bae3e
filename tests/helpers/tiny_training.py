"""The smallest network, config and clips that go through everything a real run goes through."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.training.train_config import (
    CheckpointConfig,
    DataConfig,
    EvalConfig,
    OptimizerConfig,
    TrainConfig,
)

MODEL = TrackNetConfig(
    name="tiny", height=32, width=64, widths=(4, 4), depths=(1, 1), motion="mdd", upsample="nearest"
)
AUGMENT = AugmentConfig(flip=0.5, brightness=0.1, contrast=0.1, scale=(0.9, 1.1), shift=0.02)

# For two programs of one run, which add up in other orders: Adam whose eps is above every gradient, so that a step
# follows its gradient g with a slope of at most lr / eps = 0.1. With the usual eps a gradient of rounding errors alone
# moves its parameter by the whole rate.
SMOOTH = OptimizerConfig(lr=0.1, eps=1.0)
# |g| is below 1. Its float32 error is below 1e-4: it is a sum of 10,000 pixels that cancel (most in the two scalars of
# the motion maps), some of them on the other side of a ReLU. Ten steps make 1e-4 of it. Another window, or another
# share of one, shows in the second digit of a step; exact claims are compared in float64 (`tests.helpers.float64`).
SMOOTH_TOLERANCE = 1e-4


def tiny_config(**changes: Any) -> TrainConfig:
    """A run of a few steps on the smallest network."""
    config = TrainConfig(
        model=MODEL,
        data=DataConfig(source=("nowhere",), augment=AUGMENT),
        optimizer=OptimizerConfig(lr=1e-2),
        evaluation=EvalConfig(every=0),
        checkpoint=CheckpointConfig(every=100),
        batch_size=8,
        steps=5,
        log_every=1,
    )
    return replace(config, **changes)


def tiny_batch(seed: int, windows: int = 8) -> dict[str, np.ndarray]:
    """Noise with labels of every kind: located, absent, there but not located, unlabelled."""
    rng = np.random.default_rng(seed)
    shape = (windows, MODEL.frames)
    xy = rng.uniform((0, 0), (MODEL.width, MODEL.height), (*shape, 2)).astype(np.float32)
    visibility = rng.choice([0, 1, 2, 3, 255], shape).astype(np.uint8)
    xy[(visibility == 0) | (rng.random(shape) < 0.2)] = np.nan
    frames = rng.integers(0, 256, (*shape, MODEL.height, MODEL.width, 3), np.uint8)
    return {"frames": frames, "xy": xy, "visibility": visibility}


def write_clips(root: Path, frames: int = 12) -> Path:
    """Two rallies to train on and one to validate on in the tennis layout: a white dot on noise."""
    rng = np.random.default_rng(7)
    for clip in ("train/game1/Clip1", "train/game1/Clip2", "val/game2/Clip1"):
        folder = root / clip
        folder.mkdir(parents=True)
        rows = ["file name,visibility,x-coordinate,y-coordinate,status"]
        start, speed = rng.uniform(8, 20, 2), rng.uniform(0.3, 1.0, 2)
        for i in range(frames):
            x, y = np.rint(start + i * speed).astype(int)
            image = rng.integers(20, 60, (MODEL.height, MODEL.width, 3), np.uint8)
            visible = i != 4
            if visible:
                cv2.circle(image, (int(x), int(y)), 2, (250, 250, 250), -1)
            cv2.imwrite(str(folder / f"{i:04d}.png"), image)
            rows.append(f"{i:04d}.png,{int(visible)},{x if visible else ''},{y if visible else ''},0")
        (folder / "Label.csv").write_text("\n".join(rows) + "\n")
    return root
