"""Writes a release as one file for another runtime, and checks the file before it is put in place."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tracknet_jax.export.compare import Agreement, compare_onnx, compare_stablehlo, compare_tflite
from tracknet_jax.export.stablehlo import stablehlo_program
from tracknet_jax.export.tflite import tflite_model
from tracknet_jax.releases.release import Release
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing

Format = Literal["stablehlo", "onnx", "tflite"]

# The extra that installs what a format needs, and the packages: jax.export stores programs with flatbuffers.
PACKAGES = {
    "stablehlo": ("export", "flatbuffers"),
    "onnx": ("export", "onnx", "onnxruntime"),
    "tflite": ("tflite", "tensorflow", "ai_edge_litert"),
}


def export_release(release: Release, to: Format, path: Path, tolerance: float) -> Agreement:
    """Writes the network to `path`, loads it again, and compares its maps with JAX's.

    Raises `UserError` if a package for the format is missing, a map differs by more than `tolerance`, or the file
    cannot be written; then no file is left.
    """
    extra, *packages = PACKAGES[to]
    for package in packages:
        if find_spec(package) is None:
            raise UserError(f"--to {to} needs {package}: pip install 'tracknet-jax[{extra}]'")
    write, compare = _FORMATS[to]
    with replacing(path) as partial:
        partial.write_bytes(write(release))
        agreement = compare(partial, release)
        if not agreement.difference <= tolerance:  # also for NaN
            raise UserError(
                f"{path}: not written, its maps differ from JAX's by up to {agreement.difference:.2g}, "
                f"more than --tolerance {tolerance:g}"
            )
    return agreement


def _onnx(release: Release) -> bytes:
    from tracknet_jax.export.onnx_network import onnx_model

    return onnx_model(release.config, release.variables).SerializeToString()


_FORMATS: dict[
    Format, tuple[Callable[[Release], bytes | bytearray], Callable[[Path, Release], Agreement]]
] = {
    "stablehlo": (stablehlo_program, compare_stablehlo),
    "onnx": (_onnx, compare_onnx),
    "tflite": (tflite_model, compare_tflite),
}
