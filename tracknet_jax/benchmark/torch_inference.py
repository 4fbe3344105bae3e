"""Inference of the same network by PyTorch, on JAX's kind of device: our ONNX graph, read by onnx2torch."""

import time
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import jax

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.workload import Work, Workload, windows_of
from tracknet_jax.releases.release import Release
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.threads import cores

if TYPE_CHECKING:
    import torch


class Started:
    """A result that JAX's `block_until_ready` can wait for."""

    def __init__(self, result: "torch.Tensor"):
        import torch

        self.result = result
        self._computed = torch.cuda.Event() if result.is_cuda else None
        if self._computed is not None:
            self._computed.record()

    def block_until_ready(self) -> None:
        """Returns when the device has computed the result; later calls may still be running."""
        if self._computed is not None:
            self._computed.synchronize()


def check_torch() -> None:
    """Raises `UserError` if a package is not installed, or torch does not see JAX's kind of device."""
    for package in ("torch", "onnx", "onnx2torch"):
        if find_spec(package) is None:
            raise UserError(f"--against torch: {package} is not installed here (pip install {package})")
    import torch

    backend = jax.default_backend()
    if backend != "cpu" and not (backend == "gpu" and torch.cuda.is_available()):
        raise UserError(f"--against torch: JAX runs on {backend}, which this torch does not see")


def torch_inference(case: Case, release: Release) -> Workload:
    """As `steps.inference`: eager, or `torch.compile` (with CUDA graphs on a GPU); bfloat16 by autocast."""
    import torch
    from onnx2torch import convert

    from tracknet_jax.export.onnx_network import onnx_model

    _add_space_to_depth()
    device = _prepared_device()
    network: Any = convert(onnx_model(release.config, release.variables)).eval().to(device)
    network = network.to(memory_format=torch.channels_last)
    inputs = [torch.from_numpy(x).to(device) for x in windows_of(release.config, case.batch).values()]
    if case.variant == "torch_compile":
        mode = "reduce-overhead" if device == "cuda" else "default"
        network = torch.compile(network, mode=mode, dynamic=False)

    def call() -> Started:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, case.dtype == "bfloat16"):
            return Started(network(*inputs))

    began = time.perf_counter()
    call().block_until_ready()
    took = time.perf_counter() - began if case.variant == "torch_compile" else None
    work = Work(case.batch, case.batch * release.config.outputs, 1, took)
    return Workload(call, work, compared=lambda: call().result.float().cpu().numpy())


def _prepared_device() -> str:
    """The device's name in torch; torch gets JAX's number of threads and JAX's precision."""
    import torch

    torch.set_num_threads(cores())
    if jax.default_backend() == "cpu":
        return "cpu"
    torch.backends.cudnn.benchmark = True  # XLA tries its kernels, too
    torch.set_float32_matmul_precision("high")  # TF32, JAX's default
    return "cuda"


@cache
def _add_space_to_depth() -> None:
    """Registers the one operation of our graphs that onnx2torch lacks; `pixel_unshuffle` puts colours first."""
    import torch
    from onnx2torch.node_converters.registry import add_converter
    from onnx2torch.utils.common import OperationConverterResult, onnx_mapping_from_node

    class SpaceToDepth(torch.nn.Module):
        def __init__(self, size: int):
            super().__init__()
            self.size = size

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            blocks = torch.nn.functional.pixel_unshuffle(x, self.size).unflatten(1, (x.shape[1], -1))
            return blocks.transpose(1, 2).flatten(1, 2)

    @add_converter(operation_type="SpaceToDepth", version=13)
    def _(node: Any, graph: Any) -> OperationConverterResult:
        return OperationConverterResult(
            SpaceToDepth(node.attributes["blocksize"]), onnx_mapping_from_node(node)
        )
