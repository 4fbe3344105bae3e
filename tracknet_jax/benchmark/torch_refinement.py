"""V5's R-STR as a function of PyTorch, `models.refinement` line by line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.refinement import attention_axes

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "torch.Tensor"]


def refine(config: TrackNetConfig, weights: Weights, draft: "torch.Tensor", rate: float) -> "torch.Tensor":
    """Residual for the draft logits, `(B, L, H, W) -> (B, L, H, W)` float32; `rate` is that of dropout."""
    import torch

    b, t, h, w = draft.shape
    p, dtype = config.patch, getattr(torch, config.dtype)
    rows, columns = h // p, w // p
    patches = draft.reshape(b, t, rows, p, columns, p).transpose(3, 4).reshape(b, t, -1, p * p)
    tokens = _dense(weights, "refinement/embed", patches.to(dtype))
    for name in ("spatial_position", "temporal_position"):
        tokens = tokens + weights[f"refinement/{name}"]
    tokens = tokens.to(dtype)
    for i in range(config.layers):
        axes = attention_axes(config.attention, i)
        tokens = _layer(config, weights, f"refinement/layer_{i}", axes, tokens, rate)
    pixels = _dense(weights, "refinement/decode", tokens).reshape(b, t, rows, columns, p, p)
    return pixels.transpose(3, 4).reshape(b, t, h, w).float()


def _layer(
    config: TrackNetConfig, weights: Weights, path: str, axes: tuple[str, ...], x: "torch.Tensor", rate: float
) -> "torch.Tensor":
    """Post-norm transformer encoder layer on tokens `(B, L, N, D)`."""
    from torch.nn.functional import dropout, layer_norm

    def add_and_norm(x: "torch.Tensor", update: "torch.Tensor", name: str) -> "torch.Tensor":
        update = dropout(update, rate)
        scale, bias = (weights[f"{path}/{name}/{part}"] for part in ("scale", "bias"))
        return layer_norm(x.float() + update.float(), x.shape[-1:], scale, bias, eps=1e-5).to(x.dtype)

    for axis in axes:
        mixed = _attend_over(config, weights, f"{path}/{axis}_attention", axis, x, rate)
        x = add_and_norm(x, mixed, f"{axis}_norm")
    hidden = dropout(_dense(weights, f"{path}/mlp_in", x).relu(), rate)
    return add_and_norm(x, _dense(weights, f"{path}/mlp_out", hidden), "mlp_norm")


def _attend_over(
    config: TrackNetConfig, weights: Weights, path: str, axis: str, x: "torch.Tensor", rate: float
) -> "torch.Tensor":
    b, t, n, d = x.shape
    if axis == "spatial":
        return _attend(config, weights, path, x.reshape(b * t, n, d), rate).reshape(x.shape)
    if axis == "temporal":
        across = x.transpose(1, 2).reshape(b * n, t, d)
        return _attend(config, weights, path, across, rate).reshape(b, n, t, d).transpose(1, 2)
    return _attend(config, weights, path, x.reshape(b, t * n, d), rate).reshape(x.shape)


def _attend(
    config: TrackNetConfig, weights: Weights, path: str, x: "torch.Tensor", rate: float
) -> "torch.Tensor":
    """Multi-head self-attention on `(B, N, D)`, by torch's fused one."""
    from torch.nn.functional import scaled_dot_product_attention

    b, n, d = x.shape
    packed = _dense(weights, f"{path}/query_key_value", x).reshape(b, n, 3, config.heads, d // config.heads)
    query, key, value = packed.permute(2, 0, 3, 1, 4)
    mixed = scaled_dot_product_attention(query, key, value, dropout_p=rate).transpose(1, 2).reshape(b, n, d)
    return _dense(weights, f"{path}/out", mixed)


def _dense(weights: Weights, path: str, x: "torch.Tensor") -> "torch.Tensor":
    from torch.nn.functional import linear

    return linear(x, weights[f"{path}/kernel"], weights[f"{path}/bias"])
