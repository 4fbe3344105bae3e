"""`models.refinement` in ONNX: V5's R-STR."""

import numpy as np

from tracknet_jax.export.onnx_graph import Graph
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.refinement import attention_axes

ROOT = "refinement"


def refine(graph: Graph, config: TrackNetConfig, draft: str) -> str:
    """Residual for the draft logits, `(B, L_out, H, W) -> (B, L_out, H, W)`."""
    t, p = config.outputs, config.patch
    rows, columns = config.height // p, config.width // p
    patches = graph.reshape(draft, 0, t, rows, p, columns, p)
    patches = graph.add("Transpose", patches, perm=[0, 1, 2, 4, 3, 5])
    tokens = dense(graph, graph.reshape(patches, 0, t, rows * columns, p * p), f"{ROOT}/embed")
    for name in ("spatial_position", "temporal_position"):
        tokens = graph.add("Add", tokens, graph.weight(f"{ROOT}/{name}"))
    for i in range(config.layers):
        tokens = _layer(graph, config, tokens, f"{ROOT}/layer_{i}", attention_axes(config.attention, i))
    pixels = graph.reshape(dense(graph, tokens, f"{ROOT}/decode"), 0, t, rows, columns, p, p)
    pixels = graph.add("Transpose", pixels, perm=[0, 1, 2, 4, 3, 5])
    return graph.reshape(pixels, 0, t, config.height, config.width)


def _layer(graph: Graph, config: TrackNetConfig, x: str, path: str, axes: tuple[str, ...]) -> str:
    """Post-norm transformer encoder layer on tokens `(B, L, N, D)`."""
    for axis in axes:
        update = _attend_over(graph, config, axis, x, f"{path}/{axis}_attention")
        x = _add_and_norm(graph, x, update, f"{path}/{axis}_norm")
    hidden = graph.add("Relu", dense(graph, x, f"{path}/mlp_in"))
    return _add_and_norm(graph, x, dense(graph, hidden, f"{path}/mlp_out"), f"{path}/mlp_norm")


def _add_and_norm(graph: Graph, x: str, update: str, path: str) -> str:
    scale, bias = graph.weight(f"{path}/scale"), graph.weight(f"{path}/bias")
    return graph.add("LayerNormalization", graph.add("Add", x, update), scale, bias, axis=-1, epsilon=1e-5)


def _attend_over(graph: Graph, config: TrackNetConfig, axis: str, x: str, path: str) -> str:
    """Attention of tokens `(B, L, N, D)` within frames, across frames at each place, or over all of them."""
    t, d = config.outputs, config.embed_dim
    n = (config.height // config.patch) * (config.width // config.patch)
    if axis == "spatial":
        return graph.reshape(_attend(graph, config, graph.reshape(x, -1, n, d), n, path), -1, t, n, d)
    if axis == "joint":
        return graph.reshape(_attend(graph, config, graph.reshape(x, -1, t * n, d), t * n, path), -1, t, n, d)
    across = graph.reshape(graph.add("Transpose", x, perm=[0, 2, 1, 3]), -1, t, d)
    attended = graph.reshape(_attend(graph, config, across, t, path), -1, n, t, d)
    return graph.add("Transpose", attended, perm=[0, 2, 1, 3])


def _attend(graph: Graph, config: TrackNetConfig, x: str, tokens: int, path: str) -> str:
    """Multi-head self-attention on `(B, tokens, D)`."""
    d, heads = config.embed_dim, config.heads
    packed = graph.reshape(dense(graph, x, f"{path}/query_key_value"), -1, tokens, 3, heads, d // heads)
    packed = graph.add("Transpose", packed, perm=[2, 0, 3, 1, 4])  # (3, B, heads, tokens, d / heads)
    query, key, value = (graph.add("Gather", packed, np.array(i, np.int64), axis=0) for i in range(3))
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.add("Mul", scores, np.float32((d // heads) ** -0.5))
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.reshape(graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), -1, tokens, d)
    return dense(graph, joined, f"{path}/out")


def dense(graph: Graph, x: str, path: str) -> str:
    """A dense layer on the last axis."""
    product = graph.add("MatMul", x, graph.weight(f"{path}/kernel"))
    return graph.add("Add", product, graph.weight(f"{path}/bias"))
