"""The same network as a function of PyTorch: the encoder-decoder family with motion maps, gates and R-STR."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from flax.traverse_util import flatten_dict

from tracknet_jax.benchmark.torch_refinement import refine
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.motion import BT601
from tracknet_jax.models.tracknet import IMAGENET_MEAN, IMAGENET_STD
from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "torch.Tensor"]  # "encoder_decoder/down0_0/conv/conv/kernel" -> (O, I, kH, kW)


def check_buildable(config: TrackNetConfig) -> None:
    """Raises `UserError` for a network that `forward` does not describe."""
    for name, built in (
        ("trunk", "unet"),
        ("background", "none"),
        ("bn_axis", "channel"),
    ):
        if (value := getattr(config, name)) != built:
            raise UserError(
                f"{config.name} with {name} {value!r} is not built in torch; leave it out of --against"
            )


def torch_weights(
    variables: dict[str, Any], device: str, dtype: str = "float32"
) -> dict[str, "torch.nn.Parameter"]:
    """Parameters and statistics by path, in torch's order of axes, without gradients; see `cast` for `dtype`.

    As `torch.nn.Parameter` they stay where they are for `torch.compile`: a CUDA graph copies all else at each call.
    """
    import torch

    found = {}
    for collection in ("params", "batch_stats"):
        for path, leaf in flatten_dict(variables[collection], sep="/").items():
            tensor = torch.from_numpy(np.array(leaf, np.float32)).to(device)
            if path.endswith("kernel") and tensor.ndim == 4:
                tensor = tensor.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
            elif path.endswith("kernel"):
                tensor = tensor.T.contiguous()
            found[path] = tensor
    return {path: torch.nn.Parameter(x, requires_grad=False) for path, x in cast(found, dtype).items()}


def cast(weights: Weights, dtype: str) -> dict[str, "torch.Tensor"]:
    """The weights, those of layers that multiply in the activations' `dtype`; norms stay in float32."""
    import torch

    def multiplies(path: str) -> bool:
        *_, layer, part = path.split("/")
        return part in ("kernel", "bias") and not layer.endswith(("bn", "norm"))

    return {path: x.to(getattr(torch, dtype)) if multiplies(path) else x for path, x in weights.items()}


def forward(config: TrackNetConfig, weights: Weights, frames: "torch.Tensor") -> "torch.Tensor":
    """Frames `(B, L, H, W, 3)` uint8 to maps in [0, 1], `(B, L_out, H, W)` float32."""
    import torch

    found = logits(config, weights, frames)
    if config.head == "classes":
        levels = torch.arange(256, device=found.device).view(-1, 1, 1)
        return (found.softmax(1) * levels / 255).sum(1, keepdim=True)
    return found.sigmoid()


