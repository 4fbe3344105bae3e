"""Inference of the same network by ONNX Runtime and OpenVINO, on as many threads as JAX has cores."""

import time
from functools import partial

import jax

from tracknet_jax.benchmark.benchmark_config import Case, Dtype, Runtime
from tracknet_jax.benchmark.workload import Work, Workload, windows_of
from tracknet_jax.export.runtime import RuntimeOptions, check_installed, load_network, openvino_core
from tracknet_jax.releases.release import Release
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.threads import cores


def check_runtime(runtime: Runtime, dtypes: tuple[Dtype, ...]) -> None:
    """Raises `UserError` if the runtime is not installed, or lacks JAX's kind of device or one of the dtypes."""
    check_installed(runtime, "--against")  # type: ignore[arg-type]
    backend = jax.default_backend()
    if runtime == "onnxruntime":
        import onnxruntime

        device = {"cpu": "CPU", "gpu": "CUDA"}.get(backend)
        if f"{device}ExecutionProvider" not in onnxruntime.get_available_providers():
            raise UserError(
                f"--against onnxruntime: JAX runs on {backend}, which this ONNX Runtime does not use"
            )
    elif backend != "cpu":
        raise UserError(f"--against openvino: JAX runs on {backend}; it is compared on CPUs only")
    elif "bfloat16" in dtypes and not _openvino_has_bfloat16():
        raise UserError("--against openvino: this processor has no bfloat16; leave it out of --dtypes")


def _openvino_has_bfloat16() -> bool:
    return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def onnx_inference(case: Case, release: Release) -> Workload:
    """As `steps.inference`, but from the host's memory to the host's memory."""
    began = time.perf_counter()
    run = load_network(release, case.variant, runtime_options(case, alone=True))  # type: ignore[arg-type]
    call = partial(run, *windows_of(release.config, case.batch).values())
    call()
    took = time.perf_counter() - began
    return Workload(call, Work(case.batch, case.batch * release.config.outputs, 1, took), call)


def runtime_options(case: Case, alone: bool) -> RuntimeOptions:
    """In the case's dtype, on all cores; `alone`: nothing else needs the cores meanwhile."""
    return RuntimeOptions(case.dtype, cores(), idle_threads_spin=alone)
