"""R-STR, the residual spatio-temporal refinement of TrackNetV5 (paper, section 3.3)."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.models.blocks import depth_to_space, symmetric_uniform, torch_uniform


class ResidualRefinement(nn.Module):
    """Residual for the draft logits of all frames, `(B, L, H, W) -> (B, L, H, W)` (the paper's TSATTHead).

    Patch embedding, factorised positions, transformer over the patches of all frames, PixelShuffle.
    """

    patch: int = 16
    embed_dim: int = 256
    layers: int = 4
    heads: int = 2
    mlp_dim: int = 1024
    attention: Literal["alternating", "divided", "joint"] = "alternating"
    dropout: float = 0.1
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, draft: jax.Array, train: bool = False) -> jax.Array:
        b, t, h, w = draft.shape
        rows, columns = h // self.patch, w // self.patch
        tokens = self.embed(draft).reshape(b, t, rows * columns, self.embed_dim)
        for i in range(self.layers):
            tokens = EncoderLayer(
                axes=attention_axes(self.attention, i),
                heads=self.heads,
                mlp_dim=self.mlp_dim,
                dropout=self.dropout,
                dtype=self.dtype,
                name=f"layer_{i}",
            )(tokens, train)
        pixels = dense(self.patch**2, self.embed_dim, self.dtype, "decode")(tokens)
        shuffled = depth_to_space(pixels.reshape(b * t, rows, columns, self.patch**2), self.patch)
        return shuffled.reshape(b, t, h, w).astype(jnp.float32)

    def embed(self, draft: jax.Array) -> jax.Array:
        """Patches as tokens `(B, L, N, D)`; spatial positions are shared by frames, temporal ones by places."""
        b, t, h, w = draft.shape
        p = self.patch
        patches = draft.reshape(b, t, h // p, p, w // p, p).swapaxes(3, 4).reshape(b, t, -1, p * p)
        tokens = dense(self.embed_dim, p * p, self.dtype, "embed")(patches)
        normal = nn.initializers.normal(1.0)
        spatial = self.param("spatial_position", normal, (1, 1, patches.shape[2], self.embed_dim))
        temporal = self.param("temporal_position", normal, (1, t, 1, self.embed_dim))
        return (tokens + spatial + temporal).astype(self.dtype)


def attention_axes(attention: str, layer: int) -> tuple[str, ...]:
    """The attentions of one encoder layer, in order.

    `alternating`: spatial in even, temporal in odd layers. `divided` (TimeSformer): both in every layer.
    `joint`: all tokens of all frames at once, as the V5 reference code does.
    """
    if attention == "alternating":
        return ("spatial",) if layer % 2 == 0 else ("temporal",)
    return {"divided": ("spatial", "temporal"), "joint": ("joint",)}[attention]


class EncoderLayer(nn.Module):
    """Post-norm transformer encoder layer on tokens `(B, L, N, D)`: LN(x + attention(x)), LN(x + MLP(x))."""

    axes: tuple[str, ...]
    heads: int
    mlp_dim: int
    dropout: float
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        def add_and_norm(x: jax.Array, update: jax.Array, name: str) -> jax.Array:
            update = nn.Dropout(self.dropout, deterministic=not train)(update)
            norm = nn.LayerNorm(epsilon=1e-5, dtype=jnp.float32, name=name)
            return norm(x.astype(jnp.float32) + update.astype(jnp.float32)).astype(self.dtype)

        for axis in self.axes:
            attend = SelfAttention(self.heads, self.dropout, self.dtype, name=f"{axis}_attention")
            x = add_and_norm(x, attend_over(axis, attend, x, train), f"{axis}_norm")
        d = x.shape[-1]
        hidden = nn.relu(dense(self.mlp_dim, d, self.dtype, "mlp_in")(x))
        hidden = nn.Dropout(self.dropout, deterministic=not train)(hidden)
        return add_and_norm(x, dense(d, self.mlp_dim, self.dtype, "mlp_out")(hidden), "mlp_norm")


def attend_over(axis: str, attend: nn.Module, x: jax.Array, train: bool) -> jax.Array:
    """Attention of tokens `(B, L, N, D)` within frames, across frames at each place, or over all of them."""
    b, t, n, d = x.shape
    if axis == "spatial":
        return attend(x.reshape(b * t, n, d), train).reshape(x.shape)
    if axis == "temporal":
        across = x.swapaxes(1, 2).reshape(b * n, t, d)
        return attend(across, train).reshape(b, n, t, d).swapaxes(1, 2)
    return attend(x.reshape(b, t * n, d), train).reshape(x.shape)


class SelfAttention(nn.Module):
    """Multi-head self-attention on `(B, N, D)`, softmax in float32, one packed matrix for q, k and v."""

    heads: int
    dropout: float
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        b, n, d = x.shape
        packed = nn.Dense(
            3 * d, kernel_init=nn.initializers.xavier_uniform(), dtype=self.dtype, name="query_key_value"
        )(x)
        query, key, value = jnp.moveaxis(packed.reshape(b, n, 3, self.heads, d // self.heads), 2, 0)
        weights = jax.nn.softmax(attention_scores(query, key) * (d // self.heads) ** -0.5)
        weights = nn.Dropout(self.dropout, deterministic=not train)(weights).astype(self.dtype)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", weights, value).reshape(b, n, d)
        return nn.Dense(d, kernel_init=torch_uniform, dtype=self.dtype, name="out")(mixed)


@jax.custom_vjp
def attention_scores(query: jax.Array, key: jax.Array) -> jax.Array:
    """Products of queries and keys `(B, N, heads, D)` as `(B, heads, N, N)` float32, whatever their dtype.

    The products of the gradient keep that dtype. Automatic differentiation alone would multiply in float32.
    """
    return jnp.einsum("bqhd,bkhd->bhqk", query, key, preferred_element_type=jnp.float32)


def _scores_forward(query: jax.Array, key: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return attention_scores(query, key), (query, key)


def _scores_backward(kept: tuple[jax.Array, jax.Array], slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    query, key = kept
    slope = slope.astype(query.dtype)
    return jnp.einsum("bhqk,bkhd->bqhd", slope, key), jnp.einsum("bhqk,bqhd->bkhd", slope, query)


attention_scores.defvjp(_scores_forward, _scores_backward)


def dense(features: int, fan_in: int, dtype: Any, name: str) -> nn.Dense:
    """A dense layer with torch's default initialisation of kernel and bias."""
    return nn.Dense(
        features, kernel_init=torch_uniform, bias_init=symmetric_uniform(fan_in**-0.5), dtype=dtype, name=name
    )
