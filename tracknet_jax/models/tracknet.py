"""The composition: frames -> motion -> encoder-decoder -> draft -> gate -> refinement, as the config says."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from tracknet_jax.models.attention_unet import AttentionUNet
from tracknet_jax.models.background_input import merge_time, stack_with_background
from tracknet_jax.models.blocks import Conv, depth_to_space, space_to_depth
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl
from tracknet_jax.models.encoder_decoder import EncoderDecoder, conv_block
from tracknet_jax.models.folded_input import (
    assemble,
    fold_frames,
    folded_differences,
    input_order,
    unfold_maps,
)
from tracknet_jax.models.motion import MotionAttention, fuse, interleave, luminance_differences, polarity
from tracknet_jax.models.refinement import ResidualRefinement

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Variables = dict[str, Any]  # {"params": ..., "batch_stats": ...}, as `model.apply` takes it


@struct.dataclass
class TrackNetOutput:
    """What a network returns. Only `attention` has been through a sigmoid.

    `logits`: `(B, L_out, H, W)` float32, for V1 class logits `(B, H, W, 256)`. `draft_logits`: the 1x1
    convolution's output before gating and refinement, same shape. `attention`: motion maps `(B, L-1, H, W)`
    (V4) or `(B, L-1, 2, H, W)` (V5: brightening, darkening).
    """

    logits: jax.Array
    draft_logits: jax.Array | None = None
    attention: jax.Array | None = None


class TrackNet(nn.Module):
    """Every member of the family.

    Args of the call: `frames` `(B, L, H, W, 3)` RGB in time order, uint8, or float in [0, 1];
    `background` `(B, H, W, 3)` likewise, for configs that want one; `train` switches batch statistics
    (collection `batch_stats`) and dropout (rng `dropout`) on.
    """

    config: TrackNetConfig
    axis_name: str | None = None  # in training the axis of devices over which batch statistics are averaged
    conv_impl: ConvImpl = "lax"  # how convolutions are computed; inference: "auto", see `convolve`

    @nn.compact
    def __call__(
        self, frames: jax.Array, background: jax.Array | None = None, train: bool = False
    ) -> TrackNetOutput:
        config = self.config
        folded = folds_frames(config)
        x, attention = self.folded_input(frames) if folded else self.input(frames, background)
        gate = attention
        if attention is not None and config.motion == "mdd":
            gate = attention[:, :, 0]  # only brightening gates the drafts

        shared: dict[str, Any] = {"axis_name": self.axis_name, "conv_impl": self.conv_impl}
        if config.trunk == "attention_unet":
            trunk: nn.Module = AttentionUNet(config, **shared, name="encoder_decoder")
        else:
            order = input_order(config.frames, config.space_to_depth) if folded else None
            trunk = EncoderDecoder(config, **shared, input_order=order, name="encoder_decoder")
        features = trunk(x.astype(config.dtype), train)

        if config.head == "classes":
            classes = conv_block(config, features=256, name="head", **shared)(features, train)
            return TrackNetOutput(logits=classes.astype(jnp.float32))

        draft = self.draft(features)
        logits = draft if gate is None or config.fusion == "none" else fuse(draft, gate, config.fusion)
        if config.refinement == "rstr":
            # One dropout, used twice: the residual is estimated from the masked draft and added to it.
            masked = nn.Dropout(config.context_masking, deterministic=not train)(logits)
            logits = masked + self.refinement()(masked, train)
        return TrackNetOutput(logits, draft, attention)

    def input(self, frames: jax.Array, background: jax.Array | None) -> tuple[jax.Array, jax.Array | None]:
        """The trunk's input `(B, H/b, W/b, C)`, and motion maps if the config has them."""
        config = self.config
        frames = to_unit_range(frames)
        images = self.normalise(frames)
        attention = None
        x = merge_time(images)
        if config.background != "none":
            if background is None:
                raise ValueError(f"model {config.name!r} needs a background image")
            x = stack_with_background(images, self.normalise(to_unit_range(background)), config.background)
        if config.motion == "prompt":
            attention = self.motion_attention()(config.motion_scale * luminance_differences(frames))
        elif config.motion == "mdd":
            attention = self.motion_attention()(polarity(luminance_differences(frames)))
            if config.motion_input:
                x = interleave(images, attention)
        return space_to_depth(x, config.space_to_depth), attention

    def folded_input(self, frames: jax.Array) -> tuple[jax.Array, jax.Array]:
        """As `input`, the channels in another order (`folded_input.input_order`), and faster."""
        length, block = self.config.frames, self.config.space_to_depth
        folded = to_unit_range(fold_frames(frames, block))
        maps = self.motion_attention()(polarity(folded_differences(folded, length, block), axis=3))
        images = self.normalise(folded.reshape(*folded.shape[:3], -1, 3)).reshape(folded.shape)
        return assemble(images, maps), unfold_maps(maps, length, block)

    def motion_attention(self) -> MotionAttention:
        """The power normalisation that makes motion maps of luminance differences."""
        config = self.config
        return MotionAttention(config.motion_alpha, config.motion_beta, config.motion_eps, name="motion")

    def normalise(self, images: jax.Array) -> jax.Array:
        """RGB images in [0, 1] as the trunk wants them."""
        if self.config.input_norm == "unit":
            return images
        return (images - jnp.array(IMAGENET_MEAN)) / jnp.array(IMAGENET_STD)

    def draft(self, features: jax.Array) -> jax.Array:
        """1x1 convolution to one map an output frame, `(B, H, W, C) -> (B, L_out, H, W)` float32."""
        config = self.config
        maps = Conv(
            config.outputs * config.space_to_depth**2,
            kernel=1,
            bias=config.head_bias,
            init_style=config.kernel_init,
            dtype=jnp.dtype(config.dtype),
            bias_init=config.head_bias_init,
            name="head",
        )(features)
        return jnp.moveaxis(depth_to_space(maps, config.space_to_depth), -1, 1).astype(jnp.float32)

    def refinement(self) -> ResidualRefinement:
        """The R-STR head that the config describes."""
        config = self.config
        return ResidualRefinement(
            patch=config.patch,
            embed_dim=config.embed_dim,
            layers=config.layers,
            heads=config.heads,
            mlp_dim=config.mlp_dim,
            attention=config.attention,
            dropout=config.dropout,
            dtype=jnp.dtype(config.dtype),
            name="refinement",
        )


def folds_frames(config: TrackNetConfig) -> bool:
    """Whether frames are folded (space-to-depth) before motion maps are made of them."""
    maps_as_input = config.motion == "mdd" and config.motion_input
    return maps_as_input and config.space_to_depth > 1 and config.trunk == "unet"


def to_unit_range(images: jax.Array) -> jax.Array:
    """uint8 images as float32 in [0, 1]; floats pass through."""
    if images.dtype == jnp.uint8:
        return images.astype(jnp.float32) / 255.0
    return images


def init_variables(config: TrackNetConfig, key: jax.Array) -> Variables:
    """Freshly initialised `{"params", "batch_stats"}` of `config`."""
    frames = jnp.zeros((1, config.frames, config.height, config.width, 3), jnp.uint8)
    background = jnp.zeros((1, config.height, config.width, 3), jnp.uint8)
    return jax.jit(TrackNet(config).init)(key, frames, background)
