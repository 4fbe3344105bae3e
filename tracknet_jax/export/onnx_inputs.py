"""`models.background_input` and `models.motion` in ONNX: from frames to the trunk's channels, and to gates."""

import numpy as np
from onnx import TensorProto

from tracknet_jax.export.onnx_graph import Graph
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.motion import BT601
from tracknet_jax.models.tracknet import IMAGENET_MEAN, IMAGENET_STD


def unit_images(graph: Graph, images: str) -> str:
    """uint8 `(B, L, H, W, 3)` to float32 in [0, 1], `(B, L, 3, H, W)`."""
    planes = graph.add("Transpose", images, perm=[0, 1, 4, 2, 3])
    return graph.add("Div", graph.add("Cast", planes, to=TensorProto.FLOAT), np.float32(255))


def normalise(graph: Graph, config: TrackNetConfig, images: str) -> str:
    """Images in [0, 1] with the normalisation of the config."""
    if config.input_norm == "unit":
        return images
    mean, std = (np.array(x, np.float32).reshape(3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
    return graph.add("Div", graph.add("Sub", images, mean), std)


def merge_time(graph: Graph, config: TrackNetConfig, x: str) -> str:
    """Time into channels, frame-major: `(B, L, C, H, W) -> (B, L C, H, W)`."""
    return graph.reshape(x, 0, -1, config.height, config.width)


def stack_with_background(graph: Graph, config: TrackNetConfig, frames: str, background: str) -> str:
    """The modes of V3, for frames `(B, L, 3, H, W)` and background `(B, 1, 3, H, W)`."""
    if config.background == "concat":
        return merge_time(graph, config, graph.add("Concat", background, frames, axis=1))
    distance = graph.add("Abs", graph.add("Sub", frames, background))
    distance = graph.add("ReduceSum", distance, np.array([2], np.int64), keepdims=1)
    distance = graph.add("Clip", distance, np.float32(0), np.float32(1))
    if config.background == "subtract_concat":
        distance = graph.add("Concat", frames, distance, axis=2)
    return merge_time(graph, config, distance)


def motion_maps(graph: Graph, config: TrackNetConfig, frames: str) -> str:
    """Attention of V4 `(B, L-1, H, W)`, of V5 `(B, L-1, 2, H, W)`, from frames in [0, 1] `(B, L, 3, H, W)`."""
    weighted = graph.add("Mul", frames, np.array(BT601, np.float32).reshape(3, 1, 1))
    luminance = graph.add("ReduceSum", weighted, np.array([2], np.int64), keepdims=0)
    length = config.frames
    difference = graph.add(
        "Sub", graph.cut(luminance, 1, length, axis=1), graph.cut(luminance, 0, length - 1, axis=1)
    )
    if config.motion == "prompt":
        scaled = graph.add("Mul", difference, np.float32(config.motion_scale))
        return _power_normalisation(graph, config, graph.add("Abs", scaled))
    axis = np.array([2], np.int64)
    sides = (graph.add("Relu", side) for side in (difference, graph.add("Neg", difference)))
    polarity = graph.add("Concat", *(graph.add("Unsqueeze", side, axis) for side in sides), axis=2)
    return _power_normalisation(graph, config, polarity)


def _power_normalisation(graph: Graph, config: TrackNetConfig, magnitude: str) -> str:
    alpha, beta = (graph.weights[f"motion/{name}"] for name in ("alpha", "beta"))
    slope = np.float32(5.0 / (0.45 * np.abs(np.tanh(alpha)) + config.motion_eps))
    shift = np.float32(0.6 * np.tanh(beta))
    return graph.add("Sigmoid", graph.add("Mul", graph.add("Sub", magnitude, shift), slope))


def interleave(graph: Graph, config: TrackNetConfig, frames: str, attention: str) -> str:
    """Frames `(B, L, 3, H, W)` with the maps `(B, L-1, 2, H, W)` between them, `(B, 3 L + 2 (L - 1), H, W)`."""
    length = config.frames
    pairs = graph.add("Concat", graph.cut(frames, 0, length - 1, axis=1), attention, axis=2)
    last = graph.cut(frames, length - 1, length, axis=1)
    return graph.add("Concat", *(merge_time(graph, config, x) for x in (pairs, last)), axis=1)


def fuse(graph: Graph, config: TrackNetConfig, logits: str, maps: str) -> str:
    """Gates logits `(B, L, H, W)` with motion maps `(B, L-1, H, W)`: every gate is a weighted sum of the maps."""
    weights = np.zeros((config.frames, config.frames - 1), np.float32)
    bias = np.zeros(config.frames, np.float32)
    if config.fusion == "eq4":
        weights[1:] = np.eye(config.frames - 1)
        bias[0] = 1
    elif config.fusion == "mean":
        weights[:] = 1 / (config.frames - 1)
    else:
        weights[:-1] += 0.5 * np.eye(config.frames - 1)
        weights[1:] += 0.5 * np.eye(config.frames - 1)
        weights[[0, -1]] *= 2  # the first and the last frame have one neighbour
    gate = graph.add("Conv", maps, weights[:, :, None, None], bias)
    return graph.add("Mul", logits, gate)
