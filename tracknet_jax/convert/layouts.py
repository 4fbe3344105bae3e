"""The layouts: each reference project's checkpoints, which networks they hold, and the table of their tensors."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tracknet_jax.convert import tables
from tracknet_jax.convert.checkpoint import Checkpoint
from tracknet_jax.convert.mapping import Row
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import INPAINTNET, RectifierConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.releases import AnyConfig


@dataclass(frozen=True)
class Layout:
    """How one project stores its networks.

    Attributes:
        origin: the project.
        networks: those that it has, sizes aside.
        choose: the networks that a checkpoint may hold, judged by its shapes and notes; several where these
            leave a choice. It must answer for any checkpoint: whether the tensors fit is checked afterwards.
        table: the rows of a network's tensors, in the project's own order.
        wrapper: the key under which the project's own scripts look for the state dict in a torch file.
        notes: what they look for beside it, under `param_dict`; or what the tensors leave open.
    """

    name: str
    origin: str
    networks: tuple[AnyConfig, ...]
    choose: Callable[[Checkpoint], list[AnyConfig]]
    table: Callable[[Any], Iterable[Row]]
    wrapper: str | None = None
    notes: Callable[[Any], dict[str, Any]] = lambda config: {}


V2_TORCH = replace(
    preset("tracknet_v2_official"),
    name="tracknet_v2_torch",
    paper="TrackNetV2, 2020, ChgygLin's port",
    bn_eps=1e-5,
    bn_decay=0.9,
    kernel_init="torch",
)
V2_RSTR = replace(preset("tracknet_v2_rstr"), name="tracknet_v2_rstr_joint", attention="joint")
V3 = tuple(preset(f"tracknet_v3{end}") for end in ("", "_plain", "_subtract", "_subtract_concat"))
V4_KERAS, V4_CHANNEL = (
    (config, replace(config, name=f"{config.name}_type_b", fusion="type_b"))
    for config in (preset("tracknet_v4_keras"), preset("tracknet_v4_official"))
)


def choose_v1_keras(checkpoint: Checkpoint) -> list[AnyConfig]:
    """The official V1 has statistics by column: their number is the width."""
    return [resized(preset("tracknet_v1_keras"), size(checkpoint, "batch_normalization/gamma", 0, 640))]


def choose_v2_keras(checkpoint: Checkpoint) -> list[AnyConfig]:
    """The official V2: as released, with statistics by column, or by channel; 3 in 3 out or 3 in 1 out."""
    single = size(checkpoint, "conv2d_17/kernel", 3, 3) == 1
    if has_channel_norm(checkpoint):
        return [replace(preset("tracknet_v2_official"), outputs=1 if single else 3)]
    config = preset("tracknet_v2_keras_3to1" if single else "tracknet_v2_keras")
    return [resized(config, size(checkpoint, "batch_normalization/gamma", 0, 512))]


def choose_v4_keras(checkpoint: Checkpoint) -> list[AnyConfig]:
    """The official V4. Types A and B have the same weights; only a whole model's config tells them apart."""
    width = size(checkpoint, "batch_normalization/gamma", 0, 512)
    kinds = V4_CHANNEL if has_channel_norm(checkpoint) else [resized(config, width) for config in V4_KERAS]
    return [config for config in kinds if checkpoint.notes.get("fusion", config.fusion) == config.fusion]


def choose_v2_torch(checkpoint: Checkpoint) -> list[AnyConfig]:
    """ChgygLin's port, trained there, or with the official Keras weights in it: statistics by column."""
    single = size(checkpoint, "conv2d_18.weight", 0, 3) == 1
    norm = size(checkpoint, "conv2d_1.bn.weight", 0, 64)
    if norm == 64:
        return [replace(V2_TORCH, outputs=1 if single else 3)]
    return [resized(preset("tracknet_v2_keras_3to1" if single else "tracknet_v2_keras"), norm)]


def choose_wasb(checkpoint: Checkpoint) -> list[AnyConfig]:
    """WASB's V2, of any number of frames."""
    frames = size(checkpoint, "inc.double_conv.0.weight", 1, 9) // 3
    single = size(checkpoint, "outc.conv.weight", 0, frames) == 1
    return [replace(preset("tracknet_v2_wasb"), frames=frames, outputs=1 if single else frames)]


def choose_v3(checkpoint: Checkpoint) -> list[AnyConfig]:
    """V3's tracking module: length and background mode as noted, else as the numbers of channels allow."""
    frames = int(checkpoint.notes.get("seq_len", size(checkpoint, "predictor.weight", 0, 8)))
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


def choose_inpaintnet(checkpoint: Checkpoint) -> list[AnyConfig]:
    """V3's rectifier, its window as noted."""
    return [replace(INPAINTNET, length=int(checkpoint.notes.get("seq_len", INPAINTNET.length)))]


def inpaintnet_notes(config: RectifierConfig) -> dict[str, Any]:
    """What V3's `predict.py` reads of an InpaintNet."""
    return {"model_name": "InpaintNet", "seq_len": config.length, "bg_mode": ""}


