"""A network and its weights as a TFLite model, through jax2tf and TensorFlow's converter."""

from collections.abc import Sequence

import numpy as np

from tracknet_jax.export.stablehlo import image_shapes, maps_function
from tracknet_jax.releases.release import Release, in_dtype


def tflite_model(release: Release) -> bytes:
    """The network in float32 for one window: `frames` `(1, L, H, W, 3)` uint8 to maps `(1, L_out, H, W)` in [0, 1].

    It uses only TFLite's built-in operations. The batch size is fixed: with a free one the slices of the motion maps
    would become gathers that TFLite does not have.
    """
    import tensorflow as tf
    from jax.experimental import jax2tf

    maps = maps_function(in_dtype(release, "float32"))
    converted = jax2tf.convert(maps, with_gradient=False, native_serialization_platforms=("cpu",))
    inputs = [tf.TensorSpec(shape, tf.uint8, name) for name, shape in image_shapes(release.config, 1).items()]
    function = tf.function(converted, input_signature=inputs, autograph=False)
    traced = [function.get_concrete_function()]
    return tf.lite.TFLiteConverter.from_concrete_functions(traced, function).convert()


def run_tflite(model: bytes, windows: Sequence[np.ndarray]) -> np.ndarray:
    """The maps of one window by LiteRT's interpreter; `windows` are the inputs in their order."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    for entry, images in zip(interpreter.get_input_details(), windows, strict=True):
        interpreter.set_tensor(entry["index"], images)
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    return interpreter.get_tensor(output["index"])
