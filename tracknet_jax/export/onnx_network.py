"""`models.tracknet` in ONNX: a network and its weights as one ONNX model."""

import json
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tracknet_jax.export.onnx_blocks import conv, conv_block
from tracknet_jax.export.onnx_graph import Graph
from tracknet_jax.export.onnx_inputs import (
    fuse,
    interleave,
    merge_time,
    motion_maps,
    normalise,
    stack_with_background,
    unit_images,
)
from tracknet_jax.export.onnx_refinement import refine
from tracknet_jax.export.onnx_trunks import attention_unet, encoder_decoder
from tracknet_jax.export.stablehlo import image_shapes
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.utils.version import __version__

OPSET = 17  # the first with LayerNormalization
IR_VERSION = 8  # the one of that opset: newer readers take older files, not the other way round


def onnx_model(config: TrackNetConfig, variables: dict[str, Any]) -> ModelProto:
    """The network in float32, for any batch size.

    Inputs are `frames` `(batch, L, H, W, 3)` uint8 and, where the config wants one, `background`
    `(batch, H, W, 3)` uint8; the output `maps` `(batch, L_out, H, W)` is in [0, 1]. The config is among the
    model's properties, as JSON.
    """
    graph = Graph(variables)
    _maps(graph, config)
    graph.nodes[-1].output[0] = "maps"
    h, w = config.height, config.width
    maps = helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", config.outputs, h, w])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            config.name,
            [
                helper.make_tensor_value_info(name, TensorProto.UINT8, shape)
                for name, shape in image_shapes(config, "batch").items()
            ],
            [maps],
            graph.constants,
        ),
        producer_name="tracknet-jax",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {"config": json.dumps(config.to_dict())})
    return model


def _maps(graph: Graph, config: TrackNetConfig) -> str:
    frames = unit_images(graph, "frames")
    attention = motion_maps(graph, config, frames) if config.motion != "none" else ""
    x = _channels(graph, config, normalise(graph, config, frames), attention)
    if config.space_to_depth > 1:
        x = graph.add("SpaceToDepth", x, blocksize=config.space_to_depth)
    trunk = attention_unet if config.trunk == "attention_unet" else encoder_decoder
    features = trunk(graph, config, x)
    if config.head == "classes":
        return _expected_level(graph, conv_block(graph, config, features, "head"))

    logits = _logits(graph, config, features)
    if config.fusion != "none":
        logits = fuse(graph, config, logits, _gate(graph, config, attention))
    if config.refinement == "rstr":
        logits = graph.add("Add", logits, refine(graph, config, logits))
    return graph.add("Sigmoid", logits)


def _channels(graph: Graph, config: TrackNetConfig, images: str, attention: str) -> str:
    """The trunk's input `(B, C, H, W)`, from images `(B, L, 3, H, W)` and motion maps."""
    if config.background != "none":
        background = graph.add("Unsqueeze", "background", np.array([1], np.int64))
        background = normalise(graph, config, unit_images(graph, background))
        return stack_with_background(graph, config, images, background)
    if config.motion == "mdd" and config.motion_input:
        return interleave(graph, config, images, attention)
    return merge_time(graph, config, images)


def _logits(graph: Graph, config: TrackNetConfig, features: str) -> str:
    """The head's convolution; its channels are sorted by frame, then pixel, the order that onnx2torch reads."""
    size = config.space_to_depth
    if size == 1:
        return conv(graph, features, "head")
    for path in [path for path in graph.weights if path.startswith("head/")]:
        by_pixel = graph.weights[path]
        by_frame = by_pixel.reshape(*by_pixel.shape[:-1], size * size, config.outputs).swapaxes(-1, -2)
        graph.weights[path] = by_frame.reshape(by_pixel.shape)
    return graph.add("DepthToSpace", conv(graph, features, "head"), blocksize=size, mode="CRD")


def _gate(graph: Graph, config: TrackNetConfig, attention: str) -> str:
    """The maps `(B, L-1, H, W)` that gate the drafts; of V5's two polarities only brightening."""
    if config.motion == "prompt":
        return attention
    return graph.add("Gather", attention, np.array(0, np.int64), axis=2)


def _expected_level(graph: Graph, logits: str) -> str:
    """`heatmaps.probability_maps` of class logits `(B, 256, H, W)`: the expected grey level over 255."""
    levels = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 256, 1, 1)
    return graph.add("Conv", graph.add("Softmax", logits, axis=1), levels)