def logits(
    config: TrackNetConfig, weights: Weights, frames: "torch.Tensor", train: bool = False
) -> "torch.Tensor":
    """Frames `(B, L, H, W, 3)` uint8 to logits `(B, L_out, H, W)` float32, of classes `(B, 256, H, W)`.

    `train` switches batch statistics and dropout on; the running statistics among `weights` are then updated.
    """
    import torch
    from torch.nn.functional import dropout

    frames = frames.to(torch.float32).div(255).permute(0, 1, 4, 2, 3)
    images = frames
    if config.input_norm == "imagenet":
        mean, std = (frames.new_tensor(x).view(3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
        images = (frames - mean) / std
    x, gate = images.flatten(1, 2), None
    if config.motion == "prompt":
        gate = _attention(config, weights, config.motion_scale * _differences(frames))
    elif config.motion == "mdd":
        difference = _differences(frames)
        polarity = torch.stack([difference.relu(), (-difference).relu()], 2)
        attention = _attention(config, weights, polarity)
        gate = attention[:, :, 0]
        if config.motion_input:
            parts = [images[:, 0]]
            for t in range(config.frames - 1):
                parts += [attention[:, t], images[:, t + 1]]
            x = torch.cat(parts, 1)
    x = _space_to_depth(x, config.space_to_depth).to(getattr(torch, config.dtype))
    x = x.contiguous(memory_format=torch.channels_last)
    features = _encoder_decoder(config, weights, x, train)
    if config.head == "classes":
        return _block(config, weights, "head", features, train).float()
    draft = _depth_to_space(_conv(weights, "head", features), config.space_to_depth).float()
    if gate is not None and config.fusion != "none":
        draft = draft * _gates(config.fusion, gate)
    if config.refinement == "rstr":
        masked = dropout(draft, config.context_masking, train)
        return masked + refine(config, weights, masked, config.dropout if train else 0.0)
    return draft


def _differences(frames: "torch.Tensor") -> "torch.Tensor":
    red, green, blue = BT601
    luminance = red * frames[:, :, 0] + green * frames[:, :, 1] + blue * frames[:, :, 2]
    return luminance[:, 1:] - luminance[:, :-1]


def _attention(config: TrackNetConfig, weights: Weights, x: "torch.Tensor") -> "torch.Tensor":
    """`models.motion.power_normalisation`."""
    slope = 5.0 / (0.45 * weights["motion/alpha"].tanh().abs() + config.motion_eps)
    return (slope * (x.abs() - 0.6 * weights["motion/beta"].tanh())).sigmoid()


def _gates(fusion: str, maps: "torch.Tensor") -> "torch.Tensor":
    """What `models.motion.fuse` multiplies with."""
    import torch

    if fusion == "eq4":
        return torch.cat([torch.ones_like(maps[:, :1]), maps], 1)
    if fusion == "mean":
        return maps.mean(1, keepdim=True)
    return torch.cat([maps[:, :1], 0.5 * (maps[:, :-1] + maps[:, 1:]), maps[:, -1:]], 1)


def _encoder_decoder(
    config: TrackNetConfig, weights: Weights, x: "torch.Tensor", train: bool
) -> "torch.Tensor":
    import torch
    from torch.nn.functional import interpolate, max_pool2d

    def block(name: str, x: "torch.Tensor") -> "torch.Tensor":
        return _block(config, weights, f"encoder_decoder/{name}", x, train)

    def upsample(x: "torch.Tensor") -> "torch.Tensor":
        if config.upsample == "nearest":
            return interpolate(x, scale_factor=2, mode="nearest")
        return interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)

    *levels, bottleneck = config.depths
    skips = []
    for level, depth in enumerate(levels):
        for i in range(depth):
            x = block(f"down{level}_{i}", x)
        skips.append(x)
        x = max_pool2d(x, 2)
    for i in range(bottleneck):
        x = block(f"bottleneck_{i}", x)
    for level, depth in reversed(list(enumerate(levels))):
        if config.skips == "add":
            x = block(f"narrow{level}", x)
        x = upsample(x)
        if config.skips == "add":
            x = x + skips[level]
        elif config.skips == "concat":
            x = torch.cat((x, skips[level]) if config.concat == "up_skip" else (skips[level], x), 1)
        for i in range(depth):
            x = block(f"up{level}_{i}", x)
    return x


def _block(
    config: TrackNetConfig, weights: Weights, name: str, x: "torch.Tensor", train: bool
) -> "torch.Tensor":
    """`models.blocks.ConvBlock`; torch's running variance is that of a sample, n / (n - 1) times ours."""
    from torch.nn.functional import batch_norm

    def norm(x: "torch.Tensor") -> "torch.Tensor":
        mean, var, scale, bias = (weights[f"{name}/bn/{part}"] for part in ("mean", "var", "scale", "bias"))
        return batch_norm(x, mean, var, scale, bias, train, 1 - config.bn_decay, config.bn_eps)

    x = _conv(weights, f"{name}/conv", x)
    return norm(x.relu()) if config.block_order == "conv_relu_bn" else norm(x).relu()


def _conv(weights: Weights, name: str, x: "torch.Tensor") -> "torch.Tensor":
    from torch.nn.functional import conv2d

    return conv2d(x, weights[f"{name}/conv/kernel"], weights.get(f"{name}/conv/bias"), padding="same")


def _space_to_depth(x: "torch.Tensor", block: int) -> "torch.Tensor":
    """Pixels before colours, as in `models.blocks`; torch's own puts colours first."""
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(b, block * block * c, h // block, w // block)


def _depth_to_space(x: "torch.Tensor", block: int) -> "torch.Tensor":
    b, c, h, w = x.shape
    x = x.reshape(b, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(b, c // block**2, h * block, w * block)
