"""Tracking with another runtime: the network alone runs there, everything around it stays as it is."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.errors import UserError
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases import Release

Runtime = Literal["onnxruntime", "openvino"]
Run = Callable[..., np.ndarray]  # frames, and the background where there is one, to maps


def with_runtime(release: Release, runtime: Runtime) -> Release:
    """The same release, its network exported to ONNX in memory and computed by `runtime`; for inference only.

    Raises `UserError` when the runtime, or onnx, is not installed.
    """
    for package in ("onnx", runtime):
        if find_spec(package) is None:
            raise UserError(f"--runtime {runtime}: {package} is not installed here (pip install {package})")

    from tracknet_jax.export.network import onnx_model

    model = onnx_model(release.config, release.variables).SerializeToString()
    run = _onnxruntime(model) if runtime == "onnxruntime" else _openvino(model)
    network: Any = ForeignNetwork(release.config, run)
    return Release(network, {}, network.config)


class ForeignNetwork:
    """Stands in for a `TrackNet`: its `apply` calls another runtime out of the compiled program."""

    def __init__(self, config: TrackNetConfig, run: Run):
        # Maps come out whatever the head, as those of one whose logits go through a sigmoid.
        self.config = replace(config, head="sigmoid")
        self._run = run

    def apply(self, variables: dict[str, Any], *images: jax.Array | None) -> SimpleNamespace:
        """`logits` `(B, L_out, H, W)`; `variables` are not looked at, the runtime has its own."""
        given = [x for x in images if x is not None]
        config = self.config
        shape = (given[0].shape[0], config.outputs, config.height, config.width)
        result = jax.ShapeDtypeStruct(shape, "float32")
        maps = jax.pure_callback(lambda *arrays: self._run(*map(np.asarray, arrays)), result, *given)
        return SimpleNamespace(logits=jax.scipy.special.logit(jnp.clip(maps, 0.0, 1.0)))


def _onnxruntime(model: bytes) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Threads that spin between two calls take the cores from JAX and from the video reader.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = onnxruntime.get_available_providers()
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    names = [node.name for node in session.get_inputs()]
    return lambda *images: session.run(["maps"], dict(zip(names, images, strict=True)))[0]


def _openvino(model: bytes) -> Run:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "AUTO", {"PERFORMANCE_HINT": "LATENCY"})
    return lambda *images: compiled(list(images))[0]