def choose_v5(checkpoint: Checkpoint) -> list[AnyConfig]:
    """The networks of V5's repository, told apart by the names of their parts."""
    names = {
        "mdd.a": preset("tracknet_v5_joint"),
        "head.time_embed": V2_RSTR,
        "backbone.learnable_mvdr_module.a": preset("tracknet_v2_mdd"),
        "backbone.motion.a": preset("tracknet_v4"),
    }
    config = next((c for name, c in names.items() if name in checkpoint.tensors), preset("tracknet_v2"))
    if config.refinement == "none":
        return [config]
    return [with_patches(config, size(checkpoint, "head.spatial_pos_embed", 1, 576))]


def size(checkpoint: Checkpoint, name: str, axis: int, otherwise: int) -> int:
    """The length of one axis of a tensor, `otherwise` where the checkpoint has no such tensor or axis."""
    shape = np.shape(checkpoint.tensors.get(name, 0))
    return shape[axis] if axis < len(shape) else otherwise


def has_channel_norm(checkpoint: Checkpoint) -> bool:
    """Whether a Keras V2 or V4 has statistics by channel, which double from level to level; by column they halve."""
    return size(checkpoint, "batch_normalization_2/gamma", 0, 0) == 128


def resized(config: TrackNetConfig, width: int) -> TrackNetConfig:
    """`config` at another width, and at the height that keeps its shape as nearly as it can be pooled."""
    height = round(width * config.height / config.width / config.divisor) * config.divisor
    return replace(config, width=width, height=height)


def with_patches(config: TrackNetConfig, count: int) -> TrackNetConfig:
    """`config` at the size of `count` patches, of all such sizes the one nearest to 16:9."""
    rows = [n for n in range(1, count + 1) if count % n == 0]
    nearest = min(rows, key=lambda n: abs(math.log(count / n / n * 9 / 16)))
    return replace(config, height=nearest * config.patch, width=count // nearest * config.patch)


ALL = (
    Layout(
        "v1-torch",
        "yastrebksv/TrackNet",
        (preset("tracknet_v1"),),
        lambda checkpoint: [preset("tracknet_v1")],
        tables.v1_torch,
    ),
    Layout(
        "v1-keras",
        "TrackNet's official code",
        (preset("tracknet_v1_keras"),),
        choose_v1_keras,
        tables.v1_keras,
    ),
    Layout(
        "v2-keras",
        "TrackNetV2's official code and TrackNetV4/TrackNetV4",
        (preset("tracknet_v2_keras"), preset("tracknet_v2_official")),
        choose_v2_keras,
        tables.v2_keras,
    ),
    Layout(
        "v2-torch",
        "ChgygLin/TrackNetV2-pytorch",
        (V2_TORCH, preset("tracknet_v2_keras")),
        choose_v2_torch,
        tables.v2_torch,
    ),
    Layout(
        "wasb-tracknetv2",
        "nttcom/WASB-SBDT",
        (preset("tracknet_v2_wasb"),),
        choose_wasb,
        tables.wasb_tracknetv2,
        wrapper="model_state_dict",
    ),
    Layout(
        "v3-torch",
        "qaz812345/TrackNetV3",
        V3,
        choose_v3,
        tables.v3_torch,
        wrapper="model",
        notes=v3_notes,
    ),
    Layout(
        "inpaintnet-torch",
        "qaz812345/TrackNetV3",
        (INPAINTNET,),
        choose_inpaintnet,
        tables.inpaintnet_torch,
        wrapper="model",
        notes=inpaintnet_notes,
    ),
    Layout(
        "attention-unet-torch",
        "alenzenx/TrackNetV3",
        (preset("attention_unet"),),
        lambda checkpoint: [preset("attention_unet")],
        tables.attention_unet_torch,
    ),
    Layout(
        "v4-keras",
        "TrackNetV4/TrackNetV4",
        (*V4_KERAS, *V4_CHANNEL),
        choose_v4_keras,
        tables.v2_keras,
        wrapper="model",
        notes=lambda config: {"fusion": config.fusion},
    ),
    Layout(
        "v5-torch",
        "codelancera-offical/TracknetV5",
        (
            preset("tracknet_v2"),
            preset("tracknet_v4"),
            preset("tracknet_v2_mdd"),
            V2_RSTR,
            preset("tracknet_v5_joint"),
        ),
        choose_v5,
        tables.v5_torch,
    ),
)
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in ALL}

# What a network's tensors and their meaning do not depend on, or what their shapes tell.
FREE = {
    *(
        "name",
        "paper",
        "frames",
        "outputs",
        "height",
        "width",
        "length",
        "dtype",
        "dropout",
        "context_masking",
    ),
    *("kernel_init", "bn_decay", "head_bias_init", "motion_alpha", "motion_beta"),
}


def layouts_of(config: AnyConfig) -> list[Layout]:
    """The layouts in which a network of ours can be written: those whose project has that very network."""
    return [layout for layout in ALL if architecture(config) in map(architecture, layout.networks)]


def architecture(config: AnyConfig) -> dict[str, Any]:
    """What makes a network, its sizes and its training aside."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in FREE}
