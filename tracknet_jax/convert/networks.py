"""The networks of the reference projects, and which of them a checkpoint is, by its shapes and notes.

Each `choose` must return something for any checkpoint: whether the tensors fit is checked afterwards. It returns
several networks if names and shapes fit several; these have the same shapes.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import INPAINTNET, RectifierConfig
from tracknet_jax.models.registry import preset

V1 = preset("tracknet_v1")
V1_KERAS = preset("tracknet_v1_keras")
V2_KERAS = (preset("tracknet_v2_keras"), preset("tracknet_v2_keras_3to1"))
V2_CHANNEL = (preset("tracknet_v2_official"), preset("tracknet_v2_official_3to1"))
V2_TORCH = tuple(
    replace(
        config,
        name="tracknet_v2_torch",
        paper="TrackNetV2, 2020, ChgygLin's port",
        bn_eps=1e-5,
        bn_decay=0.9,
        kernel_init="torch",
    )
    for config in V2_CHANNEL
)
WASB = preset("tracknet_v2_wasb")
ATTENTION_UNET = preset("attention_unet")
V3 = tuple(preset(f"tracknet_v3{end}") for end in ("", "_plain", "_subtract", "_subtract_concat"))
V4_KERAS, V4_CHANNEL = (
    (preset(name), preset(f"{name}_type_b")) for name in ("tracknet_v4_keras", "tracknet_v4_official")
)
V2, V4, V2_MDD, V5 = map(preset, ("tracknet_v2", "tracknet_v4", "tracknet_v2_mdd", "tracknet_v5_joint"))
V2_RSTR = preset("tracknet_v2_rstr_joint")


def choose_v1_keras(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """The official V1 has statistics by column: their number is the width."""
    return [resized(V1_KERAS, size(checkpoint, "batch_normalization/gamma", 0, 640))]


def choose_v2_keras(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """The official V2: as released, with statistics by column, or by channel; 3 in 3 out or 3 in 1 out."""
    single = size(checkpoint, "conv2d_17/kernel", 3, 3) == 1
    if has_channel_norm(checkpoint):
        return [V2_CHANNEL[single]]
    return [resized(V2_KERAS[single], size(checkpoint, "batch_normalization/gamma", 0, 512))]


def choose_v4_keras(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """The official V4. Types A and B have the same weights; only the config of a whole model distinguishes them."""
    width = size(checkpoint, "batch_normalization/gamma", 0, 512)
    kinds = V4_CHANNEL if has_channel_norm(checkpoint) else [resized(config, width) for config in V4_KERAS]
    return [config for config in kinds if checkpoint.notes.get("fusion", config.fusion) == config.fusion]


def choose_v2_torch(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """ChgygLin's port, trained there or filled with the official Keras weights (statistics by column)."""
    single = size(checkpoint, "conv2d_18.weight", 0, 3) == 1
    norm = size(checkpoint, "conv2d_1.bn.weight", 0, 64)
    return [V2_TORCH[single] if norm == 64 else resized(V2_KERAS[single], norm)]


def choose_wasb(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """WASB's V2, of any number of frames."""
    frames = max(1, size(checkpoint, "inc.double_conv.0.weight", 1, 9) // 3)
    single = size(checkpoint, "outc.conv.weight", 0, frames) == 1
    return [replace(WASB, frames=frames, outputs=1 if single else frames)]


def choose_v3(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """V3's tracking module: length and background mode as noted, else as the numbers of channels allow."""
    frames = max(1, checkpoint.notes.get("seq_len", size(checkpoint, "predictor.weight", 0, 8)))
    planes = size(checkpoint, "down_block_1.conv_1.conv.weight", 1, 3 * (frames + 1))
    channels = {
        "concat": 3 * (frames + 1),
        "none": 3 * frames,
        "subtract": frames,
        "subtract_concat": 4 * frames,
    }
    if "bg_mode" in checkpoint.notes:
        modes = [checkpoint.notes["bg_mode"] or "none"]
    else:
        modes = [mode for mode, count in channels.items() if count == planes]
    fitting = [config for config in V3 if config.background in modes] or [V3[0]]
    return [replace(config, frames=frames, outputs=frames) for config in fitting]


def v3_notes(config: TrackNetConfig) -> dict[str, Any]:
    """What V3's `predict.py` reads of a tracking module."""
    mode = "" if config.background == "none" else config.background
    return {"model_name": "TrackNet", "seq_len": config.frames, "bg_mode": mode}


def choose_inpaintnet(checkpoint: Checkpoint) -> list[RectifierConfig]:
    """V3's rectifier, its window as noted."""
    return [replace(INPAINTNET, length=checkpoint.notes.get("seq_len", INPAINTNET.length))]


def inpaintnet_notes(config: RectifierConfig) -> dict[str, Any]:
    """What V3's `predict.py` reads of an InpaintNet."""
    return {"model_name": "InpaintNet", "seq_len": config.length, "bg_mode": ""}


def choose_v5(checkpoint: Checkpoint) -> list[TrackNetConfig]:
    """The networks of V5's repository; the names of their parts distinguish them."""
    parts = {
        "mdd.a": V5,
        "head.time_embed": V2_RSTR,
        "backbone.learnable_mvdr_module.a": V2_MDD,
        "backbone.motion.a": V4,
    }
    config = next((config for name, config in parts.items() if name in checkpoint.tensors), V2)
    if config.refinement == "none":
        return [config]
    return [with_patches(config, size(checkpoint, "head.spatial_pos_embed", 1, 576))]


def size(checkpoint: Checkpoint, name: str, axis: int, otherwise: int) -> int:
    """The length of one axis of a tensor; `otherwise` if the checkpoint has no such tensor or axis."""
    shape = np.shape(checkpoint.tensors.get(name, 0))
    return shape[axis] if axis < len(shape) else otherwise


def has_channel_norm(checkpoint: Checkpoint) -> bool:
    """Whether a Keras V2 or V4 has statistics by channel, which double from level to level; by column they halve."""
    return size(checkpoint, "batch_normalization_2/gamma", 0, 0) == 128


def resized(config: TrackNetConfig, width: int) -> TrackNetConfig:
    """`config` at another width, with the height that keeps its aspect ratio best and can be pooled.

    If that width cannot be pooled, `config` is returned unchanged; its tensors will not fit.
    """
    if width < config.divisor or width % config.divisor:
        return config
    height = round(width * config.height / config.width / config.divisor) * config.divisor
    return replace(config, width=width, height=height)


def with_patches(config: TrackNetConfig, count: int) -> TrackNetConfig:
    """`config` at a size of `count` patches: of all such sizes the one nearest to 16:9."""
    rows = [n for n in range(1, math.isqrt(count) + 1) if count % n == 0] or [1]
    nearest = min(rows, key=lambda n: abs(math.log(max(1, count) / n / n * 9 / 16)))
    return replace(config, height=nearest * config.patch, width=max(1, count // nearest) * config.patch)
