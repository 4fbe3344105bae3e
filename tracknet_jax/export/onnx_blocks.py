"""`models.blocks` in ONNX, on maps `(B, C, H, W)`."""

import numpy as np

from tracknet_jax.export.onnx_graph import Graph
from tracknet_jax.models.config import TrackNetConfig


def conv_block(graph: Graph, config: TrackNetConfig, x: str, path: str) -> str:
    """Convolution, ReLU and batch norm. A norm by channels directly behind its convolution is folded into it.

    Behind the ReLU it stays a node: in the next convolution its shift would be missing where zeros are padded.
    """
    if config.block_order == "conv_relu_bn":
        return _norm(graph, config, graph.add("Relu", conv(graph, x, f"{path}/conv")), path)
    if config.bn_axis == "width":
        return graph.add("Relu", _norm(graph, config, conv(graph, x, f"{path}/conv"), path))
    scale, shift = _scale_and_shift(graph, config, path)
    return graph.add("Relu", conv(graph, x, f"{path}/conv", scale, shift))


def conv(
    graph: Graph, x: str, path: str, scale: np.ndarray | None = None, shift: np.ndarray | None = None
) -> str:
    """Same-padded convolution; each channel of its result times `scale` plus `shift`, both `(C,)`."""
    kernel = graph.weights[f"{path}/conv/kernel"].transpose(3, 2, 0, 1)
    bias = graph.weights.get(f"{path}/conv/bias")
    if scale is not None:
        kernel = kernel * scale[:, None, None, None]
        bias = shift if bias is None else bias * scale + shift
    side = kernel.shape[-1]
    before, after = (side - 1) // 2, side // 2
    operands = [graph.constant(kernel, f"{path}/kernel")]
    if bias is not None:
        operands.append(graph.constant(bias, f"{path}/bias"))
    pads = [before, before, after, after]
    return graph.add("Conv", x, *operands, kernel_shape=[side, side], pads=pads)


def _norm(graph: Graph, config: TrackNetConfig, x: str, path: str) -> str:
    if config.bn_axis == "width":  # the last axis here
        scale, shift = _scale_and_shift(graph, config, path)
        return graph.add("Add", graph.add("Mul", x, scale), shift)
    operands = (graph.weight(f"{path}/bn/{part}") for part in ("scale", "bias", "mean", "var"))
    return graph.add("BatchNormalization", x, *operands, epsilon=config.bn_eps)


def _scale_and_shift(graph: Graph, config: TrackNetConfig, path: str) -> tuple[np.ndarray, np.ndarray]:
    """A trained batch norm as y = scale x + shift."""
    gain, bias, mean, var = (graph.weights[f"{path}/bn/{part}"] for part in ("scale", "bias", "mean", "var"))
    scale = gain / np.sqrt(var + np.float32(config.bn_eps))
    return scale, bias - mean * scale


def max_pool(graph: Graph, x: str) -> str:
    """2x2 maximum."""
    return graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])


def upsample(graph: Graph, config: TrackNetConfig, x: str) -> str:
    """Doubles height and width, by repetition or bilinearly with aligned corners."""
    sizes = np.array([1, 1, 2, 2], np.float32)
    if config.upsample == "nearest":
        rule = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return graph.add("Resize", x, "", sizes, mode="nearest", **rule)
    return graph.add("Resize", x, "", sizes, mode="linear", coordinate_transformation_mode="align_corners")
