"""The parts of every encoder and decoder: convolution blocks, pooling, upsampling, pixel shuffles."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from tracknet_jax.models.convolution import ConvImpl, convolve
from tracknet_jax.models.doubled import Doubled

# torch's default for convolutions and dense layers: U(-1/sqrt(fan_in), 1/sqrt(fan_in))
torch_uniform = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")


def symmetric_uniform(bound: float) -> jax.nn.initializers.Initializer:
    """Initializer U(-bound, bound)."""

    def init(key: jax.Array, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


class Conv(nn.Module):
    """Same-padded convolution with the references' initialisation, `(..., H, W, C) -> (..., H, W, features)`.

    `doubled`: what some channels of the input were upsampled from, for `conv_impl` to use; the result is the same.
    """

    features: int
    kernel: int = 3
    bias: bool = False
    init_style: Literal["torch", "uniform"] = "torch"
    dtype: Any = jnp.float32
    bias_init: float | None = None  # a constant in place of the reference's
    conv_impl: ConvImpl = "lax"
    input_order: tuple[int, ...] | None = None  # the kernel's channel for each of the input; None: the same

    @nn.compact
    def __call__(self, x: jax.Array, doubled: Doubled | None = None) -> jax.Array:
        fan_in = x.shape[-1] * self.kernel**2
        torch_style = self.init_style == "torch"
        bias_init = symmetric_uniform(fan_in**-0.5) if torch_style else nn.initializers.zeros
        if self.bias_init is not None:
            bias_init = nn.initializers.constant(self.bias_init)
        return nn.Conv(
            self.features,
            (self.kernel, self.kernel),
            use_bias=self.bias,
            kernel_init=torch_uniform if torch_style else symmetric_uniform(0.05),
            bias_init=bias_init,
            dtype=self.dtype,
            conv_general_dilated=self.convolution(doubled),
            name="conv",
        )(x)

    def convolution(self, doubled: Doubled | None) -> Callable[..., jax.Array] | None:
        """In place of `lax.conv_general_dilated`; None: that itself."""
        if self.conv_impl == "lax" and self.input_order is None:
            return None

        def convolution(x: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
            if self.input_order is not None:
                kernel = kernel[:, :, np.array(self.input_order)]
            return convolve(x, kernel, self.conv_impl, doubled)

        return convolution


class ConvBlock(nn.Module):
    """Convolution, ReLU and batch norm, in the order that the reference has. `doubled`: see `Conv`."""

    features: int
    kernel: int = 3
    order: Literal["conv_relu_bn", "conv_bn_relu"] = "conv_relu_bn"
    bias: bool = False
    init_style: Literal["torch", "uniform"] = "torch"
    bn_axis: Literal["channel", "width"] = "channel"
    bn_eps: float = 1e-5
    bn_decay: float = 0.9
    axis_name: str | None = None  # of devices over which batch statistics are averaged
    dtype: Any = jnp.float32
    conv_impl: ConvImpl = "lax"
    input_order: tuple[int, ...] | None = None  # see Conv

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False, doubled: Doubled | None = None) -> jax.Array:
        norm = nn.BatchNorm(
            use_running_average=not train,
            momentum=self.bn_decay,
            epsilon=self.bn_eps,
            axis=-1 if self.bn_axis == "channel" else 2,
            axis_name=self.axis_name,
            dtype=self.dtype,
            name="bn",
        )
        x = Conv(
            self.features,
            self.kernel,
            self.bias,
            self.init_style,
            self.dtype,
            conv_impl=self.conv_impl,
            input_order=self.input_order,
            name="conv",
        )(x, doubled)
        return norm(nn.relu(x)) if self.order == "conv_relu_bn" else nn.relu(norm(x))


def max_pool(x: jax.Array) -> jax.Array:
    """2x2 maximum, `(B, H, W, C) -> (B, H/2, W/2, C)`."""
    return nn.max_pool(x, (2, 2), strides=(2, 2))


def upsample_nearest(x: jax.Array) -> jax.Array:
    """Doubles height and width by repetition."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def upsample_bilinear(x: jax.Array) -> jax.Array:
    """Doubles height and width bilinearly with aligned corners, as the V5 reference does.

    Output i samples the input at i (n - 1) / (2n - 1). For i = 2k this lies between k - 1 and k, for i = 2k + 1
    between k and k + 1. Both are slices and a lerp, so there is no gather, and no scatter in the gradient.
    """
    return _double_aligned(_double_aligned(x, axis=1), axis=2)


def _double_aligned(x: jax.Array, axis: int) -> jax.Array:
    n = x.shape[axis]
    weight_shape = [1] * x.ndim
    weight_shape[axis] = n
    k = jnp.arange(n, dtype=jnp.float32).reshape(weight_shape)
    take = partial(jax.lax.slice_in_dim, x, axis=axis)
    before = jnp.concatenate([take(0, 1), take(0, n - 1)], axis)
    after = jnp.concatenate([take(1, n), take(n - 1, n)], axis)
    even = x + (k / (2 * n - 1)).astype(x.dtype) * (before - x)
    odd = x + ((n - 1 - k) / (2 * n - 1)).astype(x.dtype) * (after - x)
    doubled = jnp.stack([even, odd], axis + 1)
    return doubled.reshape(*x.shape[:axis], 2 * n, *x.shape[axis + 1 :])


def space_to_depth(x: jax.Array, block: int) -> jax.Array:
    """Folds `block x block` pixels into channels, `(B, H, W, C) -> (B, H/b, W/b, b*b*C)`."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // block, block, w // block, block, c)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // block, w // block, block * block * c)


def depth_to_space(x: jax.Array, block: int) -> jax.Array:
    """Unfolds channels into pixels, the inverse of `space_to_depth` (sub-pixel convolution's last step)."""
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, block, block, c // block**2)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(b, h * block, w * block, c // block**2)
