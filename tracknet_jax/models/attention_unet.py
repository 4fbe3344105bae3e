"""The U-Net with channel attention that the TrackNetV5 paper cites as "TrackNetV3". V3's authors did not write it."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.models.blocks import Conv, max_pool, upsample_nearest
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl
from tracknet_jax.models.encoder_decoder import conv_block


class AttentionUNet(nn.Module):
    """`(B, H, W, C) -> (B, H, W, widths[0])`, after the reference code alenzenx/TrackNetV3.

    V2's U-Net with three parallel paths in the encoder's blocks, and channel attention on the skips and on the
    decoder's outputs. Level i works at H / 2^i; `depths[i]` counts its convolutions on the way up.
    """

    config: TrackNetConfig
    axis_name: str | None = None
    conv_impl: ConvImpl = "lax"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        config = self.config
        block = partial(conv_block, config, self.axis_name, conv_impl=self.conv_impl)
        *levels, bottleneck = enumerate(zip(config.widths, config.depths, strict=True))

        skips = []
        for level, (features, _) in levels:
            x = ThreePaths(config, features, self.axis_name, self.conv_impl, name=f"down{level}")(x, train)
            skips.append(ChannelAttention(jnp.dtype(config.dtype), name=f"skip_attention{level}")(x))
            x = max_pool(x)

        _, (features, depth) = bottleneck
        for i in range(depth):
            x = block(features, name=f"bottleneck_{i}")(x, train)

        for level, (features, depth) in reversed(levels):
            x = jnp.concatenate([upsample_nearest(x), skips[level]], axis=-1)
            for i in range(depth):
                x = block(features, name=f"up{level}_{i}")(x, train)
            x = ChannelAttention(jnp.dtype(config.dtype), name=f"up_attention{level}")(x)
        return x


class ThreePaths(nn.Module):
    """Encoder block: 1x1, 3x3 and 5x5 convolutions side by side, each into a 3x3, joined by a 3x3.

    The output of the 3x3 path is added to the joined one.
    """

    config: TrackNetConfig
    features: int
    axis_name: str | None = None
    conv_impl: ConvImpl = "lax"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        block = partial(conv_block, self.config, self.axis_name, self.features, conv_impl=self.conv_impl)
        paths = []
        for kernel in (1, 3, 5):
            path = block(kernel=kernel, name=f"path{kernel}_0")(x, train)
            paths.append(block(name=f"path{kernel}_1")(path, train))
        return block(name="join")(jnp.concatenate(paths, axis=-1), train) + paths[1]


class ChannelAttention(nn.Module):
    """x times sigma(MLP(mean of x) + MLP(maximum of x)), mean and maximum over H and W of `(B, H, W, C)`.

    The MLP is one for both: C -> C/16 -> C, ReLU between, no biases.
    """

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1]
        squeeze = Conv(max(1, channels // 16), kernel=1, dtype=self.dtype, name="squeeze")
        excite = Conv(channels, kernel=1, dtype=self.dtype, name="excite")
        mean, maximum = x.mean((1, 2), keepdims=True), x.max((1, 2), keepdims=True)
        return x * nn.sigmoid(excite(nn.relu(squeeze(mean))) + excite(nn.relu(squeeze(maximum))))
