"""Tracking with another runtime: the network runs there, everything around it in JAX."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release
from tracknet_jax.utils.errors import UserError

Runtime = Literal["onnxruntime", "openvino"]
Run = Callable[..., np.ndarray]  # frames, and the background where there is one, to maps


@dataclass(frozen=True)
class RuntimeOptions:
    """How another runtime computes.

    Attributes:
        dtype: `float32` or `bfloat16`, for OpenVINO only. None: the runtime chooses, bfloat16 if the processor has it.
        threads: None: the runtime chooses.
        idle_threads_spin: idle threads of ONNX Runtime wait in a loop. That is faster if nothing else needs the cores.
    """

    dtype: str | None = None
    threads: int | None = None
    idle_threads_spin: bool = False


def check_installed(runtime: Runtime, option: str) -> None:
    """Raises `UserError`, which names the command's `option`, if the runtime or onnx is not installed."""
    for package in ("onnx", runtime):
        if find_spec(package) is None:
            raise UserError(f"{option} {runtime}: {package} is not installed here (pip install {package})")


def with_runtime(release: Release, runtime: Runtime, options: RuntimeOptions = RuntimeOptions()) -> Release:
    """The same release, for inference only: `runtime` computes its network, exported to ONNX in memory.

    Raises `UserError` if the runtime or onnx is not installed.
    """
    check_installed(runtime, "--runtime")
    network: Any = ForeignNetwork(release.config, load_network(release, runtime, options))
    return release._replace(model=network, variables={}, config=network.config)


def load_network(release: Release, runtime: Runtime, options: RuntimeOptions) -> Run:
    """A function that runs the release's network: images as the exported file takes them, to maps in [0, 1]."""
    from tracknet_jax.export.onnx_network import onnx_model

    model = onnx_model(release.config, release.variables).SerializeToString()
    return (_onnxruntime if runtime == "onnxruntime" else _openvino)(model, options)


class ForeignNetwork:
    """Stands in for a `TrackNet`: its `apply` calls another runtime out of the compiled program."""

    def __init__(self, config: TrackNetConfig, run: Run):
        # The runtime returns maps for every head. `apply` turns them into logits of a sigmoid head.
        self.config = replace(config, head="sigmoid")
        self._run = run

    def apply(self, variables: dict[str, Any], *images: jax.Array | None) -> SimpleNamespace:
        """`logits` `(B, L_out, H, W)`; `variables` are ignored, the runtime has its own."""
        given = [x for x in images if x is not None]
        config = self.config
        shape = (given[0].shape[0], config.outputs, config.height, config.width)
        result = jax.ShapeDtypeStruct(shape, "float32")
        maps = jax.pure_callback(lambda *arrays: self._run(*map(np.asarray, arrays)), result, *given)
        return SimpleNamespace(logits=jax.scipy.special.logit(jnp.clip(maps, 0.0, 1.0)))


def _onnxruntime(model: bytes, wanted: RuntimeOptions) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = wanted.threads or 0
    # Threads that spin between calls take cores from JAX and from the video reader.
    spin = str(int(wanted.idle_threads_spin))
    options.add_session_config_entry("session.intra_op.allow_spinning", spin)
    options.add_session_config_entry("session.force_spinning_stop", "1")  # when a call ends
    providers = onnxruntime.get_available_providers()
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    names = [node.name for node in session.get_inputs()]
    return lambda *images: session.run(["maps"], dict(zip(names, images, strict=True)))[0]


def openvino_core() -> Any:
    """OpenVINO's core, the package imported without its telemetry: that forks, which can block beside JAX's threads."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


def _openvino(model: bytes, wanted: RuntimeOptions) -> Run:
    core = openvino_core()
    properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if wanted.dtype is not None:
        properties["INFERENCE_PRECISION_HINT"] = {"float32": "f32", "bfloat16": "bf16"}[wanted.dtype]
    if wanted.threads is not None:
        properties["INFERENCE_NUM_THREADS"] = wanted.threads
    device = "AUTO" if wanted.threads is None else "CPU"  # threads are a CPU's
    compiled = core.compile_model(core.read_model(model), device, properties)
    return lambda *images: compiled(list(images))[0]
