"""The tables of the reference networks: which of their tensors is which of our variables.

A block of the encoder-decoder is one convolution with its norm. Our names: `down1_0` is the first block of level 1 on
the way down, level 0 having the full resolution; `up1_0` the first of that level on the way up.
"""

from collections.abc import Iterable, Iterator

from tracknet_jax.convert.mapping import (
    CONV1D,
    CONV2D,
    CONV2D_V1,
    DENSE,
    KERAS_V1,
    PATCHES,
    PIXELS,
    SAME,
    SPATIAL,
    TEMPORAL,
    Rearrangement,
    Row,
)
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import RectifierConfig

# Ours, in the order of use: numbered references number their convolutions 1 (Keras: 0) to 17 in this order.
BLOCKS = (
    *("down0_0", "down0_1", "down1_0", "down1_1", "down2_0", "down2_1", "down2_2"),
    *("bottleneck_0", "bottleneck_1", "bottleneck_2"),
    *("up2_0", "up2_1", "up2_2", "up1_0", "up1_1", "up0_0", "up0_1"),
)

# The blocks of qaz812345/TrackNetV3; in each, `conv` and `bn`.
V3_BLOCKS = (
    *("down_block_1.conv_1", "down_block_1.conv_2", "down_block_2.conv_1", "down_block_2.conv_2"),
    *("down_block_3.conv_1", "down_block_3.conv_2", "down_block_3.conv_3"),
    *("bottleneck.conv_1", "bottleneck.conv_2", "bottleneck.conv_3"),
    *("up_block_1.conv_1", "up_block_1.conv_2", "up_block_1.conv_3"),
    *("up_block_2.conv_1", "up_block_2.conv_2", "up_block_3.conv_1", "up_block_3.conv_2"),
)

# The sequences of nttcom/WASB-SBDT and how many convolutions each has; in each: 0 convolution, 1 ReLU, 2 norm, 3 ...
WASB_SEQUENCES = (
    ("inc.double_conv", 2),
    ("down1.maxpool_conv.1.double_conv", 2),
    ("down2.maxpool_conv.1.triple_conv", 3),
    ("down3.maxpool_conv.1.triple_conv", 3),
    ("up1.conv.triple_conv", 3),
    ("up2.conv.double_conv", 2),
    ("up3.conv.double_conv", 2),
)

# Our convolutions of the InpaintNet, and those of qaz812345/TrackNetV3 ("buttleneck" is theirs).
INPAINTNET = {
    "down0": "down_1.conv",
    "down1": "down_2.conv",
    "down2": "down_3.conv",
    "bottleneck_0": "buttleneck.conv_1.conv",
    "bottleneck_1": "buttleneck.conv_2.conv",
    "up2": "up_1.conv",
    "up1": "up_2.conv",
    "up0": "up_3.conv",
    "head": "predictor",
}

# The convolutions of an encoder block of alenzenx/TrackNetV3, `conv_1` to `conv_7`, in ours.
PATHS = ("path1_0", "path1_1", "path3_0", "path3_1", "path5_0", "path5_1", "join")

# Its channel attentions, in its order, which is neither its use's nor the levels'.
ATTENTIONS = {
    "cbam1": "up_attention2",
    "cbam2": "up_attention1",
    "cbam3": "up_attention0",
    "cbam0_2": "skip_attention2",
    "cbam1_2": "skip_attention1",
    "cbam2_2": "skip_attention0",
}

# The spatial attention beside each: built, never called.
ATTENTION_UNET_UNUSED = tuple(
    (f"{name}.spatial_attention.conv2d.{end}", shape)
    for name in ATTENTIONS
    for end, shape in (("weight", (1, 2, 7, 7)), ("bias", (1,)))
)

# codelancera-offical/TracknetV5: the motion module and the 1x1 convolution of each network, by motion and refinement.
V5_MOTION = {
    ("prompt", "none"): "backbone.motion",
    ("mdd", "none"): "backbone.learnable_mvdr_module",
    ("mdd", "rstr"): "mdd",
}
V5_HEAD = {
    ("none", "none"): "head.head.conv.0",
    ("prompt", "none"): "head.conv",
    ("mdd", "none"): "head.conv",
    ("none", "rstr"): "head.conv1.conv.0",
    ("mdd", "rstr"): "head.draft_head",
}

