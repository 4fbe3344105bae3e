"""The encoder-decoder of the family: VGG blocks, pooled on the way down, upsampled and joined on the way up."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.models.blocks import ConvBlock, max_pool, upsample_bilinear, upsample_nearest
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl
from tracknet_jax.models.doubled import Doubled


class EncoderDecoder(nn.Module):
    """`(B, H, W, C) -> (B, H, W, widths[0])`, the U-Net of TrackNetV2 (V1 without skips).

    Level i works at H / 2^i. It has `depths[i]` convolutions of `widths[i]` channels on the way down and as many
    on the way up. The last level is the bottleneck.
    """

    config: TrackNetConfig
    axis_name: str | None = None
    conv_impl: ConvImpl = "lax"
    input_order: tuple[int, ...] | None = None  # of `x`, see blocks.Conv

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        config = self.config
        block = partial(conv_block, config, self.axis_name, conv_impl=self.conv_impl)
        *levels, bottleneck = enumerate(zip(config.widths, config.depths, strict=True))

        skips = []
        for level, (features, depth) in levels:
            for i in range(depth):
                first = level == i == 0
                kernel, order = (config.stem, self.input_order) if first else (3, None)
                x = block(features, kernel=kernel, input_order=order, name=f"down{level}_{i}")(x, train)
            skips.append(x)
            x = max_pool(x)

        _, (features, depth) = bottleneck
        for i in range(depth):
            x = block(features, name=f"bottleneck_{i}")(x, train)

        for level, (features, depth) in reversed(levels):
            if config.skips == "add":  # narrowed before the upsampling: a fourth of the work
                x = block(features, kernel=1, name=f"narrow{level}")(x, train)
            x, doubled = join(config, x, skips[level])
            for i in range(depth):
                x = block(features, name=f"up{level}_{i}")(x, train, doubled if i == 0 else None)
        return x


def join(config: TrackNetConfig, x: jax.Array, skip: jax.Array) -> tuple[jax.Array, Doubled | None]:
    """The level below, `(B, H/2, W/2, C)`, upsampled and joined with this one's skip; and what of it is `Doubled`."""
    nearest, up_first = config.upsample == "nearest", config.concat == "up_skip"
    up = upsample_nearest(x) if nearest else upsample_bilinear(x)
    if config.skips == "add":
        return up + skip, None
    doubled = Doubled(x, last=not up_first) if nearest else None
    if config.skips == "none":
        return up, doubled
    return jnp.concatenate([up, skip] if up_first else [skip, up], axis=-1), doubled


def conv_block(
    config: TrackNetConfig,
    axis_name: str | None,
    features: int,
    name: str,
    kernel: int = 3,
    conv_impl: ConvImpl = "lax",
    input_order: tuple[int, ...] | None = None,
) -> ConvBlock:
    """The `ConvBlock` that `config` describes."""
    return ConvBlock(
        features,
        kernel=kernel,
        order=config.block_order,
        bias=config.conv_bias,
        init_style=config.kernel_init,
        bn_axis=config.bn_axis,
        bn_eps=config.bn_eps,
        bn_decay=config.bn_decay,
        axis_name=axis_name,
        dtype=jnp.dtype(config.dtype),
        conv_impl=conv_impl,
        input_order=input_order,
        name=name,
    )
