"""R-STR against a twin in plain NumPy, one token and one head at a time, for each of the three attentions.

The reference code has `joint` alone (see test_parity.py): the twin is what the other two are held to.
"""

import jax
import numpy as np
import pytest

from tracknet_jax.models.refinement import ResidualRefinement

PATCH, ROWS, COLUMNS, HEADS = 4, 2, 3, 2


def dense(params: dict, x: np.ndarray) -> np.ndarray:
    return x @ np.asarray(params["kernel"]) + np.asarray(params["bias"])


def layer_norm(params: dict, x: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * params["scale"] + params["bias"]


def self_attention(params: dict, tokens: np.ndarray) -> np.ndarray:
    """Of tokens (N, D): each query's softmax over all keys, head by head."""
    query, key, value = np.split(dense(params["query_key_value"], tokens), 3, axis=-1)
    mixed = np.zeros_like(tokens)
    size = tokens.shape[-1] // HEADS
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for i in range(len(tokens)):
            weights = np.exp(key[:, part] @ query[i, part] / np.sqrt(size))
            mixed[i, part] = weights / weights.sum() @ value[:, part]
    return dense(params["out"], mixed)


def encoder_layer(params: dict, tokens: np.ndarray, axes: list[str]) -> np.ndarray:
    """Of tokens (L, N, D)."""
    for axis in axes:
        attend = params[f"{axis}_attention"]
        if axis == "spatial":
            update = np.stack([self_attention(attend, frame) for frame in tokens])
        elif axis == "temporal":
            places = [self_attention(attend, tokens[:, n]) for n in range(tokens.shape[1])]
            update = np.stack(places, axis=1)
        else:
            update = self_attention(attend, tokens.reshape(-1, tokens.shape[-1])).reshape(tokens.shape)
        tokens = layer_norm(params[f"{axis}_norm"], tokens + update)
    hidden = np.maximum(dense(params["mlp_in"], tokens), 0)
    return layer_norm(params["mlp_norm"], tokens + dense(params["mlp_out"], hidden))


def residual(params: dict, draft: np.ndarray, axes: list[list[str]]) -> np.ndarray:
    """Of a draft (L, H, W)."""
    patches = [
        [
            frame[PATCH * r : PATCH * (r + 1), PATCH * c : PATCH * (c + 1)].ravel()
            for r in range(ROWS)
            for c in range(COLUMNS)
        ]
        for frame in draft
    ]
    tokens = dense(params["embed"], np.array(patches))
    tokens = tokens + params["spatial_position"][0] + params["temporal_position"][0]
    for i, layer in enumerate(axes):
        tokens = encoder_layer(params[f"layer_{i}"], tokens, layer)
    pixels = dense(params["decode"], tokens)
    result = np.zeros_like(draft)
    for t, r, c, i, j in np.ndindex(len(draft), ROWS, COLUMNS, PATCH, PATCH):
        result[t, PATCH * r + i, PATCH * c + j] = pixels[t, COLUMNS * r + c, PATCH * i + j]
    return result


@pytest.mark.parametrize(
    ("attention", "axes"),
    [
        ("alternating", [["spatial"], ["temporal"]]),
        ("divided", [["spatial", "temporal"]] * 2),
        ("joint", [["joint"]] * 2),
    ],
)
def test_attentions(attention: str, axes: list[list[str]]):
    head = ResidualRefinement(PATCH, embed_dim=8, layers=2, heads=HEADS, mlp_dim=16, attention=attention)
    draft = np.random.default_rng(0).normal(size=(2, 3, PATCH * ROWS, PATCH * COLUMNS))
    variables = jax.jit(head.init)(jax.random.key(1), draft)
    # Biases and norms start as zeros and ones: other values tell where they act
    shaken = jax.tree.map(
        lambda leaf: leaf + 0.3 * np.sin(np.arange(leaf.size)).reshape(leaf.shape), variables
    )
    expected = [residual(jax.tree.map(np.asarray, shaken["params"]), window, axes) for window in draft]
    np.testing.assert_allclose(jax.jit(head.apply)(shaken, draft), expected, atol=2e-5)