# A layer of R-STR's transformer, in the reference's order.
V5_LAYER = {
    "self_attn.in_proj_": "joint_attention/query_key_value",
    "self_attn.out_proj.": "joint_attention/out",
    "linear1.": "mlp_in",
    "linear2.": "mlp_out",
    "norm1.": "joint_norm",
    "norm2.": "mlp_norm",
}


def v1_torch(config: TrackNetConfig) -> Iterator[Row]:
    """yastrebksv/TrackNet."""
    for number, block in enumerate(_v1_blocks(), 1):
        how = CONV2D_V1 if number == 1 else CONV2D
        yield from torch_conv(f"conv{number}.block.0", f"{block}/conv/conv", config.conv_bias, how)
        yield from torch_norm(f"conv{number}.block.2", f"{block}/bn")


def v1_keras(config: TrackNetConfig) -> Iterator[Row]:
    """The official V1, by the names that its layers have in a fresh session."""
    yield from keras_blocks(_v1_blocks(), KERAS_V1)


def v2_keras(config: TrackNetConfig) -> Iterator[Row]:
    """The official V2, and V4 with its two scalars behind."""
    yield from keras_blocks(_trunk(), SAME)
    yield from (Row(f"conv2d_17/{name}", f"params/head/conv/{name}") for name in ("kernel", "bias"))
    if config.motion == "prompt":
        yield Row("motion_prompt_layer/a", "params/motion/alpha")
        yield Row("motion_prompt_layer/b", "params/motion/beta")


def v2_torch(config: TrackNetConfig) -> Iterator[Row]:
    """ChgygLin/TrackNetV2-pytorch."""
    for number, block in enumerate(_trunk(), 1):
        yield from torch_conv(f"conv2d_{number}.conv", f"{block}/conv/conv", config.conv_bias)
        yield from torch_norm(f"conv2d_{number}.bn", f"{block}/bn")
    yield from torch_conv("conv2d_18", "head/conv", config.head_bias)


def wasb_tracknetv2(config: TrackNetConfig) -> Iterator[Row]:
    """nttcom/WASB-SBDT, its model `tracknetv2`."""
    places = [(name, 3 * i) for name, count in WASB_SEQUENCES for i in range(count)]
    for (name, first), block in zip(places, _trunk(), strict=True):
        yield from torch_conv(f"{name}.{first}", f"{block}/conv/conv", config.conv_bias)
        yield from torch_norm(f"{name}.{first + 2}", f"{block}/bn")
    yield from torch_conv("outc.conv", "head/conv", config.head_bias)


def v3_torch(config: TrackNetConfig) -> Iterator[Row]:
    """qaz812345/TrackNetV3, its model `TrackNet`."""
    for name, block in zip(V3_BLOCKS, _trunk(), strict=True):
        yield from torch_conv(f"{name}.conv", f"{block}/conv/conv", config.conv_bias)
        yield from torch_norm(f"{name}.bn", f"{block}/bn")
    yield from torch_conv("predictor", "head/conv", config.head_bias)


def inpaintnet_torch(config: RectifierConfig) -> Iterator[Row]:
    """qaz812345/TrackNetV3, its model `InpaintNet`."""
    for ours, name in INPAINTNET.items():
        yield from torch_conv(name, ours, bias=True, how=CONV1D)


def attention_unet_torch(config: TrackNetConfig) -> Iterator[Row]:
    """alenzenx/TrackNetV3."""
    blocks = {
        f"down_block_{n + 1}.conv_{i}": f"down{n}/{path}" for n in range(3) for i, path in enumerate(PATHS, 1)
    }
    blocks |= {f"bottleneck.conv_{i + 1}": f"bottleneck_{i}" for i in range(3)}
    blocks |= {f"up_block_{3 - n}.conv_{i + 1}": f"up{n}_{i}" for n in (2, 1, 0) for i in range(2)}
    for name, block in blocks.items():
        yield from torch_conv(f"{name}.conv", f"encoder_decoder/{block}/conv/conv", config.conv_bias)
        yield from torch_norm(f"{name}.bn", f"encoder_decoder/{block}/bn")
    yield from torch_conv("predictor", "head/conv", config.head_bias)
    for name, attention in ATTENTIONS.items():
        for i, layer in ((0, "squeeze"), (2, "excite")):
            theirs = f"{name}.channel_attention.shared_MLP.{i}"
            yield from torch_conv(theirs, f"encoder_decoder/{attention}/{layer}/conv", bias=False)


