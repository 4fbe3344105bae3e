"""`models.encoder_decoder` and `models.attention_unet` in ONNX."""

from tracknet_jax.export.onnx_blocks import conv_block, max_pool, upsample
from tracknet_jax.export.onnx_graph import Graph
from tracknet_jax.models.config import TrackNetConfig

ROOT = "encoder_decoder"


def encoder_decoder(graph: Graph, config: TrackNetConfig, x: str) -> str:
    """`(B, C, H, W) -> (B, widths[0], H, W)`."""
    *levels, bottleneck = enumerate(config.depths)
    skips = []
    for level, depth in levels:
        x = _blocks(graph, config, x, f"down{level}", depth)
        skips.append(x)
        x = max_pool(graph, x)
    x = _blocks(graph, config, x, "bottleneck", bottleneck[1])
    for level, depth in reversed(levels):
        if config.skips == "add":
            x = conv_block(graph, config, x, f"{ROOT}/narrow{level}")
        x = upsample(graph, config, x)
        if config.skips == "add":
            x = graph.add("Add", x, skips[level])
        elif config.skips == "concat":
            pair = (x, skips[level]) if config.concat == "up_skip" else (skips[level], x)
            x = graph.add("Concat", *pair, axis=1)
        x = _blocks(graph, config, x, f"up{level}", depth)
    return x


def attention_unet(graph: Graph, config: TrackNetConfig, x: str) -> str:
    """`(B, C, H, W) -> (B, widths[0], H, W)`."""
    *levels, bottleneck = enumerate(config.depths)
    skips = []
    for level, _ in levels:
        x = _three_paths(graph, config, x, f"{ROOT}/down{level}")
        skips.append(_channel_attention(graph, x, f"{ROOT}/skip_attention{level}"))
        x = max_pool(graph, x)
    x = _blocks(graph, config, x, "bottleneck", bottleneck[1])
    for level, depth in reversed(levels):
        x = graph.add("Concat", upsample(graph, config, x), skips[level], axis=1)
        x = _blocks(graph, config, x, f"up{level}", depth)
        x = _channel_attention(graph, x, f"{ROOT}/up_attention{level}")
    return x


def _blocks(graph: Graph, config: TrackNetConfig, x: str, name: str, depth: int) -> str:
    for i in range(depth):
        x = conv_block(graph, config, x, f"{ROOT}/{name}_{i}")
    return x


def _three_paths(graph: Graph, config: TrackNetConfig, x: str, path: str) -> str:
    results = []
    for kernel in (1, 3, 5):
        inner = conv_block(graph, config, x, f"{path}/path{kernel}_0")
        results.append(conv_block(graph, config, inner, f"{path}/path{kernel}_1"))
    joined = conv_block(graph, config, graph.add("Concat", *results, axis=1), f"{path}/join")
    return graph.add("Add", joined, results[1])


def _channel_attention(graph: Graph, x: str, path: str) -> str:
    kernels = [graph.weights[f"{path}/{name}/conv/kernel"] for name in ("squeeze", "excite")]
    squeeze, excite = (
        graph.constant(kernel.transpose(3, 2, 0, 1), f"{path}/{name}")
        for kernel, name in zip(kernels, ("squeeze", "excite"), strict=True)
    )
    sides = []
    for pool in ("ReduceMean", "ReduceMax"):
        pooled = graph.add(pool, x, axes=[2, 3], keepdims=1)
        hidden = graph.add("Relu", graph.add("Conv", pooled, squeeze))
        sides.append(graph.add("Conv", hidden, excite))
    return graph.add("Mul", x, graph.add("Sigmoid", graph.add("Add", *sides)))
