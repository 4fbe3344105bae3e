"""Inference of the same network by PyTorch, on the same kind of device, to be timed beside ours."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from tracknet_jax.benchmark.config import Case
from tracknet_jax.benchmark.torch_network import check_buildable, forward, torch_weights
from tracknet_jax.benchmark.workload import Work, Workload, windows_of
from tracknet_jax.cores import cores
from tracknet_jax.errors import UserError
from tracknet_jax.releases import Release

if TYPE_CHECKING:
    import torch


class Started:
    """A result that JAX's `block_until_ready` can wait for."""

    def __init__(self, maps: "torch.Tensor"):
        self.maps = maps

    def block_until_ready(self) -> None:
        """Returns when the device has computed the maps."""
        import torch

        if self.maps.is_cuda:
            torch.cuda.synchronize()


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

    device = "cpu" if jax.default_backend() == "cpu" else "cuda"
    config = release.config
    torch.set_num_threads(cores())
    run: Any = partial(forward, config, torch_weights(release.variables, config, device))
    frames = torch.from_numpy(windows_of(config, case.batch)["frames"]).to(device)
    if case.variant == "torch_compile":
        run = torch.compile(run, mode="reduce-overhead" if device == "cuda" else "default")

    def call() -> Started:
        with torch.inference_mode():
            return Started(run(frames))

    compile_seconds = None
    if case.variant == "torch_compile":
        began = time.perf_counter()
        call().block_until_ready()
        compile_seconds = time.perf_counter() - began
    work = Work(case.batch, case.batch * config.outputs, 1, compile_seconds)
    return Workload(call, work, probabilities=lambda: np.asarray(call().maps.cpu()))