def v5_torch(config: TrackNetConfig) -> Iterator[Row]:
    """codelancera-offical/TracknetV5: its V2, V4, V5, V2 + MDD and V2 + R-STR."""
    kind = (config.motion, config.refinement)
    if config.motion != "none":
        yield Row(f"{V5_MOTION[kind]}.a", "params/motion/alpha")
        yield Row(f"{V5_MOTION[kind]}.b", "params/motion/beta")
    for number, block in enumerate(_trunk(), 1):
        part = "backbone" if number <= 10 else "neck"
        yield from torch_conv(f"{part}.conv{number}.conv.0", f"{block}/conv/conv", config.conv_bias)
        yield from torch_norm(f"{part}.conv{number}.conv.2", f"{block}/bn")
    if config.refinement == "none":
        yield from torch_conv(V5_HEAD[kind], "head/conv", config.head_bias)
    else:
        yield from v5_refinement(config)


def v5_refinement(config: TrackNetConfig) -> Iterator[Row]:
    """The head of V5 and of V2 + R-STR: positions, draft, patches, transformer, pixels."""
    yield Row("head.spatial_pos_embed", "params/refinement/spatial_position", SPATIAL)
    yield Row("head.time_embed", "params/refinement/temporal_position", TEMPORAL)
    yield from torch_conv(V5_HEAD[config.motion, "rstr"], "head/conv", config.head_bias)
    yield from torch_conv("head.embed_conv", "refinement/embed", bias=True, how=PATCHES)
    for i in range(config.layers):
        for name, ours in V5_LAYER.items():
            theirs = f"head.transformer_encoder.layers.{i}.{name}"
            weight, how = ("scale", SAME) if name.startswith("norm") else ("kernel", DENSE)
            yield Row(f"{theirs}weight", f"params/refinement/layer_{i}/{ours}/{weight}", how)
            yield Row(f"{theirs}bias", f"params/refinement/layer_{i}/{ours}/bias")
    yield from torch_conv("head.decoder_head.0", "refinement/decode", bias=True, how=PIXELS)


def _trunk() -> list[str]:
    return [f"encoder_decoder/{block}" for block in BLOCKS]


def _v1_blocks() -> list[str]:
    return [*_trunk(), "head"]  # V1's last convolution, to 256 classes, has ReLU and norm as the others


def torch_conv(theirs: str, ours: str, bias: bool, how: Rearrangement = CONV2D) -> Iterator[Row]:
    """A convolution or dense layer of PyTorch."""
    yield Row(f"{theirs}.weight", f"params/{ours}/kernel", how)
    if bias:
        yield Row(f"{theirs}.bias", f"params/{ours}/bias")


def torch_norm(theirs: str, ours: str) -> Iterator[Row]:
    """A batch norm of PyTorch."""
    yield Row(f"{theirs}.weight", f"params/{ours}/scale")
    yield Row(f"{theirs}.bias", f"params/{ours}/bias")
    yield Row(f"{theirs}.running_mean", f"batch_stats/{ours}/mean")
    yield Row(f"{theirs}.running_var", f"batch_stats/{ours}/var")


def keras_blocks(blocks: Iterable[str], first: Rearrangement) -> Iterator[Row]:
    """Convolutions with their norms as Keras numbers them; `first` rearranges the first kernel."""
    for i, block in enumerate(blocks):
        number = f"_{i}" if i else ""
        yield Row(f"conv2d{number}/kernel", f"params/{block}/conv/conv/kernel", SAME if i else first)
        yield Row(f"conv2d{number}/bias", f"params/{block}/conv/conv/bias")
        norm = f"batch_normalization{number}"
        yield Row(f"{norm}/gamma", f"params/{block}/bn/scale")
        yield Row(f"{norm}/beta", f"params/{block}/bn/bias")
        yield Row(f"{norm}/moving_mean", f"batch_stats/{block}/bn/mean")
        yield Row(f"{norm}/moving_variance", f"batch_stats/{block}/bn/var")
