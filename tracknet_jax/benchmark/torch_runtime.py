"""Inference of the same network by PyTorch, on the same kind of device, to be timed beside ours."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.torch_network import check_buildable, forward, torch_weights
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
        """Returns when the device has computed the result; what was queued behind it may go on."""
        if self._computed is not None:
            self._computed.synchronize()


def check_runtime(release: Release) -> None:
    """Raises `UserError` if torch is not here, does not see JAX's kind of device, or has no such network."""
    try:
        import torch
    except ImportError as error:
        raise UserError("--against torch: it is not installed here (pip install torch)") from error
    backend = jax.default_backend()
    if backend != "cpu" and not (backend == "gpu" and torch.cuda.is_available()):
        raise UserError(f"--against torch: JAX runs on {backend}, which this torch does not see")
    check_buildable(release.config)


def torch_inference(case: Case, release: Release) -> Workload:
    """As `steps.inference`: eager in channels-last order, or `torch.compile` (with CUDA graphs on a GPU)."""
    import torch

    device, config = prepared_device(), release.config
    run: Any = partial(forward, config, torch_weights(release.variables, device, config.dtype))
    frames = torch.from_numpy(windows_of(config, case.batch)["frames"]).to(device)
    if case.variant == "torch_compile":
        run = compiled(run, device)

    def call() -> Started:
        with torch.inference_mode():
            return Started(run(frames))

    work = Work(case.batch, case.batch * config.outputs, 1, compile_seconds(case, call))
    return Workload(call, work, compared=lambda: np.asarray(call().result.cpu()))


def prepared_device() -> str:
    """The kind of device that JAX computes on, in torch's words; torch is told to be as fast there as JAX may be."""
    import torch

    torch.set_num_threads(cores())
    if jax.default_backend() == "cpu":
        return "cpu"
    torch.backends.cudnn.benchmark = True  # XLA tries its kernels, too
    torch.set_float32_matmul_precision("high")  # TF32, JAX's default
    return "cuda"


def compiled(function: Callable[..., Any], device: str) -> Callable[..., Any]:
    """By `torch.compile`, as one graph for one shape; on a GPU with CUDA graphs."""
    import torch

    # A program for each case: torch would compile the ninth of a function no more.
    torch._dynamo.config.cache_size_limit = 64
    mode = "reduce-overhead" if device == "cuda" else "default"
    return torch.compile(function, mode=mode, fullgraph=True, dynamic=False)


def compile_seconds(case: Case, call: Callable[[], Started]) -> float | None:
    """What the first call takes, where it compiles."""
    if case.variant != "torch_compile":
        return None
    began = time.perf_counter()
    call().block_until_ready()
    return time.perf_counter() - began
